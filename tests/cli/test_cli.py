"""The command line: light to start, kind in its errors, and the whole line for a user's own
file.
"""

import csv
import importlib
import io
import json
import shlex
import subprocess
import sys

import pytest


def call(*arguments, text=None, **options):
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        **options,
    )


@pytest.mark.parametrize(
    "code",
    [
        "import pipelines",
        "import sys; sys.argv = ['p', '--help']\ntry:\n import runpy; "
        "runpy.run_module('pipelines', run_name='__main__')\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_to_start(code):
    code += (
        "\nimport sys\nheavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'imblearn', "
        "'matplotlib', 'pyarrow'}\nassert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_functions_are_importable_whatever_came_first():
    code = (
        "import pipelines.rows.split, pipelines.run\nfrom pipelines.training.fit import train\n"
        "from pipelines import run, split, tabular, TrainSet\nassert callable(run) and "
        "callable(split)\n"
        "import pipelines\nassert pipelines.run is run and 'run' in dir(pipelines)\n"
        "try: pipelines.nothing\nexcept AttributeError: pass\nelse: raise SystemExit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_and_list():
    done = call("--help")
    assert done.returncode == 0
    for command in (
        "run",
        "table",
        "images",
        "text",
        "series",
        "list",
        "knobs",
        "predict",
        "report",
    ):
        assert command in done.stdout
    assert "birds_mlp" in call("list").stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("run", "nope"), "recipe 'nope'"),
        (("run", "birds_mpl"), "did you mean birds_mlp?"),
        (("table", "data/penguins.csv.gz"), "without --target"),
        (("table", "data/penguins.csv.gz"), "'Body Mass (g)'"),
        (("run", "fashion_cnn", "--drop", "x"), "--drop with the recipe 'fashion_cnn'"),
        (("run", "emoji_cnn", "--read", "not_missing=NA"), "--set load.source="),
        (("run", "birds_mlp", "--group", "x", "--time", "y"), "--group and --time"),
        (("table", "x.csv", "--target", "y", "--read", "encoding=klingon"), "encoding 'klingon'"),
        (("table", "x.csv", "--target", "y", "--read", "separator=ab"), "separator 'ab'"),
        (("table", "x.csv", "--target", "y", "--read", "comma=."), "--read decimal=,"),
        (("table", "x.csv", "--target", "y", "--read", "decimal"), "--read 'decimal'"),
        (("run", "birds_mlp", "--set", "teacher=none"), "teacher='none'"),
        (("run", "birds_mlp", "--set", "training.seed=-1"), "training.seed=-1"),
        (("run", "birds_mlp", "--set", "encode=(EncodeBins(num_bins=0),)"), "num_bins=0"),
        (("run", "birds_mlp", "--set", "build=Mlp(widths=5)"), "build.widths=5"),
        (("run", "birds_mlp", "--set", "judge.tolerance=1e999"), "judge.tolerance=inf"),
        (("run", "birds_mlp", "--set", "load=LoadTable()"), "LoadTable without source, target"),
        (("table", "x.csv", "--target", "y"), "no file 'x.csv'"),
        (("table", "x.csv"), "no file 'x.csv'"),
        (
            ("table", "x.csv", "--target", "y", "--read", "not_missing=abc"),
            "--read not_missing=abc",
        ),
        (("images", "x", "--read", "spelling=fold"), "spelling 'fold'"),
        (("images", "x", "--read", "decimal=,"), "--read spelling=join"),
        (("images", "x", "--target", "y"), "--target with a folder"),
        (("run", "birds_mlp", "--set", "training.epocs=3"), "did you mean training.epochs?"),
        (("run", "birds_mlp", "--set", "training.epochs"), "the setting 'training.epochs'"),
        (("run", "birds_mlp", "--set", "training.epochs=many"), "training.epochs='many'"),
        (("run", "birds_mlp", "--set", "balance=Smoke()"), "did you mean Smote?"),
        (("run", "birds_mlp", "--set", "balance=Smote(k=3)"), "Smote has no knob 'k'"),
        (("run", "birds_mlp", "--name", "../../x"), "the name '../../x'"),
        (("table", "x.csv", "--target", "y", "--kind", "zip"), "--kind zip"),
        (("run", "birds_mlp", "--runs-on", "arduino"), "'arduino'"),
        (("predict", "nowhere", "x.csv"), "no signature.json"),
        (("report", "nowhere"), "report.json of the bundle"),
        (("explain", "nowhere"), "no signature.json"),
    ],
)
def test_errors_are_a_few_lines(command, tmp_path, arguments, words):
    if arguments[0] in ("run", "table", "images"):
        code, _, error = command(*arguments, "--folder", tmp_path)
    else:
        code, _, error = command(*arguments)
    assert code == 2 and words in error and "Traceback" not in error
    assert "expected: " in error and "fix: " in error and not list(tmp_path.iterdir())


def test_errors_of_the_process_itself(tmp_path):
    for arguments, words in (
        (("run", "birds_mlp", "--set", "balance=Smoke()", "--folder", tmp_path), "mean Smote?"),
        (("predict", "nowhere", "x.csv"), "no signature.json"),
    ):
        done = call(*arguments)
        assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
        assert "expected: " in done.stderr and "fix: " in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "old, new",
    [
        (
            "run --csv x.csv --target y --decimal , --no-missing NA --group p",
            "table x.csv --target y --read decimal=, --read not_missing=NA --group p",
        ),
        ("run birds_mlp --csv=x.csv --target=y", "table x.csv --target y"),
        ("run --images photos --spelling join", "images photos --read spelling=join"),
        ("run --text letters --encoding cp1252", "text letters --read encoding=cp1252"),
        (
            "run --series m.csv --time t --target y --horizon 3 --season 24",
            "series m.csv --time t --target y --horizon 3 --set frame.season=24",
        ),
        ("series m.csv --time t --group site", "series m.csv --time t --id site"),
        ("export my.keras --rows r.npy --target micro,c", "export my.keras --rows r.npy --runs-on"),
        ("predict b x.csv --separator '|'", "predict b x.csv --read 'separator=|'"),
    ],
)
def test_an_old_form_is_refused_with_the_new_command(command, old, new):
    code, _, error = command(*shlex.split(old))
    assert code == 2 and f"fix: python -m pipelines {new}" in error


@pytest.fixture
def recipes_run(monkeypatch):
    """The recipes that commands would have run."""
    recipes = []
    module = importlib.import_module("pipelines.run")
    monkeypatch.setattr(module, "run", lambda recipe, **options: recipes.append(recipe))
    monkeypatch.setattr(module, "read", lambda recipe: None)
    choosing = importlib.import_module("pipelines.studies.choose")
    monkeypatch.setattr(choosing, "choose", lambda tried, **options: [tried[0].recipe])
    return recipes


def test_several_targets_are_a_tuple(recipes_run, command):
    for columns in (("a",), ("a", "b")):
        options = [word for column in columns for word in ("--target", column)]
        assert command("table", "x.csv", *options) == (0, "", "")
        assert command("text", "x.csv", "--text-column", "t", *options) == (0, "", "")
    assert [recipe.load.target for recipe in recipes_run] == ["a", "a", ("a", "b"), ("a", "b")]


def test_options_of_columns_alter_a_named_recipe(recipes_run, command):
    code, _, error = command(
        "run",
        "storms_mlp",
        *("--drop", "lat", "--kind", "day=categorical", "--read", "missing=-999"),
        *("--group", "name", "--runs-on", "litert,web?", "--set", "training.epochs=2"),
    )
    assert code == 0, error
    (recipe,) = recipes_run
    assert recipe.load.drop == ("category", "lat") and recipe.load.group == ("name",)
    assert recipe.load.kinds == {"day": "categorical"}
    assert recipe.load.reading.named_words() == {"-999"} and recipe.training.epochs == 2
    assert [type(each).__name__ for each in recipe.shipping.targets] == [
        "TargetLiteRT",
        "TargetWeb",
    ]
    for option, split in (("--group", "SplitGrouped"), ("--time", "SplitByTime")):
        assert command("run", "birds_mlp", option, "date")[0] == 0
        assert type(recipes_run[-1].split).__name__ == split and recipes_run[-1].split.valid == 0.1


@pytest.mark.parametrize("service", ["grpc://host:5000", "2"])
def test_a_data_service_is_an_address_or_a_number_of_workers(recipes_run, command, service):
    assert command("run", "fashion_cnn", "--data-service", service)[0] == 0
    assert recipes_run[-1].training.data_service == service


@pytest.mark.parametrize(
    "word, words",
    [
        ("", ["network", "  Tcn ", "step", "  ImputeMedian "]),
        ("Tcn", ["Tcn", "dilation doubles", "kernel", "2 to 64", "default 3", "arxiv.org"]),
        ("tcn", ["Tcn"]),
        ("balance", ["SmoteNC", "k_neighbors"]),
    ],
)
def test_knobs(command, word, words):
    code, printed, _ = command("knobs", *filter(None, [word]))
    assert code == 0 and all(each in printed for each in words)


def test_knobs_suggests_the_nearest(command):
    code, _, error = command("knobs", "Tnc")
    assert code == 2 and "did you mean Tcn?" in error


def test_own_file_from_raw_rows_to_predictions(birds, command, tmp_path):
    """A file with semicolons, odd names and a column of free text, through every command.

    `table` and `predict` are processes of their own, as a user starts them.
    """
    frame = birds.rename(columns={"height": 'height (ft); "above" ground', "species": "../species"})
    frame["outcome"] = [cell or "None seen" for cell in frame.pop("effect")]
    frame["outcome"] = ["none" if cell == "None seen" else "effect" for cell in frame["outcome"]]
    frame.to_csv(tmp_path / "my file.csv", index=False, sep=";")
    done = call(
        "table",
        tmp_path / "my file.csv",
        "--target",
        "outcome",
        "--name",
        "own",
        "--folder",
        tmp_path,
        "--quality",
        "fast",
        "--drop",
        "opid",
        "--kind",
        "birds_seen=ignored",
        "--set",
        "training.epochs=2",
        "--set",
        "training.refit=False",
        "--set",
        "judge.tolerance=0.5",
        "--set",
        "judge.beside=False",
        "--set",
        "judge.peers=False",
        "--set",
        "build.widths=(16,)",
        "--set",
        "balance=OversampleRandom()",
    )
    assert done.returncode == 0, done.stderr
    assert (
        "remarks" in done.stdout
        and "free text or ids" in done.stdout
        and "micro_int8" in done.stdout
    )
    bundle = tmp_path / "own"
    report = json.loads((bundle / "report.json").read_text())
    assert (
        report["target"]["labels"] == ["none", "effect"] and len(report["source"]["sha256"]) == 64
    )
    predicted = call("predict", bundle, tmp_path / "my file.csv")
    lines = list(csv.DictReader(io.StringIO(predicted.stdout)))
    assert (
        predicted.returncode == 0
        and len(lines) == len(frame)
        and lines[0]["label"] in ("none", "effect")
    )
    named = frame.to_csv(index=False, sep=";")  # the very file, with its separator
    from_device = subprocess.run(
        [sys.executable, "-m", "pipelines.device", str(bundle)],
        capture_output=True,
        text=True,
        input="\ufeff" + named,
    )
    assert from_device.stdout == predicted.stdout
    code, explained, _ = command("explain", bundle, "--row", "1")
    assert code == 0
    for word in (
        "load",
        "Missing",
        "Bins",
        "Lookup",
        "Onehot",
        "Pack",
        "quantize",
        "model",
        "decide",
        "answer",
        "height (ft)",
    ):
        assert word in explained
    assert command("explain", bundle, tmp_path / "my file.csv", "--row", "3")[0] == 0
    assert "row 99" in command("explain", bundle, "--row", "99")[2]
    assert "litert_int8" in command("report", bundle)[1]
    (tmp_path / "bad.csv").write_text("a;b\n1;2\n")
    code, answers, error = command("predict", bundle, tmp_path / "bad.csv")
    assert code == 2 and "no column 'operator'" in error and not answers
