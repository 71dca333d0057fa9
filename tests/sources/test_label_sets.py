"""Several labels a row are read from one cell, or from one column a label."""

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import LoadError
from pipelines.sources.label_sets import find_separator, free_separator, holds_several
from pipelines.tabular.load import LoadTable
from pipelines.text.load import LoadTexts
from pipelines.vision.load import LoadFolder, LoadPaths

SHAPES = (
    "red|round",
    "red",
    "round",
    "blue|round",
    "blue",
    "red|round|small",
    "small",
    "blue|small",
)
CELLS = SHAPES * 5


def table(cells=CELLS, **more):
    return {"x": np.arange(len(cells)) * 0.5, "what": list(cells), **more}


def read(source, target="what", **knobs):
    return LoadTable("memory.csv", target, **knobs).read(source)


def test_one_cell_with_several_labels_is_found():
    dataset, inferred = read(table())
    target = dataset.schema.target
    assert target.task == "multilabel" and target.separator == "|"
    assert target.labels == ("blue", "red", "round", "small")
    for row, cell in enumerate(CELLS):
        has = [label in cell.split("|") for label in target.labels]
        np.testing.assert_array_equal(dataset.y[row], has)
    assert "target_kind=classes" in " ".join(line.why for line in inferred)


def test_cells_can_stay_classes():
    dataset, _ = read(table(), target_kind="classes")
    assert dataset.schema.target.task == "multiclass"
    assert "red|round" in dataset.schema.target.labels


@pytest.mark.parametrize(
    "cells",
    [
        ("Animals|Cats", "Animals|Dogs", "Plants|Trees", "Plants|Grass") * 5,  # codes
        ("a|1", "b|2", "c|3") * 5,
        ("red, round", "red", "round", "blue, round") * 5,  # a comma is never enough
        ("one", "two", "three") * 5,
        ("a|b",) + ("a", "b", "c") * 20,  # once
    ],
)
def test_doubtful_cells_are_classes(cells):
    assert holds_several(cells, frozenset()) == ""


@pytest.mark.parametrize("separator", [";", ",", "/", " "])
def test_separator_is_found_or_given(separator):
    cells = [cell.replace("|", separator) for cell in CELLS]
    assert find_separator(cells, frozenset()) == separator
    for given in ("", separator):
        dataset, _ = read(table(cells), target_kind="labels", label_separator=given)
        assert dataset.schema.target.labels == ("blue", "red", "round", "small")


def test_white_space_repeats_and_ends_do_not_count():
    cells = [f" {cell.replace('|', ' | ')} |" for cell in CELLS]
    cells[0] = "red|red|round|"
    dataset, _ = read(table(cells))
    np.testing.assert_array_equal(dataset.y, read(table())[0].y)


def test_rows_without_a_label_have_a_word_or_are_left_out():
    cells = (*CELLS, "", "", "", "none")
    dataset, inferred = read(table(cells), empty_class="none")
    assert len(dataset) == len(cells) and not dataset.y[-4:].any()
    assert "4 rows have none" in " ".join(line.why for line in inferred)
    left, inferred = read(table((*CELLS, "", "", "")))
    assert len(left) == len(CELLS)
    assert "3 rows without it are left out" in inferred[0].why


def test_spellings_of_one_label_are_joined_or_refused():
    cells = [*CELLS, "Red", "Red|round", "Red|small"]
    with pytest.raises(LoadError, match="differ in case"):
        read(table(cells))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((*CELLS, "rare|red", "rare"), "'rare' .* 2 rows with it"),
        (tuple(f"{cell}|all" for cell in CELLS), "'all' .* 0 rows without it"),
    ],
)
def test_labels_with_too_few_rows_are_refused(cells, message):
    with pytest.raises(LoadError, match=message):
        read(table(cells))


def test_one_label_a_row_is_no_set():
    with pytest.raises(LoadError, match="no cell of the target"):
        read(table(("a", "b", "c") * 5), target_kind="labels")


def test_lists_in_cells_are_labels():
    frame = pd.DataFrame(table())
    frame["what"] = [cell.split("|") for cell in CELLS]
    dataset, _ = read(frame)
    np.testing.assert_array_equal(dataset.y, read(table())[0].y)


FLAGS = {
    "red": [1, 0, 1, 0, 1, 0, 1, 0],
    "round": ["yes", "no", "no", "yes", "yes", "no", "no", "yes"],
    "big": [True, True, False, False, True, True, False, False],
}


def test_one_column_a_label():
    source = {"x": np.arange(8.0) / 3, **FLAGS}
    dataset, _ = read(source, target=("red", "round", "big"))
    assert dataset.schema.target.labels == ("red", "round", "big")
    assert dataset.schema.target.name == "red, round, big"
    assert [column.name for column in dataset.schema.columns] == ["x"]
    np.testing.assert_array_equal(dataset.y[:, 0], FLAGS["red"])
    np.testing.assert_array_equal(dataset.y[:, 1], [1, 0, 0, 1, 1, 0, 0, 1])
    np.testing.assert_array_equal(dataset.y[:, 2], FLAGS["big"])


def test_rows_that_lack_a_label_column_are_left_out():
    red = [1, 0, 1, 0, 1, 0, None, None]
    source = {"x": np.arange(8.0) / 3, **FLAGS, "red": red}
    dataset, inferred = read(source, target=("red", "round"))
    assert dataset.ids.tolist() == list(range(6))
    assert inferred[0].why == "2 rows that lack one of them are left out"


def test_filled_cells_are_labels():
    source = {
        "x": np.arange(8.0),
        "one": ["a", "", "b", None, "c", "", "", "d"],
        "two": ["", "", "", "", "w", "w", "w", "w"],
    }
    dataset, _ = read(source, target=("one", "two"), target_kind="presence")
    np.testing.assert_array_equal(dataset.y[:, 0], [1, 0, 1, 0, 1, 0, 0, 1])
    np.testing.assert_array_equal(dataset.y[:, 1], [0, 0, 0, 0, 1, 1, 1, 1])


@pytest.mark.parametrize(
    ("target", "knobs", "message"),
    [
        (("red", "red"), {}, "several different ones"),
        (("red",), {}, "several different ones"),
        (("red", "round"), {"target_kind": "number"}, "target_kind 'number' for 2 target columns"),
        (("red", "round"), {"label_separator": "|"}, "with 2 target columns"),
        (("red", "round"), {"positive": "red"}, "for a target of several labels"),
        (("red", "round"), {"empty_class": "none"}, "several target columns"),
        (("red", "x"), {}, "'x', row 2"),
        ("red", {"label_separator": "|", "target_kind": "number"}, "label_separator"),
    ],
)
def test_contradictions_are_refused(target, knobs, message):
    with pytest.raises(LoadError, match=message):
        read({"x": np.arange(8.0), **FLAGS}, target=target, **knobs)


def test_texts():
    source = {"text": [f"text {row}" for row in range(len(CELLS))], "what": list(CELLS)}
    dataset, _ = LoadTexts("memory.csv", "text", "what").read(source)
    assert dataset.schema.target.labels == ("blue", "red", "round", "small")
    flags = {"text": [f"text {row}" for row in range(8)], **FLAGS}
    dataset, _ = LoadTexts("memory.csv", "text", ("red", "big")).read(flags)
    np.testing.assert_array_equal(dataset.y[:, 1], FLAGS["big"])


def test_paths_of_pictures(tmp_path):
    from PIL import Image

    for row in range(len(CELLS)):
        Image.new("RGB", (8, 8), (row, 0, 0)).save(tmp_path / f"{row}.png")
    names = [f"{row}.png" for row in range(len(CELLS))]
    frame = pd.DataFrame({"path": names, "what": CELLS, "red": [c.count("red") for c in CELLS]})
    frame["round"] = [cell.count("round") for cell in CELLS]
    frame.to_csv(tmp_path / "table.csv", index=False)
    load = LoadPaths(str(tmp_path / "table.csv"), "what", height=8, width=8)
    dataset, _ = load.read()
    assert dataset.schema.target.labels == ("blue", "red", "round", "small")
    two = LoadPaths(str(tmp_path / "table.csv"), ("red", "round"), height=8, width=8)
    np.testing.assert_array_equal(two.read()[0].y, dataset.y[:, 1:3])


@pytest.mark.parametrize("as_array", [False, True])
def test_pictures_in_memory(as_array):
    pictures = np.zeros((len(CELLS), 8, 8, 3), np.uint8)
    has = np.array([[label in cell.split("|") for label in ("blue", "red")] for cell in CELLS])
    if as_array:
        labels = has.astype(int)
    else:
        labels = [cell.split("|") for cell in CELLS]
    dataset, _ = LoadFolder("nowhere", height=8, width=8).read(
        {"picture": pictures, "label": labels}
    )
    np.testing.assert_array_equal(dataset.y[:, :2], has)


def test_answers_are_joined_by_what_no_label_holds():
    assert free_separator(("a", "b"), ";") == ";"
    assert free_separator(("a|b", "c"), "|") == ";"
