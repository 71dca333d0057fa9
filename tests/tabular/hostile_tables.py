"""Tables that are hostile to a learner, and how each is given to `table`.

A function here writes the text of a CSV file; HOSTILE lists them all, with the options of the
command.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

NUM_ROWS = 400


@dataclass(frozen=True)
class HostileTable:
    """A table, how it is given to `table`, and what comes of it.

    Attributes:
        write: Returns the content of the CSV file.
        error: Part of the error, for tables that are refused before training.
        seen: Parts of what is printed before training, for tables that are learned from.
        options: Of the command, after the file.
    """

    write: Callable[[], str]
    error: str = ""
    seen: tuple[str, ...] = ()
    options: tuple[str, ...] = ("--target", "y")

    @property
    def name(self) -> str:
        """The name of the test."""
        return self.write.__name__


def text_of(columns: dict) -> str:
    """Returns columns as a CSV file."""
    out = io.StringIO()
    pd.DataFrame(columns).to_csv(out, index=False)
    return out.getvalue()


def plain(num_rows: int = NUM_ROWS, *, seed: int = 0, spread: float = 1.0) -> dict:
    """Returns three measurements, a category, and a class that two of them hint at."""
    random = np.random.default_rng(seed)
    a = random.normal(size=num_rows)
    b = random.normal(size=num_rows)
    c = random.normal(size=num_rows)
    city = random.choice(["north", "south", "west"], num_rows)
    score = a - 0.7 * b + spread * random.normal(size=num_rows)
    y = np.where(score > 0, "sick", "well")
    return {"a": a.round(4), "b": b.round(4), "c": c.round(4), "city": city, "y": y}


def correlated_duplicates() -> str:
    """Every row three times, and every column three times with a little noise."""
    random = np.random.default_rng(1)
    table = pd.DataFrame(plain(150))
    for name in ("a", "b", "c"):
        for copy in range(2):
            table[f"{name}{copy}"] = table[name] + 0.001 * random.normal(size=150).round(4)
    return text_of(pd.concat([table] * 3).sample(frac=1, random_state=0))


def follow_up_time() -> str:
    """As in studies of survival: those who died were followed for less long, and only they have a
    cause.
    """
    random = np.random.default_rng(2)
    table = plain()
    is_sick = table["y"] == "sick"
    died_at = random.uniform(0, 4500, NUM_ROWS)
    ended_at = random.uniform(4000, 5200, NUM_ROWS)
    table["futime"] = np.where(is_sick, died_at, ended_at).round()
    return text_of(table)


def cause_is_missing() -> str:
    """A column that only one class has a value of."""
    random = np.random.default_rng(3)
    table = plain()
    cause = random.choice(["heart", "lung", "other"], NUM_ROWS)
    table["cause"] = np.where(table["y"] == "sick", cause, "")
    return text_of(table)


def missing_pattern() -> str:
    """Three columns, each with half of its cells missing at random but together in an even number
    for one class.
    """
    random = np.random.default_rng(4)
    table = plain()
    first = random.random(NUM_ROWS) < 0.5
    second = random.random(NUM_ROWS) < 0.5
    third = first ^ second ^ (table["y"] == "sick")
    for name, is_absent in (("a", first), ("b", second), ("c", third)):
        table[name] = np.where(is_absent, np.nan, table[name])
    return text_of(table)


def ids_by_class() -> str:
    """Ids that were given out class by class, rows shuffled."""
    random = np.random.default_rng(5)
    table = plain()
    order = np.argsort(table["y"] + random.integers(10**6, 10**7, NUM_ROWS).astype(str))
    ids = np.empty(NUM_ROWS, np.int64)
    ids[order] = 7000 + 3 * np.arange(NUM_ROWS)
    table["ticket"] = ids
    return text_of(table)


def dates_by_class() -> str:
    """A date that is later for one class."""
    random = np.random.default_rng(6)
    table = plain()
    days = random.integers(0, 300, NUM_ROWS) + 320 * (table["y"] == "sick")
    table["closed"] = (np.datetime64("2021-01-01") + days).astype(str)
    return text_of(table)


def scrambled_copies() -> str:
    """Two columns that are the target in other words."""
    table = plain()
    is_sick = table["y"] == "sick"
    table["code"] = np.where(is_sick, 17, 4)
    table["group"] = np.where(is_sick, "zx", "qv")
    return text_of(table)


def noisy_labels() -> str:
    """30 % of the labels are wrong."""
    random = np.random.default_rng(7)
    table = plain(1000, spread=0.1)
    is_wrong = random.random(1000) < 0.3
    other = np.where(table["y"] == "sick", "well", "sick")
    table["y"] = np.where(is_wrong, other, table["y"])
    return text_of(table)


def one_in_5000() -> str:
    """Three rows of 15,000 are of the class to be found."""
    table = plain(15_000)
    y = np.full(15_000, "well", object)
    y[[50, 7000, 12_000]] = "sick"
    table["y"] = y
    return text_of(table)


def wide() -> str:
    """5,000 columns and 200 rows."""
    random = np.random.default_rng(8)
    x = random.normal(size=(200, 5000)).round(3)
    columns = {f"g{place}": x[:, place] for place in range(5000)}
    y = np.where(x[:, 0] + x[:, 1] > 0, "sick", "well")
    return text_of({**columns, "y": y})


def missing_in_a_part() -> str:
    """The newest fifth of the rows, which a split by time holds out, has no cell of two columns."""
    table = plain()
    table["day"] = (np.datetime64("2021-01-01") + np.arange(NUM_ROWS)).astype(str)
    for name in ("a", "b"):
        table[name] = np.where(np.arange(NUM_ROWS) >= 0.7 * NUM_ROWS, np.nan, table[name])
    return text_of(table)


def missing_in_training() -> str:
    """A column that was introduced late: training rows have none of its values."""
    table = plain()
    table["day"] = (np.datetime64("2021-01-01") + np.arange(NUM_ROWS)).astype(str)
    for name in ("a", "b"):
        table[name] = np.where(np.arange(NUM_ROWS) < 0.85 * NUM_ROWS, np.nan, table[name])
    return text_of(table)


def one_category_a_row() -> str:
    """A category that never repeats, and nothing else."""
    random = np.random.default_rng(9)
    names = [f"name {number}" for number in random.permutation(10 * NUM_ROWS)[:NUM_ROWS]]
    return text_of({"name": names, "y": random.choice(["sick", "well"], NUM_ROWS)})


def constant_target_late() -> str:
    """The newest half of the rows are of one class."""
    table = plain()
    table["day"] = (np.datetime64("2021-01-01") + np.arange(NUM_ROWS)).astype(str)
    table["y"] = np.where(np.arange(NUM_ROWS) >= NUM_ROWS / 2, "well", table["y"])
    return text_of(table)


def words_among_numbers() -> str:
    """A column of numbers with a few words."""
    table = plain()
    cells = table["a"].astype(str).astype(object)
    cells[[5, 90, 250]] = ["broken", "see note", "n/k"]
    table["a"] = cells
    return text_of(table)


def huge_numbers() -> str:
    """Infinite numbers, some of 1e300, and negative zero."""
    table = plain()
    cells = table["a"].astype(str).astype(object)
    cells[[3, 70]] = ["inf", "-inf"]
    cells[[10, 20]] = ["1e300", "-1e300"]
    cells[[30, 40, 50]] = ["-0.0", "-0", "0"]
    table["a"] = cells
    return text_of(table)


def mixed_dates() -> str:
    """Dates in three ways of writing them."""
    days = np.datetime64("2021-01-01") + np.arange(NUM_ROWS)
    formats = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%y")
    written = [day.astype(object).strftime(formats[place % 3]) for place, day in enumerate(days)]
    return text_of({**plain(), "day": written})


def rare_only_late() -> str:
    """Categories and a class that only the newest rows have."""
    table = plain()
    table["day"] = (np.datetime64("2021-01-01") + np.arange(NUM_ROWS)).astype(str)
    city = table["city"].astype(object)
    city[-20:] = [f"new town {place}" for place in range(20)]
    table["city"] = city
    y = table["y"].astype(object)
    y[-3:] = "unheard of"
    table["y"] = y
    return text_of(table)


def one_row_a_group() -> str:
    """Groups of one row each."""
    random = np.random.default_rng(10)
    return text_of({"patient": random.permutation(NUM_ROWS), **plain()})


def blank_targets() -> str:
    """A fifth of the rows have no target: an empty cell or one of blanks."""
    table = plain()
    y = table["y"].astype(object)
    y[::10] = ""
    y[5::10] = "   "
    table["y"] = y
    return text_of(table)


def very_long_cells() -> str:
    """Cells of 20,000 characters."""
    random = np.random.default_rng(11)
    table = plain(120)
    words = random.choice(["lorem", "ipsum", "dolor"], (120, 3500))
    table["note"] = [" ".join(row) for row in words]
    return text_of(table)


def hostile_names() -> str:
    """Column names with HTML, emoji, line ends, markup and quotes."""
    table = plain()
    names = ("<script>alert(1)</script>", "🙂 \u202ename", "two\nlines", '[red]it\'s "q"[/]', "y")
    return text_of(dict(zip(names, table.values(), strict=True)))


def names_twice() -> str:
    """Two columns of one name."""
    return text_of(plain()).replace("a,b,c,city,y", "a,a,c,city,y", 1)


def one_row() -> str:
    """A table of one row."""
    return text_of(plain(1))


def two_rows() -> str:
    """A table of two rows, one of each class."""
    return "a,b,y\n1,2,sick\n2,1,well\n"


def all_rows_identical() -> str:
    """One row, 200 times."""
    return "a,b,y\n" + "1,2,sick\n" * 200


def identical_features() -> str:
    """One row, 200 times, with either class."""
    return "a,b,y\n" + "1,2,sick\n1,2,well\n" * 100


def far_target() -> str:
    """A number to predict, of which one is 1e12."""
    random = np.random.default_rng(12)
    table = plain()
    y = 20 + 5 * table["a"] - 3 * table["b"] + random.normal(size=NUM_ROWS)
    y = y.round(3)
    y[77] = 1e12
    table["y"] = y
    return text_of(table)


def thousands_of_classes() -> str:
    """3,000 rows of 1,500 classes."""
    random = np.random.default_rng(13)
    table = plain(3000)
    table["y"] = [f"part {number}" for number in random.permutation(np.arange(3000) // 2)]
    return text_of(table)


_BY_DAY = ("--target", "y", "--time", "day")
HOSTILE = (
    HostileTable(correlated_duplicates, seen=("test rows are also training rows",)),
    HostileTable(follow_up_time, seen=("futime: alone nearly gives the target away",)),
    HostileTable(cause_is_missing, seen=("cause: alone nearly gives the target away",)),
    HostileTable(missing_pattern, seen=("a, b, c: which of the cells of these columns",)),
    HostileTable(ids_by_class, seen=("ticket: alone nearly gives", "as ids do")),
    HostileTable(dates_by_class, seen=("closed: alone nearly gives the target away",)),
    HostileTable(scrambled_copies, seen=("code: alone nearly", "group: alone nearly")),
    HostileTable(noisy_labels, seen=("training labels", "are likely wrong")),
    HostileTable(one_in_5000, seen=("sick 3 rows",)),
    HostileTable(wide, error="num_bins or max_categories to 6 at most"),
    HostileTable(
        missing_in_a_part,
        seen=("a: missing in 83% of the validation rows and in 0% of the training rows",),
        options=_BY_DAY,
    ),
    HostileTable(
        missing_in_training,
        seen=("a: missing in 25% of the test rows and in 100% of the training rows",),
        options=_BY_DAY,
    ),
    HostileTable(one_category_a_row, error="no feature column is left ('name': 400 different"),
    HostileTable(
        constant_target_late,
        error="the valid part has no row of class 'sick'",
        options=_BY_DAY,
    ),
    HostileTable(words_among_numbers, error="--read missing='see note' --read missing='n/k'"),
    HostileTable(huge_numbers, error="row 3: infinite: 'inf' (and 3 more cells)"),
    HostileTable(mixed_dates, error="write them in one way, or --kind 'day=categorical'"),
    HostileTable(
        rare_only_late,
        error="the train part has no row of class 'unheard of'",
        options=_BY_DAY,
    ),
    HostileTable(
        one_row_a_group,
        seen=("400 rows; target 'y'",),
        options=("--target", "y", "--group", "patient"),
    ),
    HostileTable(blank_targets, seen=("80 rows without it are left out",)),
    HostileTable(very_long_cells, seen=("120 different values in 120 cells: free text",)),
    HostileTable(hostile_names, seen=("<script>alert(1)</script>", "two\\nlines", "[red]it's")),
    HostileTable(names_twice, error="the column name 'a' stands twice"),
    HostileTable(one_row, error="the target 'y' has one class, 'well'"),
    HostileTable(two_rows, error="class 'sick' of the target 'y' has one row"),
    HostileTable(all_rows_identical, error="the target 'y' has one class, 'sick'"),
    HostileTable(identical_features, error="every column is missing in more than 95%"),
    HostileTable(far_target, error="the target 'y' is 1000000000000.0 in row 77"),
    HostileTable(thousands_of_classes, error="the target 'y' has 1,500 classes"),
)
