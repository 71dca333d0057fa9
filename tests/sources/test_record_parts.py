"""TFRecord files as tables in parts: the cells that were written, or an error."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import LoadError
from pipelines.sources import record_parts, text_parts
from pipelines.sources.parts import find_parts, is_in_parts
from pipelines.tabular import LoadTable, Memory
from tests.tabular.test_streamed_text import cells_of

tf = pytest.importorskip("tensorflow")
_TYPES = {
    int: lambda cell: tf.train.Feature(int64_list=tf.train.Int64List(value=[cell])),
    float: lambda cell: tf.train.Feature(float_list=tf.train.FloatList(value=[cell])),
    str: lambda cell: tf.train.Feature(bytes_list=tf.train.BytesList(value=[cell.encode()])),
    list: lambda cell: tf.train.Feature(int64_list=tf.train.Int64List(value=cell)),
}


def write(path, rows, *, packed=False):
    options = tf.io.TFRecordOptions(compression_type="GZIP" if packed else "")
    with tf.io.TFRecordWriter(str(path), options) as file:
        for row in rows:
            features = {}
            for name, cell in row.items():
                if cell is not None:
                    features[name] = _TYPES[type(cell)](cell)
            example = tf.train.Example(features=tf.train.Features(feature=features))
            file.write(example.SerializeToString())


def rows_of(num_rows):
    random = np.random.default_rng(0)
    rows = []
    for row in range(num_rows):
        cells = {"a": row, "half": row / 2, "word": ["red", "é", ""][row % 3]}
        cells["holes"] = None if row % 5 == 0 else float(random.integers(9))
        cells["fault"] = ["no", "yes"][int(random.random() < 0.3 + 0.4 * (row % 3 == 0))]
        if row > num_rows // 2:
            cells["late"] = row % 4
        rows.append(cells)
    return rows


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"n": st.integers(-(2**63), 2**63 - 1), "x": st.floats(width=32, allow_nan=False)},
            optional={"t": st.text(st.characters(codec="utf-8"), max_size=4)},
        ),
        min_size=1,
        max_size=5,
    )
)
def test_the_cells_that_were_written(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(text_parts, "PIECE_BYTES", 40)
    write(tmp_path / "t.tfrecord", rows)
    found = cells_of(tmp_path / "t.tfrecord")
    assert found["n"] == [row["n"] for row in rows]
    assert found["x"] == [row["x"] for row in rows]
    assert found.get("t", [None] * len(rows)) == [row.get("t") for row in rows]


@pytest.mark.parametrize("name", ["t.tfrecord", "t.tfrecord.gz"])
def test_streamed_rows_are_those_in_memory(tmp_path, monkeypatch, name):
    monkeypatch.setattr(text_parts, "PIECE_BYTES", 5_000)
    write(tmp_path / name, rows_of(600), packed=name.endswith("gz"))
    path = str(tmp_path / name)
    whole, _ = LoadTable(path, "fault", memory=Memory("whole")).read()
    streamed, notes = LoadTable(path, "fault", memory=Memory("streamed")).read()
    assert streamed.schema.columns == whole.schema.columns
    assert streamed.num_rows == len(whole) == 600
    assert list(whole.x) == ["a", "half", "holes", "word", "late"]
    assert "streamed from" in notes[0].why


def test_a_data_set_of_tfds(tmp_path):
    """Shards, and classes whose names stand next to them."""
    folder = tmp_path / "birds" / "1.0.0"
    folder.mkdir(parents=True)
    for shard in range(2):
        rows = [{"size": float(row), "kind": row % 3 - 1} for row in range(9)]
        write(folder / f"birds-train.tfrecord-0000{shard}-of-00002", rows)
    (folder / "kind.labels.txt").write_text("gull\nswift\n")
    (folder / "dataset_info.json").write_text(json.dumps({"name": "birds"}))
    (folder / "features.json").write_text("{}")
    assert is_in_parts(str(tmp_path / "birds"))
    table = find_parts(str(tmp_path / "birds"))
    assert table.num_rows == 18 and table.num_files == 2
    assert cells_of(tmp_path / "birds")["kind"] == [None, "gull", "swift"] * 6
    (folder / "kind.labels.txt").write_text("gull\n")
    with pytest.raises(LoadError, match="'kind' is class 1, of 1"):
        find_parts(str(tmp_path / "birds"))


@pytest.mark.parametrize(
    "rows, reason",
    [
        ([{"a": 1}, {"a": [1, 2]}], "row 1: the column 'a' holds 2 values"),
        ([{"a": 1}, {"a": "x"}], "row 1: the column 'a' holds int64_list and bytes_list"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, rows, reason):
    write(tmp_path / "t.tfrecord", rows)
    with pytest.raises(LoadError, match=reason):
        find_parts(str(tmp_path / "t.tfrecord"))


def test_damaged_files_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "t.tfrecord"
    write(path, rows_of(20))
    content = path.read_bytes()
    for changed, reason in (
        (content[:-3], "ends inside row 19"),
        (b"a,b\n1,2\n1,2\n", "does not begin as TFRecord"),
        (b"ab", "does not begin as TFRecord"),
        (content + b"\xff" * 40, "damaged"),
        (content.replace(b"red", b"\xff\xff\xff"), "'word' holds bytes that are no UTF-8"),
    ):
        path.write_bytes(changed)
        with pytest.raises(LoadError, match=reason):
            find_parts(str(path))
    with tf.io.TFRecordWriter(str(path)) as file:
        file.write(b"\x0b\x0b")
    with pytest.raises(LoadError, match="row 0 is no tf.train.Example"):
        find_parts(str(path))
    assert record_parts.is_records("a/b-test.tfrecord-00000-of-00016")
