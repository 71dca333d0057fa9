"""What a source of pictures or texts holds → a Dataset: class names, parts, groups, and what is set
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
from .label_sets import LabelSets, free_separator, holds_several, read_label_sets
from .labels import class_texts, encode_classes, group_codes, many, read_classes, read_part
from .spellings import describe_groups, join_classes
from .words import refuse_lost_class

NUM_SHOWN = 5
MAX_NAMED = 100


@dataclass
class LabelledSource:
    """A source before it is judged. labels: class names, or what `missing` reads as none; names: of
    the rows, where they are files; reasons: why a row is skipped, else ""; skipped: what
    is left out (name, reason); order: of the labels; where: the source's name; named: words for
    missing that the user has named; spelling: as in `sources.spellings`; sets: the labels of each
    row, where a source has several and has been read; label_kind: "classes" where a cell is one
    class, "labels" where it has several, "" where that is to be found; separator: of several, ""
    where it is to be found.
    """

    labels: Sequence
    names: Sequence = ()
    parts: list | None = None
    groups: dict[str, Sequence] = field(default_factory=dict)
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
    """The labels [rows] of a dict {kind: array or list, "label": list} with, if wanted, "group" and
    "part". Raises LoadError for anything else.
    """
    names = (kind, "label", "group", "part")
    if not isinstance(source, Mapping) or not {kind, "label"} <= set(source):
        if isinstance(source, Mapping) and source:
            held = f" with {', '.join(map(shorten, source))}"
        else:
            held = ""
        raise LoadError(
            f"a source of type {type(source).__name__}{held}",
            expected=f"a dict {{'{kind}': array or list, 'label': list}}, if wanted with 'group' "
            "and 'part'",
            fix="pass one, or leave it out to read the source of the recipe",
        )
    others = [
        name
        for name in names
        if name in source
        and (
            not hasattr(source[name], "__len__") or isinstance(source[name], (str, bytes, Mapping))
        )
    ]
    if others:
        raise LoadError(
            f"{others[0]} is a {type(source[others[0]]).__name__}",
            expected=f"one value a {kind}, in a list or an array",
            fix=f"{{'{others[0]}': [...]}}",
        )
    lengths = {name: len(source[name]) for name in names if name in source}
    if len(set(lengths.values())) > 1:
        raise LoadError(
            f"columns of different lengths: {lengths}",
            expected=f"one value a {kind} in every column",
            fix="cut them to the same rows",
        )
    return _as_labels(source["label"])


def _as_labels(labels):
    """An array; of a list of text, what is missing stays None: numpy would write NaN as a class
    called nan.
    """
    if isinstance(labels, np.ndarray):
        return labels
    if any(isinstance(cell, (list, tuple, set, frozenset)) for cell in labels):
        several = np.empty(len(labels), object)
        several[:] = list(labels)
        return several
    cells = [None if is_missing(cell, frozenset()) else cell for cell in labels]
    return np.asarray(cells, object if any(isinstance(cell, str) for cell in cells) else None)


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
    """Of a dict that `check_memory` gave the labels of. Several labels a row are a list in each
    row, or an array [rows, labels] of 0 and 1. Raises LoadError.
    """
    where = describe_memory(source)["name"]
    if labels.ndim == 2:
        sets = _sets_of_array(labels, classes)
        found = LabelledSource(["labels"] * len(labels), names, where=where, sets=sets)
    elif any(isinstance(cell, (list, tuple, set, frozenset)) for cell in labels.tolist()):
        found = LabelledSource(
            labels.tolist(), names, where=where, spelling=spelling, label_kind="labels"
        )
    else:
        texts, order = class_texts(labels, classes)
        found = LabelledSource(
            texts,
            names,
            order=order,
            where=where,
            spelling=spelling,
            label_kind=label_kind,
            separator=separator,
        )
    if "group" in source:
        found.groups = {"group": list(source["group"])}
    if "part" in source:
        found.parts = [
            read_part(cell, found.missing, row) for row, cell in enumerate(source["part"])
        ]
    return found


def _sets_of_array(labels, classes):
    """LabelSets of an array [rows, labels] of 0 and 1 or truth values."""
    names = classes or tuple(map(str, range(labels.shape[1])))
    if len(names) != labels.shape[1] or not np.isin(labels, (0, 1)).all():
        raise LoadError(
            f"labels of shape {labels.shape} with {len(names)} names in load.classes",
            expected="0 or 1 for each label, and a name for each",
            fix="of one-hot labels take the argmax; name the labels: load.classes=('red', 'round')",
        )
    return LabelSets("label", names, labels.astype(np.int64), free_separator(names))


def usable_rows(found: LabelledSource, kind: str) -> np.ndarray:
    """The places int64 of the rows that can be read and have a class; the others are skipped.
    Raises LoadError where these are more than half.
    """
    refuse_lost_class("label", found.labels, found.missing, found.named)
    reasons = [
        reason or ("no label" if is_missing(label, found.missing) else "")
        for reason, label in zip(
            found.reasons or [""] * len(found.labels), found.labels, strict=True
        )
    ]
    found.skipped += [
        (_name_of(found.names, row), reason) for row, reason in enumerate(reasons) if reason
    ]
    kept = np.array([row for row, reason in enumerate(reasons) if not reason], np.int64)
    if not len(kept) and not found.skipped:
        raise LoadError(
            f"no {many(kind)} in {shorten(found.where, 120)}",
            expected=many(kind),
            fix="check the source",
        )
    if len(found.skipped) > len(kept):
        raise LoadError(
            f"{len(found.skipped):,} of {len(found.skipped) + len(kept):,} {many(kind)} in "
            f"{shorten(found.where, 120)} cannot be used: {_in_words(found.skipped)}",
            expected=f"{many(kind)} of which at least half can be read",
            fix="fix or remove these files",
        )
    return kept


def finish(
    spec, found: LabelledSource, kept: np.ndarray, *, columns: dict[Column, object], target: str
) -> tuple[Dataset, list[ColumnNote]]:
    """The Dataset of the rows at the places `kept`, which the arrays of `columns` are those of, and
    notes for the user. Raises LoadError where there is nothing to learn.
    """
    noun = next(iter(columns)).kind
    sets = _label_sets(found, kept, target)
    if sets is None:
        y, encoded = _encode_classes(spec, found, kept, target=target, noun=noun)
    else:
        _refuse_positive(spec)
        y, encoded = sets.encode(noun)
        found.notes += sets.describe()
    groups = {name: [cells[row] for row in kept] for name, cells in found.groups.items()}
    found.notes += describe_groups(groups)
    dataset = Dataset(
        x={column.name: values for column, values in columns.items()},
        y=y,
        ids=kept,
        schema=Schema(tuple(columns), encoded),
        part=None if found.parts is None else np.array(found.parts, object)[kept],
        group=group_codes(groups, found.missing) if groups else None,
    )
    return dataset, [*_notes(dataset.part, found.skipped), *found.notes]


def _label_sets(found, kept, target):
    """The labels of the kept rows, or None where each has one class."""
    if found.sets is not None:
        return found.sets.take(kept)
    if found.label_kind == "classes":
        return None
    cells = [found.labels[row] for row in kept]
    if not (found.label_kind or found.separator or holds_several(cells, frozenset())):
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
    texts = read_classes([found.labels[row] for row in kept], target, frozenset())
    order = list(read_classes(found.order, target, frozenset()))
    texts, joined, class_notes = join_classes(texts, target, found.spelling, declared=order)
    found.notes += class_notes
    return encode_classes(
        texts,
        target,
        positive=joined.get(spec.positive, spec.positive),
        order=order,
        noun=noun,
    )


def _notes(parts, skipped):
    if parts is not None:
        counts = {
            part: sum(each == part for each in parts) for part in ("train", "valid", "test", None)
        }
        counted = ", ".join(
            f"{part or 'none'} {count:,}" for part, count in counts.items() if count
        )
        yield ColumnNote("part", "part", f"as the source gives them: {counted}")
    if skipped:
        yield ColumnNote("skipped", num_files(len(skipped)), _in_words(skipped, MAX_NAMED))


def _name_of(names, row):
    if len(names) and isinstance(names[row], str):
        return names[row]
    return f"row {row}"


def _in_words(skipped, most=NUM_SHOWN):
    shown = "; ".join(f"{shorten(name, 80)}: {reason}" for name, reason in skipped[:most])
    return shown + ("; ..." if len(skipped) > most else "")


def num_files(count: int) -> str:
    """The count in words."""
    return f"{count:,} file{'' if count == 1 else 's'}"
