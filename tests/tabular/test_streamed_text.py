"""CSV and JSON lines that are read part by part: the same cells as in memory, or an error."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings

from pipelines import tabular
from pipelines.errors import LoadError
from pipelines.rows.split import SplitRandom, split
from pipelines.sources import text_parts
from pipelines.sources.csv_files import read_csv
from pipelines.sources.parts import find_parts
from pipelines.sources.table import Reading, read_table
from pipelines.tabular.memory import Memory
from tests.sources.part_by_part import cells_of_parts
from tests.sources.test_fast_csv import _FILE

STREAMED = Memory("streamed")
WHOLE = Memory("whole")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(text_parts, "PIECE_BYTES", 20_000)


def load_of(source, memory, **load):
    return replace(tabular.BIRDS.load, source=str(source), memory=memory, **load)


def assert_same(source, **load):
    """The rows in memory of a streamed table are those of the whole one."""
    dataset, _ = load_of(source, STREAMED, **load).read()
    assert dataset.whole is not None
    how = SplitRandom()
    ours = split(dataset, how)
    theirs, _ = load_of(source, WHOLE, **load).read()
    parts = how.streamed_cut().parts_of(theirs.ids, theirs.group)
    for place, part in enumerate((ours.train, ours.valid, ours.test)):
        rows = parts == place
        assert np.array_equal(part.ids, theirs.ids[rows])
        assert np.array_equal(part.y, theirs.y[rows])
        for name, x in theirs.x.items():
            assert x.dtype == part.x[name].dtype
            assert pd.Series(x[rows]).equals(pd.Series(part.x[name])), name
    return dataset


def test_csv(birds, tmp_path):
    """Of one file, of a folder of parts, and packed."""
    birds = birds.iloc[:800]
    birds.to_csv(tmp_path / "birds.csv", index=False)
    dataset = assert_same(tmp_path / "birds.csv")
    assert dataset.whole.stream.num_parts > 3
    folder = tmp_path / "parts"
    folder.mkdir()
    birds.iloc[:500].to_csv(folder / "a.csv", index=False)
    rest = birds.iloc[500:].to_csv(index=False)
    (folder / "b.csv.gz").write_bytes(gzip.compress(rest.encode()))
    assert_same(folder)


def test_json_lines(birds, tmp_path):
    few = birds.iloc[:800]
    typed = few.assign(speed=pd.to_numeric(few["speed"], errors="coerce"))
    path = tmp_path / "birds.jsonl"
    typed.to_json(path, orient="records", lines=True)
    assert_same(path)


def cells_of(path):
    """Returns the raw cells of a file by column, read part by part."""
    return cells_of_parts(find_parts(str(path), separator=","))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=_FILE)
@example(text='a,b\n"x\ny","1"\n"p","q"\n')
@example(text='a,b\n"x""y",""\n"""",2\n')
@example(text="a,b\n1,2\n3\n")
def test_the_cells_of_the_strict_reader_or_an_error(tmp_path, monkeypatch, text):
    monkeypatch.setattr(text_parts, "PIECE_BYTES", 16)
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode())
    reading = Reading(separator=",", encoding="utf-8")
    try:
        strict = read_csv(path, reading)
    except LoadError:
        with pytest.raises(LoadError):
            cells_of(path)
        return
    try:
        ours = cells_of(path)
    except LoadError:
        return  # in doubt
    assert ours == strict


@pytest.mark.parametrize("text", ['a,b\n"x\ny","1"\n"p","q"\n', 'a,b\r\n"x""y",""\r\n"""",2\r\n'])
def test_quotes_are_read(tmp_path, monkeypatch, text):
    monkeypatch.setattr(text_parts, "PIECE_BYTES", 8)
    (tmp_path / "t.csv").write_bytes(text.encode())
    strict = read_csv(tmp_path / "t.csv", Reading(separator=",", encoding="utf-8"))
    assert cells_of(tmp_path / "t.csv") == strict


def test_a_ragged_row_is_named(tmp_path):
    rows = "".join(f"{row},{row % 7}\n" for row in range(20_000))
    (tmp_path / "t.csv").write_text(f"a,b\n{rows}1,2,3\n{rows}")
    with pytest.raises(LoadError, match="row 20000: 3 cells, the header has 2"):
        find_parts(str(tmp_path / "t.csv"))


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_mixed_json_is_read_as_whole(tmp_path, monkeypatch):
    """Types that change from piece to piece; texts that look like times; names that are absent."""
    monkeypatch.setattr(text_parts, "PIECE_BYTES", 400)
    rows = []
    for row in range(60):
        cells = {"n": row, "half": row / 2, "when": f"2024-01-{1 + row % 28:02}", "flag": row > 3}
        if row % 7 == 0:
            cells["n"] = None
        if row > 40:
            cells["late"] = "x"
            cells["n"] = "unknown" if row % 2 else row
        rows.append(cells)
    lines(tmp_path / "t.jsonl", rows)
    strict = read_table(str(tmp_path / "t.jsonl"), Reading())
    ours = cells_of(tmp_path / "t.jsonl")
    assert ours["when"] == strict["when"]
    assert ours["late"] == strict["late"]
    assert ours["flag"] == strict["flag"]
    assert ours["half"] == strict["half"]
    texts = [None if cell is None else str(cell) for cell in strict["n"]]
    assert ours["n"] == texts


@pytest.mark.parametrize("way", [STREAMED, WHOLE])
def test_nested_json_is_refused(tmp_path, way):
    rows = [{"a": row, "b": "x", "effect": "1"} for row in range(30)]
    rows[17]["b"] = {"c": 1}
    lines(tmp_path / "t.jsonl", rows)
    with pytest.raises(LoadError, match="column 'b' is nested") as error:
        load_of(tmp_path / "t.jsonl", way, columns=("a", "b")).read()
    assert "json_normalize" in error.value.fix
    assert "17" in error.value.received


def test_small_text_is_held_as_a_whole(tmp_path):
    (tmp_path / "t.csv").write_text("a,effect\n1,x\n2,\n3,x\n")
    assert not load_of(tmp_path / "t.csv", Memory("auto")).streams()
    assert load_of(tmp_path / "t.csv", STREAMED).streams()
