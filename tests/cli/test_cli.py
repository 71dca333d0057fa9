"""The command line: light to start, kind in its errors, and the whole line for a user's own
file.
"""

import csv
import io
import json
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
    for command in ("run", "list", "explain", "predict", "report"):
        assert command in done.stdout
    assert "birds_mlp" in call("list").stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("run", "nope"), "recipe 'nope'"),
        (("run",), "neither a recipe nor --csv"),
        (("run", "--csv", "x.csv"), "--csv without --target"),
        (("run", "birds_mlp", "--drop", "x"), "--drop without --csv"),
        (("run", "birds_mlp", "--no-missing", "NA"), "--set load.reading.missing_words="),
        (
            ("run", "birds_mlp", "--csv", "x.csv", "--target", "y"),
            "the recipe 'birds_mlp' and --csv",
        ),
        (("run", "--csv", "x.csv", "--target", "y", "--encoding", "klingon"), "encoding 'klingon'"),
        (("run", "--csv", "x.csv", "--target", "y", "--separator", "ab"), "separator 'ab'"),
        (("run", "birds_mlp", "--set", "teacher=none"), "teacher='none'"),
        (("run", "birds_mlp", "--set", "training.seed=-1"), "training.seed=-1"),
        (("run", "birds_mlp", "--set", "encode=(EncodeBins(num_bins=0),)"), "num_bins=0"),
        (("run", "birds_mlp", "--set", "build=Mlp(widths=5)"), "build.widths=5"),
        (("run", "birds_mlp", "--set", "judge.tolerance=1e999"), "judge.tolerance=inf"),
        (("run", "birds_mlp", "--set", "load=LoadTable()"), "LoadTable without source, target"),
        (("run", "--csv", "x.csv", "--target", "y"), "no file 'x.csv'"),
        (("run", "--csv", "x.csv", "--target", "y", "--no-missing", "abc"), "--no-missing 'abc'"),
        (("run", "--images", "x", "--spelling", "fold"), "spelling 'fold'"),
        (("run", "birds_mlp", "--set", "training.epocs=3"), "did you mean training.epochs?"),
        (("run", "birds_mlp", "--set", "training.epochs"), "the setting 'training.epochs'"),
        (("run", "birds_mlp", "--set", "training.epochs=many"), "training.epochs='many'"),
        (("run", "birds_mlp", "--set", "balance=Smoke()"), "did you mean Smote?"),
        (("run", "birds_mlp", "--set", "balance=Smote(k=3)"), "Smote has no knob 'k'"),
        (("run", "birds_mlp", "--name", "../../x"), "the name '../../x'"),
        (("run", "--csv", "x.csv", "--target", "y", "--kind", "zip"), "--kind ['zip']"),
        (("run", "birds_mlp", "--thousands", "."), "--thousands without --csv"),
        (("predict", "nowhere", "x.csv"), "no signature.json"),
        (("report", "nowhere"), "report.json of the bundle"),
        (("explain", "nowhere"), "no signature.json"),
    ],
)
def test_errors_are_a_few_lines(tmp_path, arguments, words):
    if arguments[0] == "run":
        done = call(*arguments, "--folder", tmp_path)
    else:
        done = call(*arguments)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
    assert "expected: " in done.stderr and "fix: " in done.stderr and not list(tmp_path.iterdir())


def test_own_file_from_raw_rows_to_predictions(birds, tmp_path):
    """A file with semicolons, odd names and a column of free text, through every command."""
    frame = birds.rename(columns={"height": 'height (ft); "above" ground', "species": "../species"})
    frame["outcome"] = [cell or "None seen" for cell in frame.pop("effect")]
    frame["outcome"] = ["none" if cell == "None seen" else "effect" for cell in frame["outcome"]]
    frame.to_csv(tmp_path / "my file.csv", index=False, sep=";")
    done = call(
        "run",
        "--csv",
        tmp_path / "my file.csv",
        "--target",
        "outcome",
        "--name",
        "own",
        "--folder",
        tmp_path,
        "--drop",
        "opid",
        "--kind",
        "birds_seen=ignored",
        "--set",
        "training.epochs=2",
        "--set",
        "judge.tolerance=0.5",
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
    explained = call("explain", bundle, "--row", "1")
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
        assert word in explained.stdout
    assert (
        explained.returncode == 0
        and call("explain", bundle, tmp_path / "my file.csv", "--row", "3").returncode == 0
    )
    assert "row 99" in call("explain", bundle, "--row", "99").stderr
    assert "litert_int8" in call("report", bundle).stdout
    (tmp_path / "bad.csv").write_text("a;b\n1;2\n")
    missing = call("predict", bundle, tmp_path / "bad.csv")
    assert (
        missing.returncode == 2 and "no column 'operator'" in missing.stderr and not missing.stdout
    )
