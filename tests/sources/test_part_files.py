"""The files of a table in parts: which are read, which may differ, and what an error states."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.errors import LoadError
from pipelines.sources.memory import table_from_memory
from pipelines.sources.part_cells import all_rows
from pipelines.sources.parts import find_parts
from pipelines.sources.table import read_table
from tests.sources.part_by_part import cells_of_parts


def write(path, **columns):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_hidden_folders_are_left_out(tmp_path):
    """Rows of an attempt that was given up, or of an editor's copy, would be there twice."""
    rows = "a,b\n1,2\n"
    for inside in ("x.csv", "_temporary/0/x.csv", ".ipynb_checkpoints/x.csv", "_delta_log/0.json"):
        path = tmp_path / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rows)
    assert find_parts(str(tmp_path)).num_rows == 1


def test_a_partition_may_begin_with_a_low_line(tmp_path):
    for value in "12":
        write(tmp_path / f"_year={value}" / "x.parquet", a=[1.0])
    table = find_parts(str(tmp_path))
    assert table.names == ("a", "_year")
    assert table.num_rows == 2


MOMENTS = [dt.datetime(2024, 1, 1, 5, 0, second, 900_000) for second in range(4)]
NUMBERS = [decimal.Decimal(number) / 4 for number in range(4)]
ALIKE = {
    "texts": (pa.array(["p", "q", None, "p"]), pa.array(["r", "q"]).dictionary_encode()),
    "units": (pa.array(MOMENTS, pa.timestamp("us")), pa.array(MOMENTS, pa.timestamp("ms"))),
    "zones": (
        pa.array(MOMENTS, pa.timestamp("us", "Europe/Berlin")),
        pa.array(MOMENTS, pa.timestamp("ns", "UTC")),
    ),
    "digits": (pa.array(NUMBERS, pa.decimal128(6, 2)), pa.array(NUMBERS, pa.decimal128(9, 4))),
}


@pytest.mark.parametrize("kind", ALIKE)
def test_types_that_are_read_alike(tmp_path, kind):
    """As a whole and part by part the cells are the same, whichever file is first."""
    for names in ("ab", "ba"):
        for name, column in zip(names, ALIKE[kind], strict=True):
            write(tmp_path / names / f"{name}.parquet", c=column)
        table = find_parts(str(tmp_path / names))
        whole = table_from_memory(all_rows(table), packed=True)["c"]
        cells = cells_of_parts(table)["c"]
        assert pd.Series(list(whole)).equals(pd.Series(cells))
        if kind in ("units", "zones"):
            assert whole.dtype == np.dtype("datetime64[s]")
            assert whole[0] == np.datetime64("2024-01-01T05:00:00")


DIFFERENT = {
    "int64 and string": (pa.array([1]), pa.array(["p"])),
    "timestamp.* and timestamp.*UTC": (
        pa.array(MOMENTS, pa.timestamp("us")),
        pa.array(MOMENTS, pa.timestamp("us", "UTC")),
    ),
}


@pytest.mark.parametrize("words", DIFFERENT)
def test_other_types_are_named(tmp_path, words):
    for name, column in zip("ab", DIFFERENT[words], strict=True):
        write(tmp_path / f"{name}.parquet", c=column)
    with pytest.raises(LoadError, match=f"'c' is {words}"):
        find_parts(str(tmp_path))


@pytest.mark.parametrize("rows", ['{"a": 1}\n', "a\n1\n"], ids=["json", "csv"])
def test_partitions_are_the_same_in_every_path(tmp_path, rows):
    """Of JSON lines too, whose files may lack columns."""
    ending = "jsonl" if rows.startswith("{") else "csv"
    for inside in ("k=1", "."):
        (tmp_path / inside).mkdir(exist_ok=True)
        (tmp_path / inside / f"x.{ending}").write_text(rows)
    with pytest.raises(LoadError, match="name the columns (none|'k'), those"):
        find_parts(str(tmp_path))


def test_a_column_is_no_partition_too(tmp_path):
    """Also where the first file lacks the column."""
    for value, row in (("1", '{"a": 1}\n'), ("2", '{"a": 1, "k": 3}\n')):
        (tmp_path / f"k={value}").mkdir()
        (tmp_path / f"k={value}" / "x.jsonl").write_text(row)
    with pytest.raises(LoadError, match="'k' stands twice"):
        find_parts(str(tmp_path))


def test_an_empty_file_of_csv(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_text("")
    with pytest.raises(LoadError, match=r"b\.csv' is empty \(0 bytes\)"):
        find_parts(str(tmp_path))


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_part_that_is_written_while_it_is_read(tmp_path, ending):
    """Rows of another file under the numbers of known ones could be on both sides of a split."""
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["p", "q"]})
    save = {"parquet": frame.to_parquet, "csv": frame.to_csv}[ending]
    path = tmp_path / f"x.{ending}"
    save(path, index=False)
    table = find_parts(str(tmp_path))
    assert cells_of_parts(table)["a"]
    frame.loc[2] = (3.0, "r")
    save = {"parquet": frame.to_parquet, "csv": frame.to_csv}[ending]
    save(path, index=False)
    with pytest.raises(LoadError, match="was written or removed while it is read"):
        cells_of_parts(table)
    path.unlink()
    with pytest.raises(LoadError, match="was written or removed while it is read"):
        cells_of_parts(table)


def test_pq_is_parquet_as_a_whole_too(tmp_path):
    write(tmp_path / "x.pq", a=[1.0, 2.0])
    assert list(read_table(str(tmp_path / "x.pq"))["a"]) == [1.0, 2.0]


class NoCredentialsError(Exception):
    """As botocore has it: no OSError."""


def test_errors_of_clients(tmp_path, monkeypatch):
    """Where a URL leads to nothing, or its client raises what is no OSError."""
    from fsspec.implementations.memory import MemoryFileSystem

    with pytest.raises(LoadError, match="nothing at 'memory://nowhere'"):
        find_parts("memory://nowhere")
    with pytest.raises(LoadError, match="s3fs|no-such-protocol"):
        find_parts("no-such-protocol://bucket")
    with pytest.raises(LoadError, match="No such file"):
        find_parts(f"zip://a.csv::{tmp_path}/none.zip")

    def refuse(*args, **kwargs):
        raise NoCredentialsError("Unable to locate credentials")

    monkeypatch.setattr(MemoryFileSystem, "info", refuse)
    with pytest.raises(LoadError, match="Unable to locate credentials"):
        find_parts("memory://bucket/parts")


def test_a_name_that_no_file_can_have():
    with pytest.raises(LoadError):
        read_table("x" * 5000 + ".csv")
