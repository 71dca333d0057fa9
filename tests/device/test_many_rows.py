"""Many rows of a table at once: the same bits as one by one, or one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.bundle.folder import read_golden_rows
from pipelines.device import Runner, litert_rows
from pipelines.device import runner as runner_module
from pipelines.device.cells import Column, read_column
from pipelines.device.dates import read_time
from pipelines.device.list_cells import MIN_ROWS, ListCells, packed_list
from pipelines.device.litert import LiteRT
from pipelines.device.many_dates import times_in_digits
from pipelines.device.packed import PackedCells, RepeatedCells

_CELLS = st.sampled_from(
    [
        *[
            "",
            "NA",
            " 7 ",
            "1.5",
            "-2e3",
            "1_0",
            "\u0661",
            "inf",
            "1e400",
            "1e31",
            "nan",
            "x",
            "4.0",
        ],
        *["31.1.2024", "1.2.2024", "30.02.2024", "2024-01-31 23:59", "2024-01-31T24:00:00"],
        *["3 kg", "1,5", "1.250", "yes", "No", "2024-01-31", "31.01.2024", "\x1c1", "a\0b"],
    ]
)
# A column of each kind of cell that a table has.
CELL_COLUMNS = (
    Column("c", "numeric"),
    Column("c", "numeric", decimal=",", thousands="."),
    Column("c", "numeric", unit="kg"),
    Column("c", "categorical"),
    Column("c", "boolean"),
    Column("c", "date"),
    Column("c", "date", "%d.%m.%Y"),
)


def _assert_alike(packed, cells):
    missing = frozenset({"", "NA"})
    for column in CELL_COLUMNS:
        values, bad = read_column(packed, column, missing)
        singles = [read_column([cell], column, missing) for cell in cells]
        expected = np.concatenate([of_cell for of_cell, _ in singles])
        assert values.dtype == expected.dtype
        if values.dtype.kind in "fM":
            assert values.tobytes() == expected.tobytes()
        else:
            assert values.tolist() == expected.tolist()
        found = [(cell.row, cell.value, cell.reason) for cell in bad]
        wanted = []
        for row, (_, of_cell) in enumerate(singles):
            wanted += [(row, cell.value, cell.reason) for cell in of_cell]
        assert sorted(found) == sorted(wanted)


@settings(max_examples=20, deadline=None)
@given(cells=st.lists(st.one_of(_CELLS, st.floats().map(repr)), min_size=1, max_size=8))
def test_a_list_is_read_as_its_cells(cells):
    _assert_alike(ListCells(cells), cells)
    many = (cells * MIN_ROWS)[:MIN_ROWS]
    packed = packed_list(many)
    assert isinstance(packed, RepeatedCells) and list(packed) == many
    _assert_alike(packed, many)


@settings(max_examples=10, deadline=None)
@given(cells=st.lists(st.one_of(_CELLS, st.none()), min_size=1, max_size=8))
def test_arrays_of_objects_and_missing_cells_are_read_as_cells(cells):
    many = (cells * MIN_ROWS)[:MIN_ROWS]
    array = np.array(many, object)
    _assert_alike(array, many)
    array[array == np.array(None)] = np.nan  # as pandas has it
    assert isinstance(packed_list(array), PackedCells)
    _assert_alike(array, many)
    _assert_alike(ListCells(many), many)


@settings(max_examples=60, deadline=None)
@given(
    format=st.sampled_from(["ISO8601", "%d.%m.%Y", "%m/%d/%Y %H:%M:%S", "%Y%m%d", "%d%m-%YT%H:%M"]),
    numbers=st.tuples(
        st.sampled_from([0, 1, 99, 1900, 2024, 9999]),
        *[st.integers(0, most) for most in (13, 32, 25, 61, 61)],
    ),
    sizes=st.tuples(*[st.integers(1, 2)] * 5),
    extra=st.sampled_from(["", "", " ", "\n", "0", "\u0661"]),
)
def test_dates_in_digits_are_those_of_single_cells(format, numbers, sizes, extra):
    text = format
    if format == "ISO8601":
        text = "%Y-%m-%d %H:%M:%S"
    for field, number, size in zip("YmdHMS", numbers, (4, *sizes), strict=True):
        text = text.replace(f"%{field}", f"{number:0{size}}")
    times, is_read = times_in_digits([text + extra], format, frozenset())
    if is_read[0]:
        assert times[0] == read_time(text + extra, format)
    assert not times_in_digits([text], format, frozenset([text]))[1][0]


def test_plain_dates_are_read_at_once():
    for format, text in (("ISO8601", "2024-02-29"), ("%d.%m.%Y %H:%M", "1.12.2024 7:05")):
        times, is_read = times_in_digits([text], format, frozenset())
        assert is_read[0] and times[0] == read_time(text, format)


def test_lists_that_are_not_text_stay_lists():
    mixed = ["1"] * MIN_ROWS + [1]
    assert packed_list(mixed) is mixed
    assert packed_list(["1"] * (MIN_ROWS - 1)) == ["1"] * (MIN_ROWS - 1)
    different = list(map(str, range(MIN_ROWS)))
    assert isinstance(packed_list(different), PackedCells)


def test_pieces_of_rows_give_the_answers_of_all(bundle, monkeypatch):
    reader = Runner.load(bundle.folder)
    golden = read_golden_rows(bundle.folder)
    rows = [golden[place % len(golden)] for place in range(700)]
    expected = reader.predict(rows)
    monkeypatch.setattr(runner_module, "PIECE_ROWS", 300)
    found = reader.predict(rows)
    for name in ("labels", "scores", "raw", "notes"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()


def _inputs(runner, num_rows):
    (port,) = runner.signature.inputs
    random = np.random.default_rng(0)
    x = random.integers(-128, 128, (num_rows, *port.shape), np.int8)
    return {port.name: x}


def test_many_rows_give_the_bits_of_single_ones(bundle):
    runner = Runner.load(bundle.folder)
    inputs = _inputs(runner, litert_rows.MIN_ROWS + 37)
    at_once = runner.interpreter.run(inputs)
    assert runner.interpreter._rows._interpreter is not None
    (name,) = inputs
    again = [runner.interpreter.run({name: inputs[name][row : row + 1]}) for row in range(600)]
    assert np.concatenate(again).tobytes() == at_once[:600].tobytes()
    rest = runner.interpreter.run({name: inputs[name][-37:]})
    assert rest.tobytes() == at_once[-37:].tobytes()


@pytest.mark.parametrize("fault", ["other bits", "no such number of rows"])
def test_rows_are_run_one_by_one_where_many_differ(bundle, monkeypatch, fault):
    content = (bundle.folder / "model_int8.tflite").read_bytes()
    inputs = _inputs(Runner.load(bundle.folder), litert_rows.MIN_ROWS)
    expected = LiteRT(content).run(inputs)

    def run_block(self, block):
        if fault == "other bits":
            return expected[: litert_rows.BLOCK_ROWS] ^ np.int8(1)
        raise RuntimeError("cannot resize")

    monkeypatch.setattr(litert_rows.ManyRows, "_run_block", run_block)
    interpreter = LiteRT(content)
    assert interpreter.run(inputs).tobytes() == expected.tobytes()
    assert interpreter.run(inputs).tobytes() == expected.tobytes()
