"""pyarrow's reader of JSON lines against the strict one, over generated files: the same cells."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.errors import LoadError
from pipelines.sources import fast_jsonl, table_names
from pipelines.sources.fast_jsonl import read_fast_lines
from pipelines.sources.table import Reading, read_table
from pipelines.tabular.load import LoadTable

_NUMBERS = ["1", "-7", "2.5", "1.0", "-0", "1e3", "9007199254740993", "123456789012345678901"]
_TEXTS = ['"x"', '""', '"a\\nb"', '"\\u00e9"', '"é"', '"\\ud800"', '"2024-01-31"', '"}\\n{"', '"1"']
_OTHERS = ["null", "true", "false", "NaN", "[1]", '{"c": 1}', "1.", "nul", "1e400"]
_CELL = st.sampled_from([*_NUMBERS, *_TEXTS, *_OTHERS])
_NAME = st.sampled_from(["a", "b", "c", ""])


def _object(cells):
    inside = ", ".join(f"{json.dumps(name)}: {cell}" for name, cell in cells)
    return f"{{{inside}}}"


_SOME = st.one_of(_CELL, st.sampled_from(["null", "1", "2.5"]))
_ROW = st.lists(st.tuples(_NAME, _SOME), max_size=3).map(_object)
# Lines as tools write them, and as nobody should.
_WRITTEN = st.one_of(
    _ROW,
    _ROW,
    st.tuples(_ROW, _ROW).map("".join),
    st.sampled_from(["", " ", " {}", '{"a":', "1}", "{}\r{}", '{"a": 1} ']),
)
_FILE = st.tuples(
    st.sampled_from(["", "", "\ufeff"]),
    st.lists(_WRITTEN, min_size=1, max_size=6),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.sampled_from(["", "\n", "\n\n"]),
).map(lambda parts: parts[0] + parts[2].join(parts[1]) + parts[3])


def _assert_same(path, content):
    """Returns whether the file was read by pyarrow."""
    path.write_bytes(content)
    found = read_fast_lines(path, "")
    if found is None:
        return False
    strict = read_table(str(path), Reading())
    assert list(found) == list(strict)
    for name, cells in found.items():
        for ours, theirs in zip(cells, strict[name], strict=True):
            if isinstance(cells, np.ndarray) and theirs is None:
                assert np.isnan(ours)
            else:
                assert ours == theirs and isinstance(ours, str) == isinstance(theirs, str)
                assert isinstance(ours, bool) == isinstance(theirs, bool)
    return True


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=_FILE)
@example(text='{"a": 1}\n{"b": {}\n,"c": 1}{"d": 2}\n')
@example(text='{"a": 1, "a": 2}\n')
@example(text='{"b": "2024-01-31"}\n{"a": 1, "b": "x"}\n')
def test_the_cells_of_the_strict_reader_or_none(tmp_path, text):
    _assert_same(tmp_path / "t.jsonl", text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_plain_lines_are_read_fast(tmp_path, monkeypatch, end):
    rows = [{"n": row, "half": row / 2, "word": "é" * (row % 3)} for row in range(300)]
    for place, row in enumerate(rows):
        row |= {"day": f"2024-01-{1 + place % 28:02}", "hole": [None, 1][place % 2]}
        row |= {"flag": place > 3}
        if place > 200:
            row["late"] = "x"
    text = end.join(json.dumps(row, ensure_ascii=False) for row in rows)
    monkeypatch.setattr(fast_jsonl, "_BLOCK", 3_000)
    assert _assert_same(tmp_path / "t.jsonl", text.encode())
    monkeypatch.setattr(fast_jsonl, "_BLOCK", 50)  # a row is longer
    assert not _assert_same(tmp_path / "t.jsonl", text.encode())


@pytest.mark.parametrize(
    "content", [b'{"a": "\xff"}\n', b'{"a": 1}\n{"a": "x"}\n', b'{"a": 1}{"a": 2}\n\n', b""]
)
def test_what_is_in_doubt_is_left(tmp_path, content):
    assert not _assert_same(tmp_path / "t.jsonl", content)


def test_a_broken_line_is_named_by_its_row(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n{"a": 2}\n{"a": \n')
    with pytest.raises(LoadError, match="row 2:"):
        read_table(str(tmp_path / "t.jsonl"), packed=True)


def test_both_readers_give_one_dataset(tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    words = np.array(["red", "blue", None])
    rows = []
    for row in range(400):
        number = float(random.normal())
        cells = {"number": None if row % 9 == 0 else number, "whole": int(random.integers(90))}
        cells |= {"word": words[row % 3], "flag": bool(row % 2), "target": ["no", "yes"][row % 2]}
        cells |= {"holes": None if row % 5 == 0 else row, "day": f"2024-01-{1 + row % 28:02}"}
        rows.append(json.dumps(cells) + "\n")
    path = tmp_path / "t.jsonl"
    path.write_text("".join(rows))
    load = LoadTable(str(path), "target")
    fast, _ = load.read()
    monkeypatch.setattr("pipelines.sources.table.read_fast_lines", lambda *_: None)
    strict, _ = load.read()
    monkeypatch.setattr("pipelines.sources.table.packed_column", lambda cells: cells)
    unpacked, _ = load.read()
    assert fast.schema == strict.schema == unpacked.schema
    _assert_same_rows(fast, strict)
    _assert_same_rows(unpacked, strict)


def _assert_same_rows(fast, strict):
    assert np.array_equal(fast.y, strict.y)
    for name, x in strict.x.items():
        same_dtype = x.dtype == fast.x[name].dtype
        assert same_dtype and x.astype(str).tolist() == fast.x[name].astype(str).tolist()


_LISTS = st.one_of(
    *[st.lists(st.one_of(st.none(), each), max_size=6) for each in (st.integers(), st.text())],
    st.lists(st.one_of(st.integers(-9, 9), st.floats()), max_size=6),
    st.lists(st.one_of(st.booleans(), st.integers(), st.text(max_size=2)), max_size=6),
)


@settings(max_examples=60, deadline=None)
@given(cells=_LISTS)
@example(cells=[2**53 + 1, None])
@example(cells=[2**53, 0.5])
@example(cells=[2**70])
@example(cells=["\ud800"])
def test_a_column_is_packed_as_it_is(cells):
    packed = fast_jsonl.packed_column(cells)
    assert len(packed) == len(cells)
    for ours, theirs in zip(packed, cells, strict=True):
        if theirs is None or theirs != theirs:
            assert ours is None or np.isnan(ours)
        else:
            assert ours == theirs and isinstance(ours, str) == isinstance(theirs, str)


@pytest.mark.parametrize(
    "name, text",
    [
        ("t.csv", 'sep=;\na;"b;c"\n1;2\n3\n'),
        ("t.jsonl", '{"a": 1}\n\n{"b;c": 2}\n{"a": \n'),
    ],
)
def test_columns_are_named_by_the_first_rows(tmp_path, monkeypatch, name, text):
    monkeypatch.setattr(table_names, "_NUM_LINES", 3)
    path = tmp_path / name
    path.write_text(text)  # a row further on is broken
    assert table_names.names_in_table(str(path), Reading()) == ["a", "b;c"]


@pytest.mark.parametrize(
    "name, text", [("t.csv", ""), ("t.csv", "a,b\n"), ("t.csv", "a,a\n1,2\n"), ("t.jsonl", "[1]")]
)
def test_no_table_is_refused_alike(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(LoadError) as found:
        table_names.names_in_table(str(path), Reading())
    with pytest.raises(LoadError) as expected:
        read_table(str(path))
    assert str(found.value) == str(expected.value)
