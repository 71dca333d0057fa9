"""Rows unlike those of training are answered with a note: in Python, in the answers that are
written, and in C's header. (The web page: tests/targets/web/test_web.py.)
"""

import csv
import io
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.device.__main__ import main
from pipelines.device.cells import Column
from pipelines.device.notes import far_limits, row_notes, short_number
from pipelines.device.primitives import run_primitives
from pipelines.device.runner import Runner
from pipelines.device.signature import Signature
from pipelines.errors import LeakError
from pipelines.steps.ranges import value_ranges
from pipelines.targets.c.c_files import c_files
from tests.device.test_device import GOOD

MISSING = dict.fromkeys(GOOD, "")


def notes_of(runner, **cells):
    return runner.predict([{**GOOD, **cells}]).notes.tolist()


@pytest.fixture(scope="module")
def runner(bundle):
    return Runner.load(bundle.folder)


def test_a_number_far_outside_of_training_is_noted(runner):
    low, high = runner.signature.ranges["height"]
    assert notes_of(runner) == [""] and 0 <= low < high
    assert notes_of(runner, height="1e29") == [
        f"column 'height': 1e+29, far outside of training's {low:g} to {high:g}"
    ]
    assert (
        notes_of(runner, height=2 * high - low)
        == [""]
        != notes_of(runner, height=2.01 * high - low)
    )
    assert notes_of(runner, height="-1e29", speed="1e29")[0].endswith(" (and 1 more column)")
    assert notes_of(runner, height="") == [""], "a missing number is filled, as in training"


def test_a_row_with_every_cell_missing_is_noted(runner):
    assert runner.predict([MISSING, GOOD, {**MISSING, "species": "GULL"}]).notes.tolist() == [
        "every cell is missing",
        "",
        "",
    ]
    assert runner.predict([]).notes.shape == (0,)


def test_notes_go_with_their_rows(runner):
    answers = runner.predict([MISSING, GOOD, {**GOOD, "height": "1e29"}])
    assert answers.take(np.array([2, 0])).notes.tolist() == [
        answers.notes[2],
        "every cell is missing",
    ]


def test_ranges_are_those_of_training_rows(bundle, birds_splits):
    ranges = bundle.signature.ranges
    train = birds_splits.train.x
    assert (
        {name for name, x in train.items() if x.dtype.kind == "f"}
        >= ranges.keys()
        == {column.name for column in bundle.signature.columns if column.kind == "numeric"}
    )
    for name, (low, high) in ranges.items():
        assert (low, high) == (float(np.nanmin(train[name])), float(np.nanmax(train[name])))
    for rows in (birds_splits.valid, birds_splits.test):
        with pytest.raises(LeakError):
            value_ranges(bundle.signature, rows)


@pytest.mark.parametrize(
    "ranges",
    [
        {"height": (1.0, 1.0)},
        {"height": (2.0, 1.0)},
        {"species": (0.0, 1.0)},
        {"nothing": (0.0, 1.0)},
    ],
)
def test_ranges_that_mean_nothing_are_refused(bundle, ranges):
    with pytest.raises(ValueError, match="the range"):
        replace(bundle.signature, ranges=ranges).check()
    values = {**bundle.signature.to_json(), "ranges": {"height": [1, 2, 3]}}
    with pytest.raises(TypeError):
        Signature.from_json(values)


def test_a_bundle_without_ranges_answers_as_before(bundle, runner):
    plain = Runner(replace(bundle.signature, ranges={}), runner.interpreter)
    rows = [GOOD, {**GOOD, "height": "1e29"}, MISSING]
    assert plain.predict(rows).notes.tolist() == ["", "", "every cell is missing"]
    np.testing.assert_array_equal(plain.predict(rows).raw, runner.predict(rows).raw)


def answered(bundle, rows, capsys, monkeypatch, *options):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(GOOD))
    writer.writeheader()
    writer.writerows(rows)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text.getvalue()))
    code = main([str(bundle.folder), *options])
    out, error = capsys.readouterr()
    return code, list(csv.DictReader(io.StringIO(out))), error


def test_the_device_writes_notes_and_counts_them(bundle, capsys, monkeypatch):
    rows = [GOOD, {**GOOD, "height": "1e29"}, {**GOOD, "height": "high"}, MISSING]
    code, lines, error = answered(bundle, rows, capsys, monkeypatch)
    assert code == 1, "the row that cannot be read"
    assert ["far outside" in line["note"] for line in lines] == [False, True, False, False]
    assert (
        lines[3]["note"] == "every cell is missing" and lines[3]["label"] and not lines[3]["error"]
    )
    assert lines[2]["note"] == "" and "not a number" in lines[2]["error"]
    assert error == "2 of 4 answers have a note: see the column note\n"
    code, lines, error = answered(bundle, [GOOD], capsys, monkeypatch)
    assert (code, error) == (0, "") and lines[0]["note"] == ""


def test_predict_writes_notes_and_counts_them(bundle, command, tmp_path):
    table = tmp_path / "rows.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(GOOD))
        writer.writeheader()
        writer.writerows([GOOD, {**GOOD, "speed": "1e20"}])
    code, out, error = command("predict", bundle.folder, table)
    lines = list(csv.DictReader(io.StringIO(out)))
    assert (
        code == 0
        and lines[0]["note"] == ""
        and lines[1]["note"].startswith("column 'speed': 1e+20, far outside")
    )
    assert "1 of 2 answers has a note" in error


def test_the_c_header_has_the_ranges(bundle):
    low, high = bundle.signature.ranges["height"]
    header = c_files(bundle.signature, "t")["signature.h"]
    assert (
        f"height: numeric, NAN where missing; {short_number(low)} to {short_number(high)} in "
        "training */" in header
    )


def test_notes_cost_next_to_nothing(runner):
    rows = {name: [cell] * 10_000 for name, cell in GOOD.items()}
    columns, _ = runner.read(rows)
    prepared = run_primitives(runner.signature.primitives, columns)

    def seconds(call):
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    notes = min(seconds(lambda: row_notes(runner.signature, columns, prepared)) for _ in range(3))
    whole = min(seconds(lambda: runner.predict_columns(columns)) for _ in range(3))
    assert notes < 0.1 * whole, f"{1000 * notes:.1f} ms of {1000 * whole:.1f} ms"


@given(low=st.floats(-1e30, 1e30), width=st.floats(1e-3, 1e30), share=st.floats(0, 1))
def test_nothing_inside_the_training_range_is_noted(low, width, share):
    high = low + width
    if not low < high:
        return
    least, most = far_limits(low, high)
    assert least <= np.float32(low + share * (high - low)) <= most
    signature = Signature(
        columns=(Column("x", "numeric"),),
        target=None,
        primitives=(),
        inputs=(),
        output=None,
        ranges={"x": (low, high)},
    )
    x = np.array([low, high, np.nan, np.inf], np.float32)
    assert row_notes(signature, {"x": x}, {})[:3].tolist() == ["", "", "every cell is missing"]
