"""The device runner: light, alone, and never a wrong number for an odd row."""

import csv
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from pipelines.device import DeviceError, Runner
from pipelines.device.__main__ import main
from pipelines.sources.table import read_table
from tests.altered import alter, copy_of

GOOD = {
    "operator": "AMERICAN AIRLINES",
    "atype": "MD-80",
    "phase_of_flt": "Descent",
    "ac_mass": "4.0",
    "num_engs": "2",
    "time_of_day": "Night",
    "state": "IL",
    "height": "7000",
    "speed": "250",
    "sky": "",
    "species": "GULL",
    "birds_struck": "1",
    "date": "9/30/1990 0:00:00",
}


@pytest.fixture(scope="module")
def runner(bundle):
    return Runner.load(bundle.folder)


def test_golden_vectors(bundle, runner):
    vectors = json.loads((bundle.folder / "golden.json").read_text())
    assert vectors
    for vector in vectors:
        columns, bad = runner.read([vector["row"]])
        assert not bad
        inputs = runner.prepare(columns)
        assert {name: x[0].tolist() for name, x in inputs.items()} == vector["inputs"]
        answers = runner.predict([vector["row"]])
        assert answers.raw[0].tolist() == vector["output"] and answers.labels[0] == vector["label"]
        assert answers.scores[0].tolist() == vector["scores"]


def test_no_heavy_import_and_it_works_copied_alone(bundle, tmp_path):
    shutil.copytree("pipelines/device", tmp_path / "device")
    text = io.StringIO()
    writer = csv.DictWriter(text, list(GOOD))
    writer.writeheader()
    writer.writerow(GOOD)
    code = (
        "import sys, runpy; sys.argv = ['device', sys.argv[1]]\n"
        "try: runpy.run_module('device', run_name='__main__')\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'pipelines', 'imblearn', "
        "'matplotlib'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(bundle.folder)],
        input=text.getvalue(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "row,label,score no effect,score effect,note,error"
    assert len(done.stdout.splitlines()) == 2


def without(name):
    return {key: value for key, value in GOOD.items() if key != name}


REFUSED = {
    "missing column": (without("speed"), "row 0 misses the column 'speed'"),
    "text for a number": ({**GOOD, "speed": "fast"}, "column 'speed': not a number: 'fast'"),
    "infinite": ({**GOOD, "height": "inf"}, "column 'height': infinite: 'inf'"),
    "infinite float": ({**GOOD, "height": float("-inf")}, "column 'height': infinite"),
    "too large": ({**GOOD, "height": "1e39"}, "column 'height': beyond 1e+30"),
    "other digits": ({**GOOD, "height": "٣"}, "column 'height': not a number"),
    "python number": ({**GOOD, "height": "1_000"}, "column 'height': not a number"),
    "no date": (
        {**GOOD, "date": "yesterday"},
        "not a date of the format %m/%d/%Y %H:%M:%S: 'yesterday'",
    ),
    "null character": ({**GOOD, "species": "GU\0LL"}, "null character"),
    "half a surrogate": ({**GOOD, "species": "\ud800"}, "surrogate"),
    "a book in a cell": ({**GOOD, "species": "x" * 20_000}, "20,000 characters, at most 10,000"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(runner, case):
    row, words = REFUSED[case]
    with pytest.raises(DeviceError) as caught:
        runner.predict([row])
    assert words in str(caught.value) and "\n  fix: " in str(caught.value)


def test_rules_for_odd_rows(runner):
    def scores(**cells):
        return runner.predict([{**GOOD, **cells}]).scores[0].tolist()

    for word in ("", "NA", "nan", " ", None, float("nan")):
        assert scores(speed=word) == scores(speed="") and scores(species=word) == scores(species="")
    assert scores(species="DODO") == scores(species='never seen before, "quoted"')
    assert scores(species=" GULL ") == scores(species="GULL") and scores(speed=" 250 ") == scores(
        speed=250
    )
    assert scores(extra="ignored") == scores()
    assert np.isfinite(scores(height="9e29")).all()
    assert scores(birds_struck="1.0") == scores(birds_struck=1) == scores(birds_struck="1")
    assert runner.predict([]).scores.shape == (0, 2)


def run_main(bundle, text, capsys, monkeypatch, *options):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    code = main([str(bundle.folder), *options])
    return (code, *capsys.readouterr())


def test_command_line_answers_and_names_the_bad_rows(bundle, capsys, monkeypatch):
    header = ",".join(GOOD)
    good = ",".join(GOOD.values())
    bad = good.replace("7000", "high")
    code, out, _ = run_main(
        bundle, f"{header}\n{good}\n{bad}\n\n{good},1\n{good}\n", capsys, monkeypatch
    )
    lines = list(csv.DictReader(io.StringIO(out)))
    assert code == 1 and [line["row"] for line in lines] == ["1", "2", "3", "4"]
    assert lines[1]["error"] == "column 'height': not a number: 'high'" and lines[1]["label"] == ""
    assert lines[2]["error"] == "14 cells, the header has 13"
    assert lines[0]["label"] == lines[3]["label"] and lines[3]["error"] == ""
    code, out, _ = run_main(bundle, f"{header}\n{good}\n", capsys, monkeypatch, "--form", "float32")
    assert code == 0


def test_a_first_line_that_names_the_separator_is_no_header(bundle, capsys, monkeypatch, tmp_path):
    lines = [";".join(GOOD), ";".join(GOOD.values())]
    plain = run_main(bundle, "\n".join([*lines, ""]), capsys, monkeypatch)
    for first in ("sep=;", "SEP=;\r"):
        assert run_main(bundle, "\n".join([first, *lines, ""]), capsys, monkeypatch) == plain
    assert plain[0] == 0 and plain[1].count("\n") == 2
    with_mark = "\n".join(["sep=|", *lines, ""]).replace(";", "|")
    assert run_main(bundle, with_mark, capsys, monkeypatch, "--separator", "|") == plain
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["sep=;", *lines, ""]))
    assert {name: list(cells) for name, cells in read_table(str(path)).items()} == {
        name: [cell] for name, cell in GOOD.items()
    }


def test_no_row_inside_a_broken_cell_is_answered(bundle, capsys, monkeypatch):
    header = ",".join(GOOD)
    good = ",".join(GOOD.values())
    for broken in (
        good.replace("GULL", '"GULL'),
        good.replace("GULL", 'G"U"LL"'),
        good.replace("GULL", '"GU"LL'),
    ):
        code, out, _ = run_main(
            bundle, f"{header}\n{good}\n{broken}\n{good}\n{good}\n", capsys, monkeypatch
        )
        lines = list(csv.DictReader(io.StringIO(out)))
        answered = [line["row"] for line in lines if line["label"]]
        if broken.count('"') == 3:  # quotes inside a cell that none opened are letters
            continue
        assert code == 1 and answered == ["1"] and "cannot be read as CSV" in lines[-1]["error"]


@pytest.mark.parametrize(
    "rows, words",
    [
        ({"height": "400"}, "without the column"),
        ([GOOD, "text"], "a row of type str"),
        (5, "rows of type int"),
        ({name: "abc" for name in GOOD}, "column 'operator' is a str"),
        ({name: 3.5 for name in GOOD}, "is a float"),
        ({name: np.zeros((2, 2)) for name in GOOD}, "is a ndarray"),
        ({**{name: ["1"] for name in GOOD}, "speed": ["1", "2"]}, "different lengths"),
        ([{**GOOD, "species": ["GULL"]}], "not a single value but a list"),
        ([{**GOOD, "date": {}}], "not a single value but a dict"),
        ([{**GOOD, "speed": b"1"}], "not a single value"),
        ([{**GOOD, "speed": 10**400}], "not a number"),
    ],
)
def test_other_shapes_are_refused(runner, rows, words):
    with pytest.raises(DeviceError) as caught:
        runner.predict(rows)
    assert words in str(caught.value)


def test_frames_and_typed_cells(bundle, birds, runner):
    import pandas as pd

    frame = birds[:20].copy()
    answers = runner.predict(frame)
    np.testing.assert_array_equal(answers.raw, runner.predict(frame.to_dict("records")).raw)
    frame["date"] = pd.to_datetime(frame["date"], format="%m/%d/%Y %H:%M:%S")
    frame["speed"] = pd.to_numeric(frame["speed"]).astype("Float64")
    np.testing.assert_array_equal(runner.predict(frame).raw, answers.raw)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "nothing on standard input"),
        ("height\n1\n", "no column 'operator'"),
        (",".join([*GOOD, "height"]) + "\n", "names 'height' twice"),
    ],
)
def test_command_line_refuses_a_wrong_header(bundle, capsys, monkeypatch, text, words):
    code, out, error = run_main(bundle, text, capsys, monkeypatch)
    assert code == 2 and words in error and not out


def test_damaged_bundles_are_named(bundle, tmp_path):
    with pytest.raises(DeviceError, match="no signature.json"):
        Runner.load(tmp_path)
    broken = copy_of(bundle, tmp_path / "broken")
    alter(broken, "model_int8.tflite", b"nonsense")
    with pytest.raises(DeviceError, match="LiteRT cannot load"):
        Runner.load(broken)
    (broken / "model_int8.tflite").unlink()
    with pytest.raises(DeviceError, match="no model_int8.tflite"):
        Runner.load(broken)
    with pytest.raises(DeviceError, match="form 'int4'"):
        Runner.load(broken, form="int4")
    whole = json.loads((bundle.folder / "signature.json").read_text())

    def changed(**values):
        return json.dumps({**whole, **values})

    output = whole["output"]
    for text, words in (
        ("[]", "is damaged"),
        ("[" * 100_000, "is damaged"),
        (changed(decisions=[]), "is damaged"),
        (changed(inputs=[]), "made by nothing"),
        (changed(output={**output, "scale": float("nan")}), "NaN is no number"),
        (changed(output={**output, "scale": -1}), "scale -1"),
        (changed(columns=whole["columns"][1:]), "reads"),
        (changed(target={**whole["target"], "labels": ["a", "b", "c"]}), "3 labels"),
        (changed(decisions={"int8": [0.0, 1.0]}), "decisions"),
    ):
        alter(broken, "signature.json", text)
        with pytest.raises(DeviceError, match=words):
            Runner.load(broken)
    shutil.copy(bundle.folder / "model_int8.tflite", broken)
    alter(broken, "signature.json", changed(output={**output, "scale": output["scale"] * 10}))
    with pytest.raises(DeviceError, match="not of one bundle"):
        Runner.load(broken)
    for text, words in (
        ("{", "is damaged"),
        ('{"format_version": 99}', "a signature of format 99"),
        ('{"format_version": 1}', "is damaged: KeyError"),
    ):
        alter(broken, "signature.json", text)
        with pytest.raises(DeviceError, match=words):
            Runner.load(broken)


def test_columns_and_rows_are_answered_alike(bundle, birds, runner):
    columns = {name: list(birds[name][:50]) for name in birds}
    rows = birds.iloc[:50].to_dict("records")
    np.testing.assert_array_equal(runner.predict(columns).raw, runner.predict(rows).raw)
