"""Targets that are read part by part; and the rows that errors name: the rows of the source."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import tabular, text
from pipelines.errors import LoadError
from pipelines.tabular.memory import Memory

NUM_ROWS = 60
WAYS = ("whole", "streamed")


def load(path, way, **columns):
    """Reads a table of two row groups a file with a feature f, and a target y."""
    feature = pa.array(np.arange(NUM_ROWS) % 7 / 2)
    pq.write_table(pa.table({"f": feature, **columns}), path, row_group_size=25)
    spec = tabular.LoadTable(str(path), "y", memory=Memory(way))
    dataset, _ = spec.read()
    return dataset


def words(row, word):
    """Returns texts of two classes; the first three rows have none."""
    cells = [None] * 3 + ["p", "q"] * NUM_ROWS
    cells[row] = word
    return cells[:NUM_ROWS]


@pytest.mark.parametrize("way", WAYS)
def test_the_row_of_a_class(tmp_path, way):
    with pytest.raises(LoadError, match="in row 41: holds a null character"):
        load(tmp_path / "t.parquet", way, y=words(41, "a\0b"))


@pytest.mark.parametrize("way", WAYS)
def test_the_row_of_a_number(tmp_path, way):
    numbers = [None] * 3 + [f"{row}.5" for row in range(3, NUM_ROWS)]
    numbers[41] = "inf"
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"f": list(range(NUM_ROWS)), "y": numbers}), path, row_group_size=25)
    spec = tabular.LoadTable(str(path), "y", target_kind="number", memory=Memory(way))
    with pytest.raises(LoadError, match="in row 41: infinite"):
        spec.read()


@pytest.mark.parametrize("way", WAYS)
def test_the_row_of_a_feature(tmp_path, way):
    cells = ["p", "q"] * (NUM_ROWS // 2)
    cells[41] = "a\0b"
    with pytest.raises(LoadError, match="'c', row 41: holds a null character"):
        load(tmp_path / "t.parquet", way, y=words(5, "p"), c=cells)


@pytest.mark.parametrize("way", WAYS)
def test_the_row_of_a_date(tmp_path, way):
    cells = ["2024-01-05"] * NUM_ROWS
    cells[41:] = ["24.12.2023"] * len(cells[41:])
    with pytest.raises(LoadError, match=r"24\.12\.2023' in row 41"):
        load(tmp_path / "t.parquet", way, y=words(5, "p"), c=cells)


def test_the_row_of_a_label_and_of_a_text():
    """Rows without a target are left out before the others are read."""
    labels = [None, "red|round", "red", "a\0b|round", "round"] * 5
    table = {"f": list(range(25)), "y": labels}
    with pytest.raises(LoadError, match="in row 3: holds a null character"):
        tabular.LoadTable("-", "y", target_kind="labels").read(table)
    with pytest.raises(LoadError, match="in row 2 has 300 characters"):
        tabular.LoadTable("-", "y", target_kind="characters").read(
            {"f": list(range(25)), "y": [None, "a", "b" * 300, "c", "d"] * 5}
        )
    with pytest.raises(LoadError, match="in row 3: holds a null character"):
        text.LoadTexts("-", "f", "y").read(
            {"f": ["a b", "c", "d e", "f"] * 6, "y": ["p", None, "q", "a\0b"] * 6}
        )


NESTED = {
    "list": [[1, 2]] * NUM_ROWS,
    "struct": [{"a": 1}] * NUM_ROWS,
    "map": pa.array([[("a", 1)]] * NUM_ROWS, pa.map_(pa.string(), pa.int64())),
}


@pytest.mark.parametrize("kind", NESTED)
def test_a_nested_target(tmp_path, kind):
    with pytest.raises(LoadError, match=f"the target 'y' is nested: {kind}"):
        load(tmp_path / "t.parquet", "streamed", y=NESTED[kind])


@pytest.mark.parametrize("zone", ["", "Europe/Berlin"])
def test_times_as_classes(tmp_path, zone):
    """They are called the same, whichever way they are read."""
    times = [None, dt.datetime(2024, 1, 1, 5), dt.datetime(2024, 1, 1, 6, 30)] * (NUM_ROWS // 3)
    column = pa.array(times, pa.timestamp("us", zone or None))
    whole = load(tmp_path / "t.parquet", "whole", y=column)
    streamed = load(tmp_path / "t.parquet", "streamed", y=column)
    assert streamed.schema.target.labels == whole.schema.target.labels
    assert "T" in whole.schema.target.labels[0]
    assert streamed.whole.num_rows == len(whole) == 40
    assert np.array_equal(streamed.y, whole.y)


def test_half_floats(tmp_path):
    """The bound of numbers is beyond what float16 holds."""
    column = pa.array(np.arange(NUM_ROWS).astype(np.float16))
    dataset = load(tmp_path / "t.parquet", "streamed", y=words(5, "p"), c=column)
    (chunk,) = dataset.whole.stream.chunks(1)
    assert chunk.x["c"].dtype == np.float32
