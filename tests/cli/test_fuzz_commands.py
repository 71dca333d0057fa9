"""Every command on altered bundles whose checksums were made right again: refused in words, or
answered.
"""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from pipelines.bundle.folder import read_golden_rows
from pipelines.device import Runner
from tests.altered import alter, copy_of
from tests.device.test_fuzz import made  # noqa: F401  a bundle of each modality
from tests.folders import left_in
from tests.fuzz_commands import Sandbox, fuzz, run_command, write_rows

NUMBER, FULL_NUMBER = 200, 2500  # the full one over five bundles
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="alarms and forks")


def model_rows(folder):
    """Golden rows as the Keras model takes them, 40 of them, of a model of one input; else None."""
    runner = Runner.load(folder, form="float32")
    rows = [
        x
        for x in runner.prepare(runner.read(read_golden_rows(folder))[0]).values()
        if x.dtype.kind in "fi"
    ]
    if len(runner.signature.inputs) == len(rows) == 1:
        return np.repeat(rows[0], 4, axis=0)
    return None


@LINUX
def test_every_command_on_altered_files(bundle, tmp_path):
    write_rows(bundle.folder, tmp_path / "rows.csv")
    counts, wrong = fuzz(
        bundle.folder, tmp_path / "rows.csv", NUMBER, forks=False, arrays=model_rows(bundle.folder)
    )
    assert not wrong
    codes = Counter(code for (_, _, code), count in counts.items() for _ in range(count))
    assert set(codes) <= {0, 1, 2} and codes[2] > NUMBER / 4 and codes[0] > NUMBER / 10


@LINUX
@pytest.mark.full
def test_thousands_of_altered_files(made, tmp_path):  # noqa: F811
    """The files of models too, each in a fork: LiteRT ends the process on few of them (see
    test_fuzz).
    """
    write_rows(made.folder, tmp_path / "rows.csv")
    arrays = model_rows(made.folder)
    more = []
    if arrays is not None:
        np.save(tmp_path / "rows.npy", arrays)
        more = [str(tmp_path / "rows.npy")]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.fuzz_commands",
            str(made.folder),
            str(tmp_path / "rows.csv"),
            str(FULL_NUMBER),
            "0",
            *more,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *lines, last = map(json.loads, done.stdout.splitlines())
    counts = Counter()
    for _, _, code, count in lines:
        counts[code] += count
    assert last["wrong"] == {}
    assert set(counts) <= {-2, 0, 1, 2} and counts[-2] <= FULL_NUMBER / 200, counts
    assert last["most_mebibytes"] < 3000


@pytest.fixture
def sandbox(bundle, tmp_path):
    write_rows(bundle.folder, tmp_path / "rows.csv")
    return Sandbox(bundle.folder, tmp_path / "rows.csv", tmp_path / "sandbox")


@LINUX
@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "a/b", "x" * 100, "", 5, None])
def test_compress_writes_below_its_folder_alone(sandbox, name):
    recipe = json.loads(sandbox.whole["recipe.json"])
    alter(sandbox.bundle, "recipe.json", json.dumps({**recipe, "name": name}))
    assert run_command(sandbox, "compress") == (2, "") and not left_in(sandbox.out)


@LINUX
@pytest.mark.parametrize(
    "change",
    [
        {"name": "[/red]"},
        {"name": "x" * 10_000},
        {"name": "\ud800"},
        {"split": "\x1b[31m"},
        {"seed": [1]},
    ],
)
def test_report_prints_whatever_text_a_report_holds(sandbox, capfd, change):
    report = json.loads(sandbox.whole["report.json"])
    alter(sandbox.bundle, "report.json", json.dumps({**report, **change}))
    assert run_command(sandbox, "report") == (0, "")


@LINUX
@pytest.mark.parametrize(
    "change",
    [
        {"rows": None},
        {"ladder": 5},
        {"ladder": [5]},
        {"target": {}},
        {"target": {"task": "x"}},
        {"rows": {"test": "x"}},
        {"ladder": [{"form": "[/red]"}]},
        {"baselines": [1, 2]},
    ],
)
def test_report_refuses_what_is_none(sandbox, change):
    report = json.loads(sandbox.whole["report.json"])
    alter(sandbox.bundle, "report.json", json.dumps({**report, **change}))
    assert run_command(sandbox, "report") == (2, "")


def layers_of(config):
    return [each["config"] for each in config["config"]["layers"] if each["class_name"] == "Dense"]


@LINUX
@pytest.mark.parametrize(
    "change",
    [
        lambda config: layers_of(config)[0].update(units=2**40),
        lambda config: layers_of(config)[-1].update(units=2**31),
        lambda config: [each.update(units=2**16) for each in layers_of(config)],
        lambda config: layers_of(config)[0].update(name="x" * 10_000),
        lambda config: config.update(config=5),
        lambda config: layers_of(config)[0].update(activation="nonsense"),
        lambda config: config.update(class_name="Dense"),
    ],
    ids=[
        "2**40 units",
        "2**31 outputs",
        "large layers",
        "a long name",
        "no config",
        "an activation",
        "a layer",
    ],
)
def test_the_keras_reader_refuses_before_it_takes_memory(sandbox, change):
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(sandbox.whole["model.keras"])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    change(config)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {**members, "config.json": json.dumps(config)}.items():
            archive.writestr(name, content)
    alter(sandbox.bundle, "model.keras", packed.getvalue())
    assert run_command(sandbox, "read_keras") == (2, "")


def test_compress_asks_for_the_history_before_it_trains(bundle, tmp_path, command):
    copy = copy_of(bundle, tmp_path / "copy")
    report = json.loads((copy / "report.json").read_text())
    alter(copy, "report.json", json.dumps({**report, "history": 5}))
    code, _, error = command("compress", copy)
    assert code == 2 and "does not hold the history of a training" in error


def test_golden_rows_name_no_files(bundle, tmp_path):
    from pipelines.errors import BundleError

    with pytest.raises(BundleError, match="a picture that is no pixels"):
        read_golden_rows(bundle.folder, pictures=["species"])
