"""Files that would be read as CSV, and are something else: an error names what."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from pipelines.errors import LoadError
from pipelines.sources.table import Reading, read_source, read_table
from pipelines.sources.table_names import names_in_table

ROWS = b"a,b\n1,2\n3,4\n"
LINES = b'{"a": 1, "b": 2}\n'


def zipped():
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return sink.getvalue()


def feather():
    sink = io.BytesIO()
    pyarrow.feather.write_feather(pa.table({"a": [1], "b": [2]}), sink)
    return sink.getvalue()


def parquet():
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"a": [1], "b": [2]}), sink)
    return sink.getvalue()


OTHERS = {
    "t.csv.bz2": (bz2.compress(ROWS), "bzip2", "bunzip2"),
    "t.csv.xz": (lzma.compress(ROWS), "packed by xz", "unxz"),
    "t.csv.zst": (pa.compress(ROWS, "zstd", asbytes=True), "Zstandard", "unzstd"),
    "t.xlsx": (zipped(), "Excel", "CSV"),
    "t.feather": (feather(), "Feather", "read_feather"),
    "t.csv": (parquet(), "Parquet", ".parquet"),
    "t.jsonl.gz": (gzip.compress(LINES), "JSON lines packed by gzip", "gunzip"),
    "t.json": (json.dumps([{"a": 1}]).encode(), "JSON", "lines=True"),
    "t": (gzip.compress(ROWS), "packed by gzip", ".csv.gz"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_named_as_what_it_is(tmp_path, name):
    content, words, fix = OTHERS[name]
    path = tmp_path / name
    path.write_bytes(content)
    for read in (read_table, read_source, names_in_table):
        with pytest.raises(LoadError, match=words) as error:
            read(str(path), Reading())
        assert fix in error.value.fix


@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t", "t.csv.gz"])
def test_text_is_read_whatever_its_name(tmp_path, name):
    content = ROWS
    if name.endswith(".gz"):
        content = gzip.compress(ROWS)
    (tmp_path / name).write_bytes(content)
    assert read_table(str(tmp_path / name)) == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize("name", ["PAR1", "BZh", "ARROW1", "ORC", "PK"])
def test_columns_may_be_called_so(tmp_path, name):
    (tmp_path / "t.csv").write_text(f"{name},{name}2\n1,2\n")
    assert list(read_table(str(tmp_path / "t.csv"))) == [name, f"{name}2"]
