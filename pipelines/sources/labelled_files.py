"""What a source of pictures or texts holds → a Dataset: class names, parts, groups, and what is
skipped.

A kind here is the one column's kind, PICTURE or TEXT, which is also its name and what a row is
called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..device.cells import Column, is_missing, shorten
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset, Schema
from .files import describe_memory
from .label_sets import LabelSets, free_separator, has_lists, holds_several, read_label_sets
from .labels import (
    check_name_groups,
    class_texts,
    encode_classes,
    group_codes,
    many,
    read_classes,
    read_part,
)
from .spellings import describe_groups, join_classes
from .words import refuse_lost_class

NUM_SHOWN = 5
MAX_NAMED = 100


@dataclass
class LabelledSource:
    """A source of pictures or texts before it is judged.

    Attributes:
        labels: Class names, or what `missing` reads as none.
        names: Of the rows, where they are files.
        parts: "train", "valid", "test" or None of each row; None if the source has no parts.
        groups: Name → the group of each row, by the column or knob that it comes from.
        group_pattern: What found the groups in the names, which then may lack one.
        reasons: Why a row is skipped, else "".
        skipped: What is left out: (name, reason).
        notes: What the schema reports.
        missing: The words that read as missing.
        order: Of the labels.
        where: The source's name.
        named: Words for missing that the user has named.
        spelling: As in `sources.spellings`.
        sets: The labels of each row, where a source has several and has been read.
        label_kind: "classes" if a cell is one class, "labels" if it has several, "" if that is to
            be found.
        separator: Of several labels, "" if it is to be found.
    """

    labels: Sequence
    names: Sequence = ()
    parts: list | None = None
    groups: dict[str, Sequence] = field(default_factory=dict)
    group_pattern: str = ""
    reasons: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[ColumnNote] = field(default_factory=list)
    missing: frozenset[str] = frozenset({""})
    order: Sequence[str] = ()
    where: str = "memory"
    named: frozenset[str] = frozenset()
    spelling: str = ""
    sets: LabelSets | None = None
    label_kind: str = "classes"
    separator: str = ""


def check_memory(source: object, kind: str) -> np.ndarray:
    """Checks a source in memory.

    Args:
        source: A dict {kind: array or list, "label": list}, if wanted with "group" and "part".
        kind: PICTURE or TEXT.

    Returns:
        The labels [rows], or [rows, labels].

    Raises:
        LoadError: For anything else, and for columns of different lengths.
    """
    if not isinstance(source, Mapping) or not {kind, "label"} <= set(source):
        _refuse_memory(source, kind)
    names = [name for name in (kind, "label", "group", "part") if name in source]
    for name in names:
        if not _is_column(source[name]):
            raise LoadError(
                f"{name} is a {type(source[name]).__name__}",
                expected=f"one value a {kind}, in a list or an array",
                fix=f"{{'{name}': [...]}}",
            )
    lengths = {name: len(source[name]) for name in names}
    if len(set(lengths.values())) > 1:
        raise LoadError(
            f"columns of different lengths: {lengths}",
            expected=f"one value a {kind} in every column",
            fix="cut them to the same rows",
        )
    return _as_array(source["label"])


def _refuse_memory(source, kind):
    """Raises LoadError for what is no dict with the columns of a source."""
    held = ""
    if isinstance(source, Mapping) and source:
        held = f" with {', '.join(map(shorten, source))}"
    raise LoadError(
        f"a source of type {type(source).__name__}{held}",
        expected=f"a dict {{'{kind}': array or list, 'label': list}}, if wanted with 'group' "
        "and 'part'",
        fix="pass one, or leave it out to read the source of the recipe",
    )


def _is_column(values):
    """Tests whether a user's object holds one value a row."""
    if isinstance(values, (str, bytes, Mapping)):
        return False
    return hasattr(values, "__len__")


def _as_array(labels):
    """Returns labels as an array; of a list of text, what is missing stays None: numpy would write
    NaN as a class called nan.
    """
    if isinstance(labels, np.ndarray):
        return labels
    if has_lists(labels):
        several = np.empty(len(labels), object)
        several[:] = list(labels)
        return several
    cells = []
    for cell in labels:
        if is_missing(cell, frozenset()):
            cell = None
        cells.append(cell)
    if any(isinstance(cell, str) for cell in cells):
        return np.asarray(cells, object)
    return np.asarray(cells)


def found_in_memory(
    source: Mapping,
    labels: np.ndarray,
    *,
    names: Sequence = (),
    classes: tuple[str, ...] = (),
    spelling: str = "",
    label_kind: str = "classes",
    separator: str = "",
) -> LabelledSource:
    """Returns what a source in memory holds.

    Args:
        source: A dict that `check_memory` accepted.
        labels: What `check_memory` returned. Several labels a row are a list in each row, or an
            array [rows, labels] of 0 and 1.
        names: Of the rows.
        classes: The names of numbered classes, or of the labels.
        spelling: As in `sources.spellings`.
        label_kind: As of `LabelledSource`.
        separator: As of `LabelledSource`.

    Raises:
        LoadError: For labels that are no classes.
    """
    where = describe_memory(source)["name"]
    if labels.ndim == 2:
        sets = _sets_of_array(labels, classes)
        found = LabelledSource(["labels"] * len(labels), names, where=where, sets=sets)
    elif has_lists(labels.tolist()):
        found = LabelledSource(labels.tolist(), names, where=where, label_kind="labels")
        found.spelling = spelling
    else:
        texts, order = class_texts(labels, classes)
        found = LabelledSource(
            texts,
            names,
            order=order,
            where=where,
            label_kind=label_kind,
        )
        found.spelling = spelling
        found.separator = separator
    if "group" in source:
        found.groups = {"group": list(source["group"])}
    if "part" in source:
        found.parts = _read_parts(source["part"], found.missing)
    return found


def _read_parts(cells, missing):
    return [read_part(cell, missing, row) for row, cell in enumerate(cells)]


def _sets_of_array(labels, classes):
    """Returns LabelSets of an array [rows, labels] of 0 and 1 or truth values."""
    num_labels = labels.shape[1]
    names = classes
    if not names:
        names = tuple(map(str, range(num_labels)))
    are_flags = np.isin(labels, (0, 1)).all()
    if len(names) != num_labels or not are_flags:
        raise LoadError(
            f"labels of shape {labels.shape} with {len(names)} names in load.classes",
            expected="0 or 1 for each label, and a name for each",
            fix="of one-hot labels take the argmax; name the labels: load.classes=('red', 'round')",
        )
    has = labels.astype(np.int64)
    return LabelSets("label", names, has, free_separator(names))


def usable_rows(found: LabelledSource, kind: str) -> np.ndarray:
    """Finds the rows that can be read and have a class; the others are skipped.

    Args:
        found: The source; what is skipped is added to it.
        kind: What a row is called.

    Returns:
        int64, the places of the rows.

    Raises:
        LoadError: If more than half of the rows are skipped.
    """
    refuse_lost_class("label", found.labels, found.missing, found.named)
    kept = []
    for row, label in enumerate(found.labels):
        reason = _reason_to_skip(found, row, label)
        if reason:
            name = _name_of(found.names, row)
            found.skipped.append((name, reason))
        else:
            kept.append(row)
    where = shorten(found.where, 120)
    rows = many(kind)
    num_skipped = len(found.skipped)
    if not kept and not num_skipped:
        raise LoadError(f"no {rows} in {where}", expected=rows, fix="check the source")
    if num_skipped > len(kept):
        num_all = num_skipped + len(kept)
        raise LoadError(
            f"{num_skipped:,} of {num_all:,} {rows} in {where} cannot be used: "
            f"{_in_words(found.skipped)}",
            expected=f"{rows} of which at least half can be read",
            fix="fix or remove these files",
        )
    return np.array(kept, np.int64)


def _reason_to_skip(found, row, label):
    """Returns why a row cannot be used, or ""."""
    if found.reasons and found.reasons[row]:
        return found.reasons[row]
    if is_missing(label, found.missing):
        return "no label"
    return ""


def finish(
    spec, found: LabelledSource, kept: np.ndarray, *, columns: dict[Column, object], target: str
) -> tuple[Dataset, list[ColumnNote]]:
    """Makes the Dataset of the rows that are kept.

    Args:
        spec: A load spec with the knob `positive`.
        found: The source.
        kept: int64, the places of the rows.
        columns: The values of these rows, one column.
        target: Its name.

    Returns:
        The Dataset, and notes for the user.

    Raises:
        LoadError: If there is nothing to learn.
    """
    first = next(iter(columns))
    noun = first.kind
    sets = _label_sets(found, kept, target)
    if sets is None:
        y, encoded = _encode_classes(spec, found, kept, target=target, noun=noun)
    else:
        _refuse_positive(spec)
        y, encoded = sets.encode(noun)
        found.notes += sets.describe()
    groups = {name: [cells[row] for row in kept] for name, cells in found.groups.items()}
    if found.group_pattern:
        names = [found.names[row] for row in kept]
        check_name_groups(found.group_pattern, names, *groups.values())
    found.notes += describe_groups(groups)
    group = None
    if groups:
        group = group_codes(groups, found.missing)
    part = None
    if found.parts is not None:
        part = np.array(found.parts, object)[kept]
    dataset = Dataset(
        x={column.name: values for column, values in columns.items()},
        y=y,
        ids=kept,
        schema=Schema(tuple(columns), encoded),
        part=part,
        group=group,
    )
    return dataset, [*_notes(part, found.skipped), *found.notes]


def _label_sets(found, kept, target):
    """Returns the labels of the kept rows, or None if each has one class."""
    if found.sets is not None:
        return found.sets.take(kept)
    if found.label_kind == "classes":
        return None
    cells = [found.labels[row] for row in kept]
    is_stated = found.label_kind or found.separator
    if not is_stated and not holds_several(cells, frozenset()):
        return None
    return read_label_sets(cells, target, found.separator, spelling=found.spelling)


def _refuse_positive(spec):
    if spec.positive:
        raise LoadError(
            f"load.positive={spec.positive!r} for a target of several labels",
            expected="two classes, of which one is the positive one",
            fix="leave load.positive empty: every label is scored by itself",
        )


def _encode_classes(spec, found, kept, *, target, noun):
    cells = [found.labels[row] for row in kept]
    texts = read_classes(cells, target, frozenset())
    order = list(read_classes(found.order, target, frozenset()))
    texts, joined, notes = join_classes(texts, target, found.spelling, declared=order)
    found.notes += notes
    positive = joined.get(spec.positive, spec.positive)
    return encode_classes(texts, target, positive=positive, order=order, noun=noun)


def _notes(parts, skipped):
    """Yields notes on the parts of the kept rows and on what is skipped."""
    if parts is not None:
        yield ColumnNote(
            "part",
            "part",
            f"as the source gives them: {_count_parts(parts)}",
        )
    if skipped:
        words = _in_words(skipped, MAX_NAMED)
        yield ColumnNote("skipped", num_files(len(skipped)), words)


def _count_parts(parts):
    counted = []
    for part in ("train", "valid", "test", None):
        count = sum(each == part for each in parts)
        if count:
            counted.append(f"{part or 'none'} {count:,}")
    return ", ".join(counted)


def _name_of(names, row):
    if len(names) and isinstance(names[row], str):
        return names[row]
    return f"row {row}"


def _in_words(skipped, most=NUM_SHOWN):
    lines = [f"{shorten(name, 80)}: {reason}" for name, reason in skipped[:most]]
    if len(skipped) > most:
        lines.append("...")
    return "; ".join(lines)


def num_files(count: int) -> str:
    """Returns the count in words."""
    if count == 1:
        return "1 file"
    return f"{count:,} files"
