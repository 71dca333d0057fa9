"""Sources of texts: what is read, and what is refused with a reason before anything is trained."""

import gzip
import json
import os
import time
import unicodedata

import numpy as np
import pandas as pd
import pytest

from pipelines import text
from pipelines.errors import LoadError, RecipeError
from pipelines.rows.duplicates import find_duplicates
from pipelines.rows.split import SplitGiven, SplitGrouped, SplitRandom, split
from pipelines.text import LoadTextFolder, LoadTexts, LoadTextTfds, decode, text_recipe

FRAME = pd.DataFrame(
    {
        "body": ["Red car", "red car", "blue bus", "", None, "green tram", "two cars", "a bus"] * 3,
        "kind": ["car", "car", "bus", "car", "bus", "tram", "car", "bus"] * 3,
        "who": ["x", "y", "x", "y", "x", "y", "z", "z"] * 3,
    }
)


def read(source=FRAME, **knobs):
    return text.LoadTexts("f.csv", "body", "kind", **knobs).read(source)


def write(frame, path):
    if path.suffix == ".jsonl":
        lines = [
            json.dumps(
                {name: value for name, value in row.items() if value is not None and value == value}
            )
            for row in frame.to_dict("records")
        ]
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
    assert (
        dataset.x["body"].tolist() == wanted.x["body"].tolist()
        and dataset.y.tolist() == wanted.y.tolist()
    )
    assert dataset.ids.tolist() == wanted.ids.tolist() and len(dataset) == 18


def test_texts_without_content_and_repeated_ones():
    bodies = (
        [f"Car {place}" for place in range(6)]
        + ["CAR 1", "car 2", " ", None]
        + [f"bus {n}" for n in range(6)]
    )
    frame = pd.DataFrame({"body": bodies, "kind": ["car"] * 10 + ["bus"] * 6})
    dataset, notes = read(frame, distinct=True)
    assert dataset.x["body"].tolist() == bodies[:6] + bodies[10:]
    assert dataset.ids.tolist() == [*range(6), *range(10, 16)]
    said = " ".join(each.why for each in notes)
    assert (
        "2 rows without a text are left out" in said
        and "2 rows with a text that stood before" in said
    )


def test_groups_and_classes():
    dataset, _ = read(group=("who",))
    assert len(np.unique(dataset.group)) == 3 and dataset.schema.target.labels == (
        "bus",
        "car",
        "tram",
    )


def test_rows_without_a_target_become_a_class():
    frame = FRAME.assign(
        kind=[None if place % 4 == 0 else kind for place, kind in enumerate(FRAME["kind"])]
    )
    dataset, _ = read(frame, empty_class="None")
    assert dataset.schema.target.labels == ("None", "bus", "car", "tram")
    present, _ = read(frame, target_kind="presence")
    assert present.schema.target.labels == ("no kind", "kind")
    left_out, notes = read(frame)
    assert (
        any("6 rows without it are left out" in each.why for each in notes)
        and "None" not in left_out.schema.target.labels
    )


def test_duplicates_across_the_split_are_found():
    parts = split(read()[0], SplitRandom(test=0.3, valid=0.2, seed=0))
    assert find_duplicates(parts)["test_in_train"] > 0


@pytest.mark.parametrize(
    "change, knobs, said",
    [
        ({}, {"target_kind": "x"}, "target_kind"),
        ({}, {"target_kind": "presence", "empty_class": "None"}, "empty_class"),
        ({"body": [""] * 24}, {}, "empty in all 24 rows"),
        ({"kind": ["car"] * 24}, {}, "one class"),
        ({"kind": ["car"] * 22 + ["bus"] * 2}, {}, "two rows"),
        ({"body": ["a" * 1_000_001] * 24}, {}, "1,000,001 characters"),
    ],
)
def test_bad_sources_are_refused(change, knobs, said):
    with pytest.raises(LoadError, match=said):
        read(FRAME.assign(**change), **knobs)


@pytest.mark.parametrize(
    "columns, said",
    [
        (("nobody", "kind"), "load.text"),
        (("body", "nokind"), "load.target"),
        (("body", "body"), "both the text and the target"),
    ],
)
def test_wrong_names_are_told(columns, said):
    with pytest.raises(LoadError, match=said):
        text.LoadTexts("f.csv", *columns).read(FRAME)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"", "0 bytes"),
        (b'{"body": 1\n', "row 0:"),
        (b"[1, 2]\n", "not an object"),
        (b'{"body": [1]}\n', "is nested"),
        (b"\xff\xfe{\n", "after 0 rows"),
        (b"\n\n", "no rows"),
        (b"[" * 100_000, "row 0:"),
    ],
)
def test_broken_json_lines_are_refused(content, said, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=said):
        text.LoadTexts(str(path), "body", "kind").read()


@pytest.fixture(scope="module")
def remarks():
    """(remark, "some" or "none" as its effect on the flight): twelve of each."""
    frame = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)[
        ["remarks", "effect"]
    ]
    frame = frame[frame.remarks.str.len() > 20].drop_duplicates("remarks")
    return [
        *((each, "some") for each in frame[frame.effect != ""].remarks[:12]),
        *((each, "none") for each in frame[frame.effect == ""].remarks[:12]),
    ]


@pytest.fixture
def folder(remarks, tmp_path):
    """The remarks as files in class folders."""
    return write_files(tmp_path / "remarks", remarks)


def write_files(root, rows, *, prefix="", encoding="utf-8"):
    for place, (body, label) in enumerate(rows):
        path = root / label / f"{prefix}{place:03d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode(encoding))
    return root


def said(inferred):
    return {each.name: (each.kind, each.why) for each in inferred}


def refused(spec, words, source=None):
    with pytest.raises(LoadError) as caught:
        spec.read(source)
    message = str(caught.value)
    assert (
        words in message
        and message.startswith("[load] ")
        and "\n  expected: " in message
        and "\n  fix: " in message
    )
    assert len(message) < 2000 and message.encode()
    return message


def test_a_folder_of_classes(folder, remarks):
    (folder / "some" / "deep").mkdir()
    (folder / "some" / "000.txt").rename(folder / "some" / "deep" / "000.TEXT")
    spec = LoadTextFolder(str(folder))
    dataset, inferred = spec.read()
    assert (
        dataset.schema.target.labels == ("none", "some") and dataset.schema.target.name == "label"
    )
    assert [each.name for each in dataset.schema.columns] == ["text"] and dataset.part is None
    assert dataset.ids.tolist() == list(range(24))
    stored = dict(remarks)
    assert {
        each: ("none", "some")[y] for each, y in zip(dataset.x["text"], dataset.y, strict=True)
    } == stored
    assert said(inferred)["text"][1].startswith("24 texts of ") and "'remarks'" not in said(
        inferred
    )
    assert spec.describe()["name"] == "remarks" and len(spec.describe()["sha256"]) == 64
    before = spec.describe()["sha256"]
    (folder / "some" / "001.txt").write_text("another")
    assert spec.describe()["sha256"] != before
    again, _ = LoadTextFolder(str(folder), positive="none").read()
    assert again.schema.target.labels == ("some", "none")


@pytest.mark.parametrize("valid", ["", "Validation"])
def test_a_folder_of_parts(remarks, tmp_path, valid):
    root = tmp_path / "d"
    write_files(root / "train", remarks[::2])
    write_files(root / "test", remarks[1::4])
    if valid:
        write_files(root / valid, remarks[3::4])
    (root / ".git").mkdir()
    spec = LoadTextFolder(str(root))
    dataset, inferred = spec.read()
    assert (
        said(inferred)["part"][1]
        == "as the source gives them: train 12, " + ("valid 6, " if valid else "") + "test 6"
    )
    assert spec.names_parts() and isinstance(text_recipe(spec).split, SplitGiven)
    parts = split(dataset, SplitGiven(valid=0.25))
    assert (len(parts.train), len(parts.valid), len(parts.test)) == (
        (12, 6, 6) if valid else (9, 3, 6)
    )
    assert find_duplicates(parts)["test_in_train"] == 0
    (root / "test" / "some" / "again.txt").write_text(
        next(each for each, label in remarks[::2] if label == "some")
    )
    twins = find_duplicates(split(spec.read()[0], SplitGiven(valid=0.25)))
    assert twins["test_in_train"] + twins["test_in_valid"] == 1


def test_groups_by_name_and_the_recipe_for_them(remarks, tmp_path):
    for author in range(4):
        write_files(tmp_path / "d", remarks[author::4], prefix=f"author{author}_")
    spec = LoadTextFolder(str(tmp_path / "d"), group=r"author(\d)_")
    assert np.bincount(spec.read()[0].group).tolist() == [6, 6, 6, 6]
    assert isinstance(text_recipe(spec).split, SplitGrouped) and text_recipe(spec).about
    assert isinstance(text_recipe(LoadTextFolder(str(tmp_path / "d"))).split, SplitRandom)
    assert isinstance(
        text_recipe(LoadTexts("f.csv", "body", "kind", group=("who",))).split, SplitGrouped
    )
    for pattern, words in (
        (r"q(\d)", "finds no group in 24 names"),
        ("(", "unterminated"),
        ("a", "has 0 groups"),
    ):
        refused(LoadTextFolder(str(tmp_path / "d"), group=pattern), words)


def test_a_text_that_cannot_be_read_needs_no_group(remarks, tmp_path):
    folder = write_files(tmp_path / "d", remarks, prefix="author1_")
    spec = LoadTextFolder(str(folder), group=r"author(\d)_")
    num_rows = len(spec.read()[0])
    unread = folder / remarks[0][1] / "unread.txt"
    unread.write_bytes(b"")
    assert len(spec.read()[0]) == num_rows
    unread.write_text("a text of its own")
    refused(spec, "finds no group in 1 names")


def test_every_encoding_gives_the_same_text(folder):
    body = "Caf\u00e9 \u2013 na\u00efve"
    some = folder / "some"
    for place, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16", "cp1252")):
        (some / f"a{place}.txt").write_bytes(body.encode(encoding))
    (some / "a4.txt").write_bytes(b"\xfe\xff" + body.encode("utf-16-be"))
    dataset, inferred = LoadTextFolder(str(folder)).read()
    assert dataset.x["text"].tolist().count(body) == 5 and len(dataset) == 29
    kind, why = said(inferred)["1 file"]
    assert kind == "cp1252" and "'some/a3.txt'" in why
    for path in folder.rglob("*.txt"):
        path.write_bytes("\u042f \u0435\u0434\u0443".encode("koi8-r"))
    dataset, inferred = LoadTextFolder(str(folder), encoding="koi8-r").read()
    assert set(dataset.x["text"]) == {"\u042f \u0435\u0434\u0443"} and "1 file" not in said(
        inferred
    )
    refused(LoadTextFolder(str(folder), encoding="utf-8"), "not utf-8")
    refused(LoadTextFolder(str(folder), encoding="klingon"), "encoding 'klingon'")
    refused(LoadTextFolder(str(folder), encoding="hex"), "encoding 'hex'")


@pytest.mark.parametrize(
    "content, encoding, wanted",
    [
        (b"\xef\xbb\xbfa", "UTF8", "a"),
        (b"\xef\xbb\xbf", "", ""),
        (b"\xff\xfe", "", ""),
        (b"a\r\nb", "", "a\r\nb"),
        (b"\xff\xfea", "", "not utf-16"),
        ("a".encode("utf-16-le"), "", "null characters"),
        ("a".encode("utf-32"), "", "null characters"),
        (b"\xe9\x81", "", "neither UTF-8 nor cp1252"),
        (b"\xe9\x02", "", "control characters"),
        (b"\xe9\t\n", "", "\u00e9\t\n"),
        (b"\xe9", "ascii", "not ascii"),
    ],
)
def test_bytes_that_are_text_and_that_are_not(content, encoding, wanted):
    try:
        assert decode.decode(content, encoding)[0] == wanted
    except ValueError as error:
        assert wanted in str(error) and " " in wanted


def test_what_cannot_be_read_is_set_aside_and_named(folder):
    some = folder / "some"
    (some / "a.txt").write_bytes(b"")
    (some / "b.txt").write_text(" \n\t")
    (some / "c.txt").write_bytes(b"a text with a null \0 in it")
    (some / "d.txt").touch()
    os.truncate(some / "d.txt", 2**33)
    (some / "e.txt").write_text("a" * 1_000_001)
    os.mkfifo(some / "f.txt")
    (some / "g.txt").write_bytes(
        np.random.default_rng(0).integers(1, 256, 4000).astype(np.uint8).tobytes()
    )
    (some / ".hidden.txt").write_text("hidden")
    (some / "notes.docx").write_text("?")
    (folder / "h.txt").write_text("outside")
    (folder / ".git").mkdir()
    dataset, inferred = LoadTextFolder(str(folder)).read()
    lines = said(inferred)
    assert len(dataset) == 24 and lines["skipped"][0] == "7 files"
    assert lines["skipped"][1].split("; ") == [
        "'some/a.txt': zero bytes",
        "'some/b.txt': no text",
        "'some/c.txt': holds null characters: it is not text",
        "'some/d.txt': 8,589,934,592 bytes, at most 4,000,000",
        "'some/e.txt': 1,000,001 characters, at most 1,000,000",
        "'some/f.txt': not a regular file",
        "'some/g.txt': neither UTF-8 nor cp1252",
    ]
    assert lines["ignored"][0] == "4 files" and "'some/notes.docx'" in lines["ignored"][1]


def test_files_that_may_not_be_read(folder, monkeypatch):
    def forbidden(path):
        raise PermissionError if "000" in path else OSError(5, "Input/output error")

    monkeypatch.setattr(decode, "open_regular", forbidden)
    message = refused(LoadTextFolder(str(folder)), "24 of 24 texts in")
    assert "cannot be read: Input/output error" in message
    with pytest.raises(ValueError, match="may not be read"):
        decode.read_text(folder.resolve(), "some/000.txt", "")


def test_more_than_half_unreadable_is_refused(folder):
    for path in sorted(folder.rglob("*.txt"))[:13]:
        path.write_bytes(b"\0")
    refused(LoadTextFolder(str(folder)), "13 of 24 texts in")


def test_links_out_of_the_folder_and_loops(folder, remarks, tmp_path):
    outside = write_files(tmp_path / "outside", remarks) / "some"
    (folder / "some" / "out.txt").symlink_to(outside / "000.txt")
    (folder / "some" / "in.txt").symlink_to("000.txt")
    (folder / "some" / "lost.txt").symlink_to("nothing.txt")
    (folder / "some" / "round.txt").symlink_to("round.txt")
    (folder / "some" / "loop").symlink_to(folder)
    (folder / "elsewhere").symlink_to(outside)
    dataset, inferred = LoadTextFolder(str(folder)).read()
    assert len(dataset) == 25 and set(dataset.schema.target.labels) == {"none", "some"}
    kind, why = said(inferred)["skipped"]
    assert kind == "5 files" and "'some/out.txt': leads out of the folder" in why
    assert "'elsewhere': a link to a folder" in why and "'some/lost.txt': no such file" in why


def test_odd_names_are_only_names(remarks, tmp_path):
    names = [
        "..%2f..",
        "-rf",
        "two\nlines",
        unicodedata.normalize("NFD", "caf\u00e9"),
        "\u65e5\u672c",
        "a b",
        "%s{0}",
        "NA",
    ]
    write_files(
        tmp_path / "d",
        [(body, names[place % 8]) for place, (body, _) in enumerate(remarks)],
        prefix="\u65e5 ",
    )
    os.rename(
        tmp_path / "d" / "-rf" / "\u65e5 001.txt",
        os.fsencode(tmp_path / "d" / "-rf") + b"/\xff.txt",
    )
    dataset, _ = LoadTextFolder(str(tmp_path / "d")).read()
    assert len(dataset) == 24
    assert set(dataset.schema.target.labels) == {
        unicodedata.normalize("NFC", name) for name in names
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d"]
    assert len(LoadTextFolder(str(tmp_path / "d")).describe()["sha256"]) == 64


def test_folders_that_hold_nothing_to_learn(folder, tmp_path):
    refused(LoadTextFolder(str(tmp_path / "none")), "no folder")
    refused(LoadTextFolder("\0"), "no folder")
    assert not LoadTextFolder("\0").names_parts()
    refused(LoadTextFolder(str(folder / "some" / "000.txt")), "a file, not a folder:")
    message = refused(LoadTextFolder(str(folder / "some")), "no texts in the folder")
    assert "<class>/*.txt" in message and ".txt, .text, .md" in message
    (tmp_path / "empty").mkdir()
    refused(LoadTextFolder(str(tmp_path / "empty")), "no texts in the folder")
    refused(LoadTextFolder(str(folder), positive="any"), "load.positive='any'")
    with pytest.raises(RecipeError, match="load.distinct='yes'"):
        LoadTextFolder(str(folder), distinct="yes").read()
    for path in sorted((folder / "some").iterdir())[1:]:
        path.unlink()
    refused(LoadTextFolder(str(folder)), "class 'some' of the target 'label' has one text")
    (folder / "some" / "000.txt").write_text(" ")
    refused(LoadTextFolder(str(folder)), "has one class, 'none', in all texts")


def test_more_than_memory_holds_is_refused_before_it_is_read(folder, monkeypatch):
    monkeypatch.setattr(decode, "MAX_TABLE_BYTES", 1000)
    monkeypatch.setattr(text.load, "read_text", None)
    refused(LoadTextFolder(str(folder)), "the texts in 'remarks': ")


def test_repeated_texts_in_files(folder, remarks):
    (folder / "some" / "again.txt").write_text(remarks[0][0].upper())
    dataset, inferred = LoadTextFolder(str(folder), distinct=True).read()
    assert len(dataset) == 24 and any(
        "1 rows with a text that stood before" in each.why for each in inferred
    )
    assert len(LoadTextFolder(str(folder)).read()[0]) == 25


def test_texts_in_memory(remarks, folder):
    bodies = [body for body, _ in remarks]
    labels = [label for _, label in remarks]
    for spec in (LoadTextFolder(""), LoadTextTfds("any")):
        dataset, _ = spec.read(
            {
                "text": bodies,
                "label": labels,
                "part": ["train", "test"] * 12,
                "group": list(range(12)) * 2,
            }
        )
        assert dataset.x["text"].tolist() == bodies and (dataset.part == "test").sum() == 12
        assert len(np.unique(dataset.group)) == 12 and spec.describe({})["sha256"] == ""
    spec = LoadTextFolder("")
    numbered, _ = spec.read({"text": np.array(bodies), "label": np.arange(24) % 12 % 2})
    assert numbered.schema.target.labels == ("0", "1")
    mixed, inferred = spec.read({"text": [None, b"?", *bodies[2:]], "label": [*labels[:23], None]})
    why = said(inferred)["skipped"][1]
    assert len(mixed) == 21 and "'row 0': no text" in why and "'row 23': no label" in why
    assert "'row 1': not a single value but a bytes" in why and mixed.ids.tolist() == list(
        range(2, 23)
    )
    again, _ = LoadTextFolder("", distinct=True).read(
        {"text": [bodies[0], *bodies], "label": ["", *labels]}
    )
    assert again.ids.tolist() == list(
        range(1, 25)
    )  # the first has no label, so it is not the one that stays
    refused(spec, "columns of different lengths", {"text": bodies, "label": labels[:3]})
    refused(spec, "a source of type list", bodies)
    refused(spec, "a source of type dict with 'text'", {"text": bodies})
    refused(spec, "text is a str", {"text": "one", "label": labels})
    refused(spec, "no texts in", {"text": [], "label": []})
    refused(
        spec, "the part 'later' in row 0", {"text": bodies, "label": labels, "part": ["later"] * 24}
    )


@pytest.fixture(scope="module")
def prepared(remarks, tmp_path_factory):
    """A folder in which tfds has prepared the remarks: numbers, classes and texts, in two
    splits.
    """
    from pipelines.sources.tensorflow import load_tensorflow

    load_tensorflow()
    import tensorflow as tf
    import tensorflow_datasets as tfds

    features = tfds.features.FeaturesDict(
        {
            "text": tfds.features.Text(),
            "length": np.int64,
            "label": tfds.features.ClassLabel(names=["none", "some"]),
        }
    )
    bodies = [body for body, _ in remarks]
    numbers = [int(label == "some") for _, label in remarks]
    folder = tmp_path_factory.mktemp("tfds")
    tfds.dataset_builders.store_as_tfds_dataset(
        name="small_remarks",
        version="1.0.0",
        features=features,
        data_dir=folder,
        split_datasets={
            split: tf.data.Dataset.from_tensor_slices(
                {
                    "text": bodies[few],
                    "label": numbers[few],
                    "length": [len(body) for body in bodies[few]],
                }
            )
            for split, few in (("train", slice(0, 24, 2)), ("test", slice(1, 24, 2)))
        },
    )
    return folder


def test_prepared_by_tfds(remarks, prepared):
    stored = dict(remarks)
    for spec in (
        LoadTextTfds("small_remarks", str(prepared)),
        LoadTextTfds("x", str(prepared / "small_remarks" / "1.0.0")),
    ):
        dataset, inferred = spec.read()
        assert (
            dataset.schema.target.labels == ("none", "some")
            and (dataset.part == "test").sum() == 12
        )
        assert {
            each: ("none", "some")[y] for each, y in zip(dataset.x["text"], dataset.y, strict=True)
        } == stored
        assert (
            spec.describe()["name"] == "small_remarks/1.0.0"
            and len(spec.describe()["sha256"]) == 64
        )
        assert (
            isinstance(text_recipe(spec).split, SplitGiven)
            and "small_remarks" in said(inferred)["text"][1]
        )
    few = LoadTextTfds("small_remarks", str(prepared), splits=("train[:75%]",))
    assert len(few.read()[0]) == 9 and isinstance(text_recipe(few).split, SplitRandom)


def test_prepared_sets_that_are_refused(prepared, tmp_path, monkeypatch):
    at = ("small_remarks", str(prepared))
    refused(LoadTextTfds(*at, splits=("extra",)), "no split 'extra' in small_remarks/1.0.0")
    refused(LoadTextTfds(*at, text="body"), "no feature 'body' in small_remarks/1.0.0")
    refused(LoadTextTfds(*at, text="length"), "the feature 'length' of small_remarks/1.0.0 is")
    refused(
        LoadTextTfds(*at, text="label"),
        "the feature 'label' of small_remarks/1.0.0 is of type ClassLabel",
    )
    monkeypatch.setattr(decode, "MAX_TABLE_BYTES", 100)
    refused(LoadTextTfds(*at), "small_remarks/1.0.0: ")
    refused(LoadTextTfds("imdb_reviews", str(tmp_path / "none")), "no folder")
    start = time.monotonic()
    message = refused(
        LoadTextTfds("imdb_reviews", str(tmp_path)),
        "the data set 'imdb_reviews' is not prepared in",
    )
    assert "tfds.load('imdb_reviews', data_dir='tfds')" in message
    assert (
        not LoadTextTfds("imdb_reviews", str(tmp_path)).names_parts()
        and time.monotonic() - start < 20
    )
