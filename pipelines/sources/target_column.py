"""The column to predict, as a source writes it → numbers, one way for every source with columns.

A spec here is a load spec with the knobs target, target_kind, label_separator, empty_class,
positive and reading (see `LoadTable`).
"""

from collections.abc import Sequence

import numpy as np

from ..device.bad_rows import BadRows
from ..device.cells import BadCell, read_numbers, shorten
from ..device.packed import missing_rows, take_cells
from ..device.target import Target
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..rows.sketch import DataSketch
from ..spec import Refusal
from ..tasks import TASKS, Task
from ..tasks.class_target import class_target
from ..tasks.regression import RegressionTask
from ..tasks.spelling import SpellingTask
from .label_columns import read_label_columns
from .label_sets import (
    check_label_knobs,
    holds_several,
    read_label_sets,
    target_names,
)
from .labels import encode_classes, or_numbers, read_classes, source_row
from .number_columns import code_with_zeros, read_as_numbers
from .precision import refuse_merged
from .refuse_numbers import refuse_spellings, some_numbers
from .spelled_texts import read_texts_to_spell
from .spellings import join_classes
from .words import count_words, describe_doubtful_classes, describe_words, refuse_lost_class

TARGET_KINDS = ("", "classes", "labels", "number", "presence", "characters")
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
    if spec.empty_class:
        _check_empty_class(spec)
    check_label_knobs(spec)
    is_several = not isinstance(spec.target, str)
    if is_several and spec.target_kind not in _KINDS_OF_SEVERAL:
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


def _check_empty_class(spec):
    """Raises LoadError for a class of empty cells where cells are no classes."""
    of_several = ""
    if not isinstance(spec.target, str):
        of_several = " and several target columns"
    elif spec.target_kind in ("", "classes", "labels"):
        return
    raise LoadError(
        f"empty_class {spec.empty_class!r} for target_kind {spec.target_kind!r}{of_several}",
        expected="one column, of classes or labels",
        fix="leave one of them empty",
    )


def labelled_rows(table, spec, missing):
    """Takes the rows that have a target, or gives the others `empty_class`.

    Args:
        table: Column → raw cells.
        spec: A load spec.
        missing: The words that read as missing.

    Returns:
        The table of these rows; int64 [rows], the source rows; and what to say of the rows that
        were left out: how many, and by which words.

    Raises:
        LoadError: If the words may be a class, or no row has a target.
    """
    if not isinstance(spec.target, str):
        return _rows_with_all_labels(table, spec, missing)
    cells = table[spec.target]
    is_absent = missing_rows(cells, missing)
    num_rows = len(is_absent)
    if spec.target_kind == "presence" or not is_absent.any():
        return table, np.arange(num_rows), ()
    if spec.empty_class:
        filled = _fill(cells, is_absent, spec.empty_class)
        return {**table, spec.target: filled}, np.arange(num_rows), ()
    lost_words = ""
    if spec.target_kind != "number":
        named = spec.reading.named_words()
        lost_words = refuse_lost_class(spec.target, cells, missing, named, table)
    if is_absent.all():
        raise LoadError(
            f"the target {shorten(spec.target)} is missing in all {num_rows:,} rows",
            expected="rows with a target",
            fix="choose another target, or check the missing words",
        )
    kept = np.flatnonzero(~is_absent)
    left_out = np.flatnonzero(is_absent)
    words = {repr(str(cells[place]).strip()) for place in left_out}
    shown = ", ".join(sorted(words)[:5])
    detail = (f"{len(left_out):,} rows without it are left out", f"({shown}){lost_words}")
    return _take_rows(table, kept), kept, detail


def _fill(cells, is_absent, word):
    """Returns the cells with a word in place of those that are absent."""
    filled = list(cells)
    for place in np.flatnonzero(is_absent):
        filled[place] = word
    return filled


def _rows_with_all_labels(table, spec, missing):
    """Does as `labelled_rows`, of one column a label."""
    names = target_names(spec.target)
    presence = spec.target_kind == "presence"
    sets, is_known = read_label_columns(
        table,
        names,
        presence=presence,
        missing=missing,
    )
    num_rows = len(is_known)
    kept = np.flatnonzero(is_known)
    if not len(kept):
        raise LoadError(
            f"each of the {num_rows:,} rows lacks one of the targets {sets.name}",
            expected="rows with a value in every target column",
            fix="choose other targets, or --set load.target_kind=presence where an empty cell is "
            "no label",
        )
    num_left_out = num_rows - len(kept)
    if num_left_out == 0:
        return table, kept, ()
    detail = (f"{num_left_out:,} rows that lack one of them are left out", "")
    return _take_rows(table, kept), kept, detail


def _take_rows(table, kept):
    return {name: take_cells(cells, kept) for name, cells in table.items()}


def read_target(table, spec, missing, marks, *, noun="row", rows=None):
    """Reads the target of `labelled_rows`.

    Args:
        table: Column → raw cells.
        spec: A load spec.
        missing: The words that read as missing.
        marks: How the numbers of the source are written.
        noun: What a row is.
        rows: int64 [rows], the row of the source that each stands in, for errors; None: its place.

    Returns:
        y; its Target; and notes on how it is written.

    Raises:
        LoadError: If there is nothing to learn.
    """
    if spec.empty_class:
        missing -= {spec.empty_class}  # it may well be called "None"
    sets = _read_label_sets(table, spec, missing, rows)
    if sets is not None:
        return _as_labels(sets, spec, noun)
    cells = table[spec.target]
    if spec.target_kind == "presence":
        return _as_presence(cells, spec, missing)
    if spec.target_kind == "characters":
        return read_texts_to_spell(cells, spec.target, rows)
    code = ""
    if spec.target_kind != "number":
        code = code_with_zeros(cells)
    if spec.target_kind != "classes" and not code:
        read = _read_number(cells, spec, missing, marks, rows=rows)
        if read is not None:
            return read
    y, target, joined = _as_classes(cells, spec, missing, rows)
    counts = np.bincount(y).tolist()
    doubtful = describe_doubtful_classes(target.labels, counts, spec.empty_class)
    why = ""
    if code:
        why = f"{shorten(code)} is a code: classes"
    return y, target, (*joined, *_notes(spec, why, doubtful))


def _read_number(cells, spec, missing, marks, *, rows):
    """Returns (y, Target, notes) of a target of real numbers, None where it has classes.

    Raises:
        LoadError: For cells that are numbers but for a few, or that float32 cannot tell apart.
    """
    is_given = spec.target_kind == "number"
    what = f"the target {shorten(spec.target)}"
    read = read_as_numbers(what, spec.target, cells, marks, given=is_given)
    numbers, bad = read_numbers(cells, read.column, missing)
    are_many = len(np.unique(numbers)) > MAX_CLASSES_OF_NUMBERS
    if not is_given:
        if are_many:
            refuse_spellings(what, cells, read, AS_CLASSES)
            refuse_some_numbers(what, cells, bad, AS_CLASSES)
        has_fractions = np.any(numbers != np.round(numbers))
        if bad or not (are_many or has_fractions):
            return None
    if not bad:
        fix = "divide the target, or subtract a constant from it, in the source"
        refuse_merged(what, cells, numbers, fix)
    y, target = _as_number(numbers, bad, spec, rows)
    why = ""
    if read.is_special:
        why = read.why
    words = describe_words(cells, read.column, missing)
    return y, target, _notes(spec, why, words.removeprefix("; "))


def _read_label_sets(table, spec, missing, rows):
    """Returns the labels of each row, or None where a row has one class or one number."""
    if not isinstance(spec.target, str):
        names = target_names(spec.target)
        presence = spec.target_kind == "presence"
        sets, _ = read_label_columns(table, names, presence=presence, missing=missing)
        return sets
    cells = table[spec.target]
    separator = spec.label_separator
    if spec.target_kind == "" and not separator:
        separator = holds_several(cells, missing)
    if not separator and spec.target_kind != "labels":
        return None
    return read_label_sets(
        cells,
        spec.target,
        spec.label_separator,
        missing=missing,
        spelling=spec.reading.spelling,
        no_label=spec.empty_class,
        source_rows=rows,
    )


def _notes(spec, *sentences):
    return tuple(ColumnNote(spec.target, "target", sentence) for sentence in sentences if sentence)


def _as_labels(sets, spec, noun):
    """Returns (y, Target, notes) of several labels a row."""
    if spec.positive:
        raise LoadError(
            f"load.positive={spec.positive!r} for a target of several labels",
            expected="two classes, of which one is the positive one",
            fix="leave load.positive empty: every label is scored by itself",
        )
    y, target = sets.encode(noun)
    return y, target, sets.describe()


def _as_classes(cells, spec, missing, rows):
    """Returns (y, Target, notes) of classes."""
    classes = read_classes(cells, spec.target, missing, rows)
    texts, joined, notes = join_classes(classes, spec.target, spec.reading.spelling)
    y, target = encode_classes(
        texts,
        spec.target,
        positive=joined.get(spec.positive, spec.positive),
        otherwise=or_numbers(texts),
    )
    return y, target, notes


def _as_presence(cells, spec, missing):
    """Returns (y, Target, notes) of cells that are filled or empty."""
    y = (~missing_rows(cells, missing)).astype(np.int64)
    if len(np.unique(y)) < 2:
        state = "empty"
        if y[0]:
            state = "filled"
        raise LoadError(
            f"the target {shorten(spec.target)} is {state} in all rows",
            expected="some filled and some empty cells",
            fix="choose another target or target_kind",
        )
    words = count_words(cells, missing)
    notes = ()
    if words:
        shown = [f"{count:,} cells {word!r}" for word, count in words.most_common(3)]
        notes = _notes(spec, f"{', '.join(shown)} count as empty")
    labels = (f"no {spec.target}", spec.target)
    return y, class_target(spec.target, labels), notes


def _as_number(numbers, bad, spec, rows):
    """Returns (y, Target) of real numbers. Raises LoadError for bad cells and equal numbers."""
    name = shorten(spec.target)
    if bad:
        first = bad[0]
        row = source_row(rows, first.row)
        raise LoadError(
            f"the target {name} in row {row}: {first.reason}: {first.value}",
            expected="a number in every row",
            fix="fix the cell, or set load.target_kind=classes",
        )
    if np.all(numbers == numbers[0]):
        raise LoadError(
            f"the target {name} is {numbers[0]:g} in all rows",
            expected="at least two values",
            fix="choose another target",
        )
    return numbers.astype(np.float64), Target(spec.target, RegressionTask.name)


def refuse_some_numbers(
    what: str, filled: Sequence, invalid: Sequence[BadCell], otherwise: str
) -> None:
    """Refuses cells that are numbers but for a few: nine in ten, or half of them and those of many
    values. Codes such as 1, 2-10, 11-100 are categories.

    Args:
        what: What the cells are, for the error.
        filled: The cells that have a value.
        invalid: Those of them that are no numbers.
        otherwise: What else can be typed, for the error.

    Raises:
        LoadError: For such cells.
    """
    if not invalid:
        return
    share = len(invalid) / max(len(filled), 1)
    if share > 0.5:
        return
    if isinstance(invalid, BadRows):
        invalid_rows = set(invalid.rows.tolist())
    else:
        invalid_rows = {each.row for each in invalid}
    values = set()
    for row, cell in enumerate(filled):
        if row not in invalid_rows:
            values.add(str(cell))
    if share > 0.1 and len(values) <= MANY_VALUES:
        return
    raise some_numbers(what, filled, invalid, otherwise)


def tasks_of_kind(target_kind: str) -> tuple[Task, ...]:
    """Returns the tasks that a load spec leaves possible.

    Args:
        target_kind: As `load.target_kind`; "" to infer one, which is never spelled.
    """
    if target_kind == "characters":
        return (SpellingTask(),)
    of_columns = [task for task in TASKS.values() if _is_inferred(task)]
    if target_kind == "classes":
        return tuple(task for task in of_columns if task.output_kind != "values")
    if target_kind == "number":
        return tuple(task for task in of_columns if task.output_kind == "values")
    if target_kind == "presence":
        yes_or_no = [task for task in of_columns if task.output_kind == "sigmoid"]
        return tuple(task for task in yes_or_no if task.has_classes)
    return tuple(of_columns)


def _is_inferred(task):
    """Returns whether the values of a column can show a task."""
    return not (task.needs_frame or task.embeds or task.spells)


def refuse_positive(positive: str, sketch: DataSketch) -> str:
    """Returns why `load.positive` would have no effect, or ""."""
    if not positive or sketch.may_be(lambda task: task.output_kind == "sigmoid"):
        return ""
    return Refusal(
        f"load.positive={positive!r} for {sketch.target_words()}",
        expected="two classes, of which scores are about one",
        fix="--set load.positive=''",
    )
