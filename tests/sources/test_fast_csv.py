"""pyarrow's reader of CSV against the strict one, over generated files: the same cells, or none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.device.cells import Column, read_column, read_numbers
from pipelines.device.packed import RepeatedCells
from pipelines.errors import LoadError
from pipelines.sources import arrow_cells, fast_csv, table
from pipelines.sources.arrow_cells import ArrowCells, packed_cells
from pipelines.sources.csv_files import find_encoding, read_csv
from pipelines.sources.fast_csv import read_fast
from pipelines.sources.table import Reading
from pipelines.tabular.load import LoadTable
from tests.device.test_many_rows import CELL_COLUMNS

_PIECES = st.sampled_from(
    [*"ab1.,; \t|'", '"', '""', "\n", "\r\n", "\r", "é", "\u2028", "\x0b", "\x1c", "NA", "-2.5", ""]
)
_CELL = st.lists(_PIECES, max_size=4).map("".join)


def _quoted(cell):
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


# Cells as tools write them, and as nobody should.
_WRITTEN = st.one_of(st.sampled_from(["1", "x", "", "2.5"]), _CELL.map(_quoted), _CELL)
_FILE = st.tuples(
    st.sampled_from(["", "\ufeff", "sep=,\n", "\n"]),
    st.lists(st.lists(_WRITTEN, min_size=2, max_size=2).map(",".join), min_size=1, max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\r\n", "\n\n", ",", "\n,", "\ufeff"]),
).map(lambda parts: f"{parts[0]}{parts[2].join(['a,b', *parts[1]])}{parts[3]}")


def _strict(path, reading):
    try:
        return read_csv(path, reading)
    except LoadError:
        return None


def _assert_same(path: Path, content: bytes, separator: str = ",") -> bool:
    """Returns whether the file was read by pyarrow."""
    path.write_bytes(content)
    read = read_fast(path, separator, "utf-8")
    if read is None:
        return False
    strict = _strict(path, Reading(separator=separator, encoding="utf-8"))
    assert {name: list(cells) for name, cells in read.items()} == strict
    return True


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=_FILE, block=st.sampled_from([7, 64, 2**20]), sampled=st.sampled_from([0, 10]))
@example(text='a,b\n"x\ny","1"\n', block=7, sampled=0)
@example(text='a,b\n"x""y",""\n"""",2\n', block=7, sampled=0)
@example(text='a,b\n"x" ,1\n', block=64, sampled=10)
@example(text='a,b\n1,"x\n', block=64, sampled=10)
@example(text="a,b\n\n\n", block=64, sampled=0)
def test_the_same_cells_or_none(tmp_path, monkeypatch, text, block, sampled):
    # A small block scans across its ends; pyarrow refuses rows that are longer, which falls back.
    monkeypatch.setattr(fast_csv, "_BLOCK", block)
    monkeypatch.setattr(fast_csv, "_NUM_SAMPLED_FIRST", sampled)
    monkeypatch.setattr(fast_csv, "_FEW_TIMES", 1)
    _assert_same(tmp_path / "t.csv", text.encode())


def test_columns_of_few_texts_are_read_as_dictionaries(tmp_path, monkeypatch):
    monkeypatch.setattr(fast_csv, "_NUM_SAMPLED_FIRST", 100)
    monkeypatch.setattr(fast_csv, "_SAMPLED_BYTES", 200)
    monkeypatch.setattr(fast_csv, "_BLOCK", 512)
    # The second column is repeated in the first bytes alone.
    rows = [f"{row % 3},{max(row, 90)},{row}" for row in range(200)]
    content = "\n".join(["a,b,c", *rows]).encode()
    assert _assert_same(tmp_path / "t.csv", content)
    read = read_fast(tmp_path / "t.csv", ",", "utf-8")
    assert read is not None
    kinds = {name: type(cells) for name, cells in read.items()}
    assert kinds == {"a": RepeatedCells, "b": ArrowCells, "c": ArrowCells}


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3,4",
        b"\xef\xbb\xbfa,b\r\n1,\r\n,4\r\n\r\n",
        b'a,b\n"1,5","x ""y"""\n"p\nq",2\n',
        b' a ,b,\n1,2,\n"",4,\n',
        "a,b\né,ü\n日本,\U0001f600\n".encode(),
    ],
)
def test_plain_files_are_read_by_pyarrow(tmp_path, content):
    assert _assert_same(tmp_path / "t.csv", content)


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\r3,4\n",  # a lone return ends a line
        b'a,b\n1,x"y"\n',
        b'a,b\n"1" ,2\n',
        b'a,b\n"1"x,2\n',
        b'a,b\n1,"2\n',
        b"a,b\n1\n2,3\n",
        b"a,b\n\xef\xbb\xbf1,2\n",
        b"a,b\n1,\0\n",
        b"a,b\n\xff,1\n",
        b"a,b\n",
        b"a\n1\n",
    ],
)
def test_files_in_doubt_are_left_to_the_strict_reader(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert read_fast(path, ",", "utf-8") is None


def test_other_encodings_and_separators_are_left_to_the_strict_reader(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n")
    assert read_fast(path, ",", "cp1252") is None
    assert read_fast(path, "é", "utf-8") is None
    assert find_encoding(path) == "utf-8"


_NUMBER = st.one_of(
    st.floats().map(repr),
    st.integers().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
)
_WORD = st.sampled_from(
    [
        *["", " ", "NA", "nan", "-99", "1_0", "+1", "+.5e-3", ".5", "5.", "1e400", "-1e400", "inf"],
        *[
            "1e-400",
            "1,5",
            "1.250",
            "$3",
            "3 kg",
            "0x10",
            "1e",
            "-",
            ".",
            "\u0661",
            "12\u00a0",
            "yes",
        ],
        *["No", "1.0", "2024-01-31", "2024-01-31 24:00", "31.01.2024", " x", "4.0", "004", "-0"],
    ]
)
_COLUMNS = (*CELL_COLUMNS, Column("c", "text"))
_MISSING = (frozenset({"", "NA", "nan"}), frozenset({"-99", "4.0"}), frozenset())


@settings(max_examples=20, deadline=None)
@given(
    cells=st.lists(st.one_of(_NUMBER, _WORD, st.none()), min_size=1, max_size=12),
    repeats=st.integers(1, 3),
)
def test_packed_cells_are_read_as_single_ones(cells, repeats):
    import pyarrow as pa

    cells = cells * repeats
    chunked = pa.chunked_array([cells[:3], cells[3:]], pa.string())
    for packed in (ArrowCells(chunked), arrow_cells._repeated(chunked), packed_cells(chunked)):
        assert list(packed) == cells
        for missing in _MISSING:
            _assert_read_alike(packed, cells, missing)
            is_kept = ~packed.is_missing(missing)
            kept = [cell for cell, keeps in zip(cells, is_kept, strict=True) if keeps]
            _assert_read_alike(packed.keep(is_kept), kept, missing)


def _assert_read_alike(packed, cells, missing):
    for column in _COLUMNS:
        for read in (read_column, read_numbers):
            if read is read_numbers and column.kind != "numeric":
                continue
            values, bad = read(packed, column, missing)
            expected, expected_bad = read(cells, column, missing)
            assert values.dtype == expected.dtype
            if values.dtype.kind in "fM":
                assert values.tobytes() == expected.tobytes()
            else:
                assert values.tolist() == expected.tolist()
            assert list(bad) == list(expected_bad)


def test_repeated_cells_keep_the_order_of_their_texts():
    cells = RepeatedCells(["b", "a", None], np.array([0, 1, 0, 2, 1], np.int32))
    kept = cells.keep(np.array([False, True, False, True, True]))
    assert list(kept) == ["a", None, "a"]
    assert kept.counts() == {"a": 2, None: 1}
    assert kept[1:] == [None, "a"]
    kept = cells.keep(np.array([False, True, True, True, True]))
    assert kept.each_once()[0] == ["a", "b", None]
    assert list(kept) == ["a", "b", None, "a"]


_OF_TABLES = st.one_of(
    st.lists(st.sampled_from(["1.5", "2", "-3e2", "", "NA"]), min_size=1),
    st.lists(st.sampled_from(["1.250", "1,5", "2.000", "0,750", "3"]), min_size=1),
    st.lists(st.sampled_from(["red", "Red", "dark  red", "", "?", "None"]), min_size=1),
    st.lists(st.sampled_from(["yes", "NO", "1", "0", ""]), min_size=1),
    st.lists(st.sampled_from(["2024-01-31", "2023-05-06", "02.03.2024", "", "x"]), min_size=1),
    st.lists(st.sampled_from(["3 kg", "4 kg", "5", "$2", "(3)", "1 250"]), min_size=1),
    st.lists(st.sampled_from(["02134", "10001", "7", "-99", "-5"]), min_size=1),
    st.lists(st.one_of(_NUMBER, _WORD), min_size=1),
)


def _loaded(path):
    """Returns everything that is read of a table, or the error."""
    try:
        dataset, notes = LoadTable(source=str(path), target="y").read()
    except LoadError as error:
        return str(error)
    columns = {}
    for name, values in dataset.x.items():
        columns[name] = (values.dtype, repr(values.tolist()))
    return columns, dataset.y.tolist(), dataset.ids.tolist(), dataset.schema, notes


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=_OF_TABLES,
    second=_OF_TABLES,
    target=st.sampled_from([["a", "b", "b"], ["0", "1"], ["1.5", "2.5", ""], ["a|b", "b", "c|a"]]),
    packs=st.sampled_from([ArrowCells, arrow_cells._repeated, packed_cells]),
)
def test_a_table_is_loaded_alike_by_both_readers(
    tmp_path, monkeypatch, first, second, target, packs
):
    path = tmp_path / "t.csv"
    rows = 24
    columns = {"a": first, "b": second, "y": target}
    repeated = {name: (cells * rows)[:rows] for name, cells in columns.items()}
    pd.DataFrame(repeated).to_csv(path, index=False)
    monkeypatch.setattr(fast_csv, "packed_cells", packs)
    assert read_fast(path, ",", "utf-8") is not None
    loaded = _loaded(path)
    with monkeypatch.context() as strict:
        strict.setattr(table, "read_fast", lambda *arguments: None)
        assert loaded == _loaded(path)
