"""Class names, groups and parts as a source writes them → numbers and words, one way for every
modality.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ..device.cells import TRUE_WORDS, Column, is_missing, read_column, shorten
from ..device.target import Target
from ..errors import LoadError
from ..tasks.class_target import class_target
from .header import is_number
from .spellings import join_groups
from .words import count_words

MAX_CLASSES = 1000
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


def source_row(rows: np.ndarray | None, place: int) -> int:
    """Returns the row of a source that a cell stands in.

    Args:
        rows: int64 [cells], the row of each; None if cell by cell is a row of the source.
        place: Of the cell.
    """
    if rows is None:
        return place
    return int(rows[place])


def read_classes(
    cells: Sequence, name: str, missing: frozenset[str], rows: np.ndarray | None = None
) -> np.ndarray:
    """Returns the text, object [rows], of a target's cells.

    Args:
        cells: Raw, one a row.
        name: Of the target.
        missing: The words that read as missing.
        rows: Of `source_row`, for the error.

    Raises:
        LoadError: For what cannot be the name of a class.
    """
    column = Column(name, "categorical")
    texts, bad = read_column(cells, column, missing)
    if bad:
        first = bad[0]
        raise LoadError(
            f"the target {shorten(name)} in row {source_row(rows, first.row)}: {first.reason}",
            expected="short class names",
            fix="fix the cell",
        )
    return texts


def or_numbers(texts: Iterable[str]) -> str:
    """Returns what else can be typed for class names that are numbers, "" for others."""
    if all(map(is_number, set(texts))):
        return "; or --set load.target_kind=number for real numbers"
    return ""


def class_texts(
    values: np.ndarray, classes: tuple[str, ...]
) -> tuple[list[str | None], tuple[str, ...]]:
    """Returns the class names of labels.

    Args:
        values: [rows], text, whole numbers or truth values.
        classes: The names of 0, 1, ..., or empty.

    Returns:
        The class name of each row, None if it has none; and the order of whole numbers.

    Raises:
        LoadError: For labels of another type, or without a name in `classes`.
    """
    if len(set(classes)) < len(classes):
        raise LoadError(
            f"load.classes={classes!r}",
            expected="each name once",
            fix="give every class its own name",
        )
    if values.dtype.kind == "f" and _are_whole(values):
        values = values.astype(np.int64)
    if values.dtype.kind in "iu":
        return _texts_of_numbers(values, classes)
    if classes or values.dtype.kind not in "USOb":
        _refuse_type(values, classes)
    return [_text_of(cell) for cell in values.tolist()], ()


def _are_whole(values):
    """Tests whether floats are whole numbers that int64 holds exactly."""
    if not np.array_equal(values, np.round(values)):
        return False
    return np.abs(values).max(initial=0) < 2**53


def _texts_of_numbers(values, classes):
    """Does as `class_texts`, of whole numbers."""
    numbers = np.unique(values).tolist()
    if not classes:
        texts = [str(value) for value in values.tolist()]
        return texts, tuple(map(str, numbers))
    if numbers:
        least = numbers[0]
        largest = numbers[-1]
        if least < 0 or largest >= len(classes):
            raise LoadError(
                f"labels {least} to {largest} for {len(classes)} names in load.classes",
                expected=f"0 to {len(classes) - 1}",
                fix="name every class, in the order of the numbers",
            )
    return [classes[value] for value in values.tolist()], classes


def _refuse_type(values, classes):
    """Raises LoadError for labels that are no classes, or none that `classes` can name."""
    if classes:
        raise LoadError(
            f"labels of type {values.dtype} alongside load.classes",
            expected="whole numbers",
            fix="leave load.classes empty",
        )
    raise LoadError(
        f"labels of type {values.dtype}",
        expected="whole numbers, text or truth values",
        fix="give the numbers of classes, or their names",
    )


def _text_of(cell):
    if cell is None:
        return None
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell)


def encode_classes(
    texts: np.ndarray,
    name: str,
    *,
    positive: str = "",
    order: Sequence[str] = (),
    noun: str = "row",
    otherwise: str = "",
) -> tuple[np.ndarray, Target]:
    """Numbers classes.

    Args:
        texts: object [rows], the class names.
        name: Of the target.
        positive: The one of two classes that comes last; if empty, the one called true, yes or 1,
            else the rarer.
        order: Of the labels; if empty, they are sorted.
        noun: What a row is.
        otherwise: What else can be typed where there are too many classes, or too rare ones, for
            the error.

    Returns:
        int64 class [rows], and the target.

    Raises:
        LoadError: If there is nothing to learn.
    """
    found = Counter(list(texts))
    unique_texts = sorted(found)
    counts = np.array([found[text] for text in unique_texts])
    labels = list(map(str, unique_texts))
    if len(labels) > MAX_CLASSES:
        raise LoadError(
            f"the target {shorten(name)} has {len(labels):,} classes",
            expected=f"at most {MAX_CLASSES:,}",
            fix=f"merge classes{otherwise}",
        )
    if len(labels) == 1:
        rows = many(noun)
        raise LoadError(
            f"the target {shorten(name)} has one class, {shorten(labels[0])}, in all {rows} "
            "that have one",
            expected="at least two classes",
            fix=f"choose another target, or provide {rows} of another class",
        )
    _refuse_rare(labels, counts, name, noun, otherwise)
    labels = _label_order(labels, counts, positive, order)
    places = {label: place for place, label in enumerate(labels)}
    y = np.fromiter(map(places.__getitem__, texts), np.int64, len(texts))
    return y, class_target(name, tuple(labels))


def _refuse_rare(labels, counts, name, noun, otherwise):
    """Raises LoadError for a class of fewer than three rows."""
    rarest = counts.argmin()
    count = counts[rarest]
    if count >= 3:
        return
    rows = many(noun)
    few = f"two {rows}"
    if count == 1:
        few = f"one {noun}"
    raise LoadError(
        f"class {shorten(labels[rarest])} of the target {shorten(name)} has {few}",
        expected=f"at least three {rows} of each class: one to learn from, one to "
        "validate, one to test",
        fix=f"remove that {noun}, merge the class with another, or provide more {rows}{otherwise}",
    )


def _label_order(labels, counts, positive, order):
    """Returns the labels in the order of the model's outputs, see `encode_classes`."""
    if positive and positive not in labels:
        raise LoadError(
            f"load.positive={positive!r}",
            expected=f"one of {', '.join(labels[:20])}",
            fix="write the class as it stands in the source",
        )
    if len(labels) == 2:
        positive = positive or _likely_positive(labels, counts)
        others = [label for label in labels if label != positive]
        return [*others, positive]
    if order:
        return sorted(labels, key=list(order).index)
    return labels


def _likely_positive(labels, counts):
    """Returns the one of two labels that is a word for true, or else the rarer."""
    words = [label for label in labels if label.lower() in TRUE_WORDS]
    if len(words) == 1:
        return words[0]
    if counts[0] < counts[1]:
        return labels[0]
    return labels[1]


GROUP_EXAMPLE = r"load.group='patient(\d+)' for patient12/left.png, for example"


def check_name_groups(pattern: str, names: Sequence[str], groups: Sequence[str | None]) -> None:
    """Checks that a regular expression found a group in every name.

    Args:
        pattern: The expression.
        names: Of files.
        groups: What it found in each, None for nothing.

    Raises:
        LoadError: If it found nothing in one.
    """
    without = []
    for name, group in zip(names, groups, strict=True):
        if group is None:
            without.append(name)
    if without:
        raise LoadError(
            f"load.group={pattern!r} finds no group in {len(without):,} names, such as "
            f"{shorten(without[0], 120)}",
            expected="a group in every name",
            fix=GROUP_EXAMPLE,
        )


def group_codes(columns: dict[str, Sequence], missing: frozenset[str]) -> np.ndarray:
    """Numbers groups in the order of their texts.

    Args:
        columns: The columns that tell the groups apart, each with its cells.
        missing: The words that read as missing.

    Returns:
        int64 [rows], one code a group.

    Raises:
        LoadError: If a row has no group.
    """
    texts = []
    for name, cells in columns.items():
        read, bad = read_column(cells, Column(name, "categorical"), missing)
        num_absent = sum(cell is None for cell in read) - len(bad)
        if bad or num_absent:
            _refuse_no_group(name, cells, bad, num_absent, missing)
        texts.append(join_groups(read))
    together = np.empty(len(texts[0]), object)
    # A character that no cell holds keeps ("ab", "c") from ("a", "bc").
    together[:] = ["\x1f".join(row) for row in zip(*texts, strict=True)]
    _, codes = np.unique(together, return_inverse=True)
    return codes


def _refuse_no_group(name, cells, bad, num_absent, missing):
    """Raises LoadError for rows without a group."""
    fix = "fill it, or remove these rows: rows of an unknown group could stand on both sides"
    words = sorted(count_words(cells, missing))
    if words:
        fix += "; --read not_missing=WORD where it is a group's name"
    detail = f"{num_absent:,} rows have none"
    if bad:
        first = bad[0]
        detail = f"row {first.row}: {first.reason}"
    elif words:
        detail += f" ({', '.join(map(shorten, words[:5]))} read as missing)"
    raise LoadError(
        f"the group column {shorten(name)}: {detail}",
        expected="a group in every row",
        fix=fix,
    )


def many(noun: str) -> str:
    """Returns the word for more than one."""
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
