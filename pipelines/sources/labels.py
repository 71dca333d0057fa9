"""Class names, groups and parts as a source writes them → numbers and words, one way for every
modality.
"""

from collections.abc import Sequence

import numpy as np

from ..device.cells import TRUE_WORDS, Column, is_missing, read_column, shorten
from ..device.target import Target
from ..errors import LoadError
from ..tasks.class_target import class_target
from .spellings import join_groups
from .words import count_words

MAX_CLASSES = 1000
MANY = "merge classes"
# The words that sources name their parts with.
PARTS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
    "testing": "test",
}


def read_classes(cells: Sequence, name: str, missing: frozenset[str]) -> np.ndarray:
    """Text, object [rows], of a target's cells. Raises LoadError for what cannot be the name of a
    class.
    """
    texts, bad = read_column(cells, Column(name, "categorical"), missing)
    if bad:
        raise LoadError(
            f"the target {shorten(name)} in row {bad[0].row}: {bad[0].reason}",
            expected="short class names",
            fix="fix the cell",
        )
    return texts


def class_texts(
    values: np.ndarray, classes: tuple[str, ...]
) -> tuple[list[str | None], tuple[str, ...]]:
    """Class names of labels [rows] that are text, whole numbers or truth values, None where there
    is none; and the order of whole numbers. `classes` names 0, 1, ... . Raises LoadError.
    """
    if len(set(classes)) < len(classes):
        raise LoadError(
            f"load.classes={classes!r}",
            expected="each name once",
            fix="give every class its own name",
        )
    if (
        values.dtype.kind == "f"
        and np.array_equal(values, np.round(values))
        and np.abs(values).max(initial=0) < 2**53
    ):
        values = values.astype(np.int64)
    if values.dtype.kind in "iu":
        numbers = np.unique(values).tolist()
        if not classes:
            return [str(value) for value in values.tolist()], tuple(map(str, numbers))
        if numbers and not 0 <= numbers[0] <= numbers[-1] < len(classes):
            raise LoadError(
                f"labels {numbers[0]} to {numbers[-1]} for {len(classes)} names in load.classes",
                expected=f"0 to {len(classes) - 1}",
                fix="name every class, in the order of the numbers",
            )
        return [classes[value] for value in values.tolist()], classes
    if classes or values.dtype.kind not in "USOb":
        raise LoadError(
            f"labels of type {values.dtype}" + (" alongside load.classes" if classes else ""),
            expected="whole numbers" + ("" if classes else ", text or truth values"),
            fix="leave load.classes empty"
            if classes
            else "give the numbers of classes, or their names",
        )
    return [
        cell.decode("utf-8", "replace")
        if isinstance(cell, bytes)
        else None
        if cell is None
        else str(cell)
        for cell in values.tolist()
    ], ()


def encode_classes(
    texts: np.ndarray,
    name: str,
    *,
    positive: str = "",
    order: Sequence[str] = (),
    noun: str = "row",
    fix_many: str = MANY,
) -> tuple[np.ndarray, Target]:
    """int64 class [rows] of class names [rows], and the target.

    Labels are sorted, or stand as in `order`; of two, the positive one comes last: the one named,
    else the one called true, yes or 1, else the rarer. `noun`: what a row is. Raises LoadError
    where there is nothing to learn.
    """
    labels, counts = np.unique(texts, return_counts=True)
    if len(labels) > MAX_CLASSES:
        raise LoadError(
            f"the target {shorten(name)} has {len(labels):,} classes",
            expected=f"at most {MAX_CLASSES:,}",
            fix=fix_many,
        )
    if len(labels) == 1:
        raise LoadError(
            f"the target {shorten(name)} has one class, {shorten(labels[0])}, in all {many(noun)} "
            "that have one",
            expected="at least two classes",
            fix=f"choose another target, or provide {many(noun)} of another class",
        )
    if counts.min() < 3:
        raise LoadError(
            f"class {shorten(labels[counts.argmin()])} of the target {shorten(name)} has "
            f"{f'one {noun}' if counts.min() == 1 else f'two {many(noun)}'}",
            expected=f"at least three {many(noun)} of each class: one to learn from, one to "
            "validate, one to test",
            fix=f"remove that {noun}, merge the class with another, or provide more {many(noun)}",
        )
    labels = _label_order([str(label) for label in labels], counts, positive, order)
    place = {label: index for index, label in enumerate(labels)}
    y = np.fromiter((place[text] for text in texts), np.int64, len(texts))
    return y, class_target(name, tuple(labels))


def _label_order(labels, counts, positive, order):
    if positive and positive not in labels:
        raise LoadError(
            f"load.positive={positive!r}",
            expected=f"one of {', '.join(labels[:20])}",
            fix="write the class as it stands in the source",
        )
    if len(labels) != 2:
        if order:
            return sorted(labels, key=list(order).index)
        return labels
    yes = [label for label in labels if label.lower() in TRUE_WORDS]
    positive = positive or (
        yes[0] if len(yes) == 1 else labels[0] if counts[0] < counts[1] else labels[1]
    )
    return [label for label in labels if label != positive] + [positive]


def group_codes(columns: dict[str, Sequence], missing: frozenset[str]) -> np.ndarray:
    """int64 [rows]: one code a group, in the order of the groups' texts. Raises LoadError where a
    row has none.
    """
    texts = []
    for name, cells in columns.items():
        read, bad = read_column(cells, Column(name, "categorical"), missing)
        absent = sum(cell is None for cell in read) - len(bad)
        if bad or absent:
            words = sorted(count_words(cells, missing))
            if bad:
                detail = f"row {bad[0].row}: {bad[0].reason}"
            else:
                detail = f"{absent:,} rows have none"
            if words and not bad:
                detail += f" ({', '.join(map(shorten, words[:5]))} read as missing)"
            raise LoadError(
                f"the group column {shorten(name)}: {detail}",
                expected="a group in every row",
                fix="fill it, or remove these rows: rows of an unknown group could stand on "
                "both sides"
                + ("; --read not_missing=WORD where it is a group's name" if words else ""),
            )
        texts.append(join_groups(read))
    together = np.empty(len(texts[0]), object)
    together[:] = ["\x1f".join(row) for row in zip(*texts, strict=True)]
    return np.unique(together, return_inverse=True)[1]


def many(noun: str) -> str:
    """The word for more than one."""
    if noun.endswith("s"):
        return noun
    return f"{noun}s"


def read_part(cell: object, missing: frozenset[str], row: int) -> str | None:
    """Returns "train", "valid" or "test" for a source's word, None where there is none.

    Raises LoadError for another word.
    """
    if is_missing(cell, missing):
        return None
    word = str(cell).strip().lower()
    if word not in PARTS:
        raise LoadError(
            f"the part {shorten(cell)} in row {row}",
            expected=", ".join(PARTS),
            fix="write one of these words, or leave load.part empty",
        )
    return PARTS[word]
