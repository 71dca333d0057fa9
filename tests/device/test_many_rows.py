"""Many rows of a table at once: the same bits as one by one, or one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device import Runner, litert_rows
from pipelines.device.cells import Column, read_column
from pipelines.device.list_cells import MIN_ROWS, ListCells, packed_list
from pipelines.device.litert import LiteRT
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


def test_lists_that_are_not_text_stay_lists():
    mixed = ["1"] * MIN_ROWS + [1]
    assert packed_list(mixed) is mixed
    assert packed_list(["1"] * (MIN_ROWS - 1)) == ["1"] * (MIN_ROWS - 1)
    different = list(map(str, range(MIN_ROWS)))
    assert isinstance(packed_list(different), PackedCells)


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
