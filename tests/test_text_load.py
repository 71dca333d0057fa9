"""Sources of texts: what is read, and what is refused with a reason before anything is trained."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from pipelines import text
from pipelines.errors import LoadError
from pipelines.split import SplitRandom, find_duplicates, split

FRAME = pd.DataFrame({"body": ["Red car", "red car", "blue bus", "", None, "green tram", "two cars", "a bus"] * 3,
                      "kind": ["car", "car", "bus", "car", "bus", "tram", "car", "bus"] * 3,
                      "who": ["x", "y", "x", "y", "x", "y", "z", "z"] * 3})


def read(source=FRAME, **knobs):
    return text.LoadTexts("f.csv", "body", "kind", **knobs).read(source)


def write(frame, path):
    if path.suffix == ".jsonl":
        lines = [json.dumps({name: value for name, value in row.items() if value is not None and value == value})
                 for row in frame.to_dict("records")]
        path.write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    else:
        frame.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "t.jsonl"])
def test_every_kind_of_file_gives_the_same(name, tmp_path):
    wanted, _ = read()
    dataset, _ = text.LoadTexts(write(FRAME, tmp_path / name), "body", "kind").read()
    assert dataset.x["body"].tolist() == wanted.x["body"].tolist() and dataset.y.tolist() == wanted.y.tolist()
    assert dataset.ids.tolist() == wanted.ids.tolist() and len(dataset) == 18


def test_texts_without_content_and_repeated_ones():
    bodies = [f"Car {place}" for place in range(6)] + ["CAR 1", "car 2", " ", None] + [f"bus {n}" for n in range(6)]
    frame = pd.DataFrame({"body": bodies, "kind": ["car"] * 10 + ["bus"] * 6})
    dataset, notes = read(frame, distinct=True)
    assert dataset.x["body"].tolist() == bodies[:6] + bodies[10:]
    assert dataset.ids.tolist() == [*range(6), *range(10, 16)]
    said = " ".join(each.why for each in notes)
    assert "2 rows without a text are left out" in said and "2 rows with a text that stood before" in said


def test_groups_and_classes():
    dataset, _ = read(group=("who",))
    assert len(np.unique(dataset.group)) == 3 and dataset.schema.target.labels == ("bus", "car", "tram")


def test_rows_without_a_target_become_a_class():
    frame = FRAME.assign(kind=[None if place % 4 == 0 else kind for place, kind in enumerate(FRAME["kind"])])
    dataset, _ = read(frame, empty_class="None")
    assert dataset.schema.target.labels == ("None", "bus", "car", "tram")
    present, _ = read(frame, target_kind="presence")
    assert present.schema.target.labels == ("no kind", "kind")
    left_out, notes = read(frame)
    assert any("6 rows without it are left out" in each.why for each in notes) and "None" not in \
        left_out.schema.target.labels


def test_duplicates_across_the_split_are_found():
    parts = split(read()[0], SplitRandom(test=0.3, valid=0.2, seed=0))
    assert find_duplicates(parts)["test_in_train"] > 0


@pytest.mark.parametrize("change, knobs, said", [
    ({}, {"target_kind": "x"}, "target_kind"),
    ({}, {"target_kind": "presence", "empty_class": "None"}, "empty_class"),
    ({"body": [""] * 24}, {}, "empty in all 24 rows"),
    ({"kind": ["car"] * 24}, {}, "one class"),
    ({"kind": ["car"] * 22 + ["bus"] * 2}, {}, "two rows"),
    ({"body": ["a" * 1_000_001] * 24}, {}, "1,000,001 characters"),
])
def test_bad_sources_are_refused(change, knobs, said):
    with pytest.raises(LoadError, match=said):
        read(FRAME.assign(**change), **knobs)


@pytest.mark.parametrize("columns, said", [(("nobody", "kind"), "load.text"), (("body", "nokind"), "load.target"),
                                           (("body", "body"), "both the text and the target")])
def test_wrong_names_are_told(columns, said):
    with pytest.raises(LoadError, match=said):
        text.LoadTexts("f.csv", *columns).read(FRAME)


@pytest.mark.parametrize("content, said", [
    (b"", "0 bytes"), (b"{\"body\": 1\n", "after 0 rows"), (b"[1, 2]\n", "not an object"),
    (b"{\"body\": [1]}\n", "not an object"), (b"\xff\xfe{\n", "after 0 rows"), (b"\n\n", "no rows"),
    (b"[" * 100_000, "after 0 rows")])
def test_broken_json_lines_are_refused(content, said, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=said):
        text.LoadTexts(str(path), "body", "kind").read()
