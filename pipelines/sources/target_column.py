"""The column to predict, as a source writes it → numbers, one way for every source with columns.

A spec here is a load spec with the knobs target, target_kind, label_separator, empty_class,
positive and reading (see `LoadTable`).
"""

from collections.abc import Sequence

import numpy as np

from ..device.cells import BadCell, is_missing, read_numbers, shorten
from ..device.target import Target
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..rows.sketch import DataSketch
from ..spec import Refusal
from ..tasks import TASKS, Task
from ..tasks.class_target import class_target
from ..tasks.regression import RegressionTask
from .label_sets import (
    check_label_knobs,
    holds_several,
    read_label_columns,
    read_label_sets,
    target_names,
)
from .labels import MANY, encode_classes, read_classes
from .marks import code_with_zeros, read_as_numbers
from .precision import refuse_merged
from .refuse_numbers import refuse_spellings, some_numbers
from .spellings import join_classes
from .words import count_words, describe_doubtful_classes, describe_words, refuse_lost_class

TARGET_KINDS = ("", "classes", "labels", "number", "presence")
_KINDS_OF_SEVERAL = ("", "labels", "presence")
# A numeric target with more different values than this is a real number unless `target_kind` is
# otherwise.
MAX_CLASSES_OF_NUMBERS = 20
MANY_VALUES = 20
AS_CLASSES = "--set load.target_kind=classes"


def check_target(spec) -> None:
    """Raises LoadError for knobs that no target can be read by."""
    if spec.target_kind not in TARGET_KINDS:
        raise LoadError(
            f"target_kind {spec.target_kind!r}",
            expected=", ".join(map(repr, TARGET_KINDS)),
            fix="leave it empty to infer",
        )
    several = not isinstance(spec.target, str)
    if spec.empty_class and (several or spec.target_kind not in ("", "classes", "labels")):
        raise LoadError(
            f"empty_class {spec.empty_class!r} for target_kind {spec.target_kind!r}"
            + " and several target columns" * several,
            expected="one column, of classes or labels",
            fix="leave one of them empty",
        )
    check_label_knobs(spec)
    if several and spec.target_kind not in _KINDS_OF_SEVERAL:
        raise LoadError(
            f"target_kind {spec.target_kind!r} for {len(spec.target)} target columns",
            expected="labels (0 and 1) or presence (empty and filled)",
            fix="leave it empty, or name one target",
        )
    if spec.label_separator and spec.target_kind not in ("", "labels"):
        raise LoadError(
            f"load.label_separator={spec.label_separator!r} for target_kind {spec.target_kind!r}",
            expected="a target of labels",
            fix="leave one of them empty",
        )


def labelled_rows(table, spec, missing):
    """The table without the rows that have no target (or with `empty_class` in them), the source
    rows kept int64 [rows], and what to say of those that were left out: how many, and by which
    words. Raises LoadError where the words may be a class.
    """
    if not isinstance(spec.target, str):
        return _rows_with_all_labels(table, spec, missing)
    absent = np.fromiter((is_missing(cell, missing) for cell in table[spec.target]), bool)
    if spec.target_kind == "presence" or not absent.any():
        return table, np.arange(len(absent)), ()
    if spec.empty_class:
        cells = [
            spec.empty_class if gone else cell
            for cell, gone in zip(table[spec.target], absent, strict=True)
        ]
        return {**table, spec.target: cells}, np.arange(len(absent)), ()
    words = ""
    if spec.target_kind != "number":
        words = refuse_lost_class(
            spec.target, table[spec.target], missing, spec.reading.named_words(), table
        )
    if absent.all():
        raise LoadError(
            f"the target {shorten(spec.target)} is missing in all {len(absent):,} rows",
            expected="rows with a target",
            fix="choose another target, or check the missing words",
        )
    kept = np.flatnonzero(~absent)
    left_out = [table[spec.target][place] for place in np.flatnonzero(absent)]
    shown = ", ".join(sorted({repr(str(cell).strip()) for cell in left_out})[:5])
    detail = f"{len(left_out):,} rows without it are left out", f"({shown}){words}"
    return _take_rows(table, kept), kept, detail


def _rows_with_all_labels(table, spec, missing):
    """As `labelled_rows`, of one column a label."""
    names = target_names(spec.target)
    presence = spec.target_kind == "presence"
    sets, is_known = read_label_columns(table, names, presence=presence, missing=missing)
    kept = np.flatnonzero(is_known)
    if not len(kept):
        raise LoadError(
            f"each of the {len(sets.has):,} rows lacks one of the targets {sets.name}",
            expected="rows with a value in every target column",
            fix="choose other targets, or --set load.target_kind=presence where an empty cell is "
            "no label",
        )
    if len(kept) == len(is_known):
        return table, kept, ()
    said = f"{len(is_known) - len(kept):,} rows that lack one of them are left out"
    return _take_rows(table, kept), kept, (said, "")


def _take_rows(table, kept):
    return {
        name: cells[kept] if isinstance(cells, np.ndarray) else [cells[place] for place in kept]
        for name, cells in table.items()
    }


def read_target(table, spec, missing, marks, *, noun="row"):
    """y, its Target, and what was found of how it is written, of `labelled_rows`. Raises LoadError
    where there is nothing to learn. `noun`: what a row is.
    """
    missing -= {spec.empty_class} - {""}  # it may well be called "None"
    sets = _read_label_sets(table, spec, missing)
    if sets is not None:
        return _as_labels(sets, spec, noun)
    cells = table[spec.target]
    if spec.target_kind == "presence":
        return _as_presence(cells, spec, missing)
    what = f"the target {shorten(spec.target)}"
    as_number = spec.target_kind == "number"
    if as_number:
        code = ""
    else:
        code = code_with_zeros(cells)
    if spec.target_kind != "classes" and not code:
        read = read_as_numbers(what, spec.target, cells, marks, given=as_number)
        numbers, bad = read_numbers(cells, read.column, missing)
        is_many = len(np.unique(numbers)) > MAX_CLASSES_OF_NUMBERS
        if is_many and not as_number:
            refuse_spellings(what, cells, read, AS_CLASSES)
            refuse_some_numbers(what, cells, bad, AS_CLASSES)
        if as_number or (not bad and (is_many or np.any(numbers != np.round(numbers)))):
            if not bad:
                refuse_merged(
                    what,
                    cells,
                    numbers,
                    "divide the target, or subtract a constant from it, in the source",
                )
            y, target = _as_number(numbers, bad, spec)
            words = describe_words(cells, read.column, missing).removeprefix("; ")
            return y, target, _notes(spec, read.why if read.is_special else "", words)
    y, target, joined = _as_classes(cells, spec, missing)
    doubtful = describe_doubtful_classes(target.labels, np.bincount(y).tolist(), spec.empty_class)
    return (
        y,
        target,
        (*joined, *_notes(spec, f"{shorten(code)} is a code: classes" if code else "", doubtful)),
    )


def _read_label_sets(table, spec, missing):
    """The labels of each row, or None where a row has one class or one number."""
    presence = spec.target_kind == "presence"
    if not isinstance(spec.target, str):
        names = target_names(spec.target)
        return read_label_columns(table, names, presence=presence, missing=missing)[0]
    cells = table[spec.target]
    found = spec.label_separator
    if spec.target_kind == "" and not found:
        found = holds_several(cells, missing)
    if not found and spec.target_kind != "labels":
        return None
    return read_label_sets(
        cells,
        spec.target,
        spec.label_separator,
        missing=missing,
        spelling=spec.reading.spelling,
        no_label=spec.empty_class,
    )


def _notes(spec, *sentences):
    return tuple(ColumnNote(spec.target, "target", sentence) for sentence in sentences if sentence)


def _as_labels(sets, spec, noun):
    if spec.positive:
        raise LoadError(
            f"load.positive={spec.positive!r} for a target of several labels",
            expected="two classes, of which one is the positive one",
            fix="leave load.positive empty: every label is scored by itself",
        )
    y, target = sets.encode(noun)
    return y, target, sets.describe()


def _as_classes(cells, spec, missing):
    texts, joined, notes = join_classes(
        read_classes(cells, spec.target, missing), spec.target, spec.reading.spelling
    )
    y, target = encode_classes(
        texts,
        spec.target,
        positive=joined.get(spec.positive, spec.positive),
        fix_many=f"{MANY}, or set load.target_kind=number for real numbers",
    )
    return y, target, notes


def _as_presence(cells, spec, missing):
    y = np.fromiter((not is_missing(cell, missing) for cell in cells), np.int64, len(cells))
    if len(np.unique(y)) < 2:
        raise LoadError(
            f"the target {shorten(spec.target)} is {'filled' if y[0] else 'empty'} in all rows",
            expected="some filled and some empty cells",
            fix="choose another target or target_kind",
        )
    words = count_words(cells, missing)
    detail = ", ".join(f"{count:,} cells {word!r}" for word, count in words.most_common(3))
    if words:
        notes = (ColumnNote(spec.target, "target", f"{detail} count as empty"),)
    else:
        notes = ()
    return y, class_target(spec.target, (f"no {spec.target}", spec.target)), notes


def _as_number(numbers, bad, spec):
    if bad:
        raise LoadError(
            f"the target {shorten(spec.target)} in row {bad[0].row}: {bad[0].reason}: "
            f"{bad[0].value}",
            expected="a number in every row",
            fix="fix the cell, or set load.target_kind=classes",
        )
    if np.all(numbers == numbers[0]):
        raise LoadError(
            f"the target {shorten(spec.target)} is {numbers[0]:g} in all rows",
            expected="at least two values",
            fix="choose another target",
        )
    return numbers.astype(np.float64), Target(spec.target, RegressionTask.name)


def refuse_some_numbers(
    what: str, filled: Sequence, invalid: list[BadCell], otherwise: str
) -> None:
    """Raises LoadError where the cells are numbers but for a few: nine in ten, or half of them and
    those of many values. Codes such as 1, 2-10, 11-100 are categories.
    """
    share = len(invalid) / max(len(filled), 1)
    rows = {each.row for each in invalid}
    values = {str(cell) for row, cell in enumerate(filled) if row not in rows}
    if not invalid or share > 0.5 or (share > 0.1 and len(values) <= MANY_VALUES):
        return
    raise some_numbers(what, filled, invalid, otherwise)


def tasks_of_kind(target_kind: str) -> tuple[Task, ...]:
    """Returns the tasks that `load.target_kind` leaves possible: "classes", "number", "presence"
    (of a value: yes or no) or "" to infer.
    """
    of_columns = [task for task in TASKS.values() if not task.needs_frame]
    if target_kind == "classes":
        return tuple(task for task in of_columns if task.output_kind != "values")
    if target_kind == "number":
        return tuple(task for task in of_columns if task.output_kind == "values")
    if target_kind == "presence":
        yes_or_no = [task for task in of_columns if task.output_kind == "sigmoid"]
        return tuple(task for task in yes_or_no if task.has_classes)
    return tuple(of_columns)


def refuse_positive(positive: str, sketch: DataSketch) -> str:
    """Returns why `load.positive` would have no effect, or ""."""
    if not positive or sketch.may_be(lambda task: task.output_kind == "sigmoid"):
        return ""
    return Refusal(
        f"load.positive={positive!r} for a {sketch.task_names()} target",
        expected="two classes, of which scores are about one",
        fix="--set load.positive=''",
    )
