"""Several labels a row, as a source writes them → 0 and 1: one cell with all labels of the row
(`red|round`), or one column a label.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import Column, is_missing, read_column, shorten
from ..device.signature import Target
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..tasks.multilabel import MultilabelTask
from .labels import many, read_classes
from .spellings import join_classes

MAX_LABELS = 1000
# Of each label so many rows that have it and so many that do not: one to learn from, one to
# validate, one to test.
MIN_ROWS = 3
# What parts the labels of a cell, without being asked; and where `target_kind` is "labels", in the
# order in which ties are settled.
SURE_SEPARATORS = ("|", ";")
SEPARATORS = (*SURE_SEPARATORS, ",", "/", "+", "&", " ")
# A column is taken for one of several labels where at least this share of its cells has the
# separator.
MIN_SHARE = 0.05
MAX_SHOWN = 8
AS_CLASSES = "--set load.target_kind=classes"
_SEVERAL_WORDS = (list, tuple, set, frozenset)


@dataclass(frozen=True, eq=False)
class LabelSets:
    """The labels of rows.

    Attributes:
        name: of the target.
        labels: one a column of `has`, in the order of the model's outputs.
        has: int64 [rows, labels], 1 where the row has the label.
        separator: what parts the labels of an answer; it stands in no label.
        notes: what the schema reports.
    """

    name: str
    labels: tuple[str, ...]
    has: np.ndarray
    separator: str
    notes: tuple[ColumnNote, ...] = ()

    def take(self, places: np.ndarray) -> "LabelSets":
        """Returns the rows at `places` (int [n])."""
        return replace(self, has=self.has[places])

    def encode(self, noun: str = "row") -> tuple[np.ndarray, Target]:
        """Returns y, int64 [rows, labels], and the target.

        Args:
            noun: what a row is.

        Raises:
            LoadError: where a label has too few rows to learn from, validate and test.
        """
        self._refuse_rare(noun)
        target = Target(self.name, MultilabelTask.name, self.labels, separator=self.separator)
        return self.has, target

    def _refuse_rare(self, noun):
        """Raises LoadError where a label has too few rows with it or without it."""
        counts = self.has.sum(axis=0)
        without = len(self.has) - counts
        fewer = np.minimum(counts, without)
        rarest = int(fewer.argmin())
        few = int(fewer[rarest])
        if few >= MIN_ROWS:
            return
        has = "without"
        if counts[rarest] < without[rarest]:
            has = "with"
        rows = many(noun)
        few_rows = rows
        if few == 1:
            few_rows = noun
        raise LoadError(
            f"the label {shorten(self.labels[rarest])} of the target {shorten(self.name)} has "
            f"{few} {few_rows} {has} it",
            expected=f"at least {MIN_ROWS} {rows} with each label and {MIN_ROWS} "
            "without: one to learn from, one to validate, one to test",
            fix=f"leave the label out, merge it with another, or add more {rows}",
        )

    def describe(self) -> tuple[ColumnNote, ...]:
        """Returns what the schema reports of the labels."""
        totals = self.has.sum(axis=0).tolist()
        counts = dict(zip(self.labels, totals, strict=True))
        common = sorted(counts, key=counts.get, reverse=True)
        shown = ", ".join(f"{shorten(label)} {counts[label]:,}" for label in common[:MAX_SHOWN])
        if len(counts) > MAX_SHOWN:
            shown += f", and {len(counts) - MAX_SHOWN:,} more"
        each = self.has.sum(axis=1)
        text = f"{len(counts):,} labels ({shown}); {each.mean():.2g} labels a row"
        if not each.all():
            num_without = int((each == 0).sum())
            text += f", {num_without:,} rows have none"
        return (ColumnNote(self.name, "target", text), *self.notes)


def target_names(target: str | tuple[str, ...]) -> tuple[str, ...]:
    """Returns the columns that a `target` knob names."""
    if isinstance(target, str):
        return (target,)
    return tuple(target)


def target_title(target: str | tuple[str, ...]) -> str:
    """Returns the name of the target that a `target` knob names."""
    return ", ".join(target_names(target))


def check_label_knobs(spec) -> None:
    """Raises LoadError for knobs of several labels that contradict each other."""
    separator = spec.label_separator
    if separator and (len(separator) > 3 or separator in ("\n", "\r", '"')):
        raise LoadError(
            f"load.label_separator={separator!r}",
            expected="one to three characters",
            fix="--set 'load.label_separator=|'",
        )
    if isinstance(spec.target, str):
        return
    if len(spec.target) < 2 or len(set(spec.target)) < len(spec.target):
        raise LoadError(
            f"load.target={spec.target!r}",
            expected="one column, or several different ones of 0 and 1",
            fix="name each column once",
        )
    if separator:
        raise LoadError(
            f"load.label_separator={separator!r} with {len(spec.target)} target columns",
            expected="one column with several labels in a cell, or one column a label",
            fix="leave load.label_separator empty",
        )


# --- one cell with all labels -----------------------------------------------------------------


def find_separator(
    cells: Sequence, missing: frozenset[str], *, candidates: tuple[str, ...] = SEPARATORS
) -> str:
    """Returns the candidate that most cells hold, "" where none holds one.

    Args:
        cells: raw, one a row.
        missing: the words that read as missing.
        candidates: in the order in which ties are settled.
    """
    texts = [str(cell).strip() for cell in cells if not is_missing(cell, missing)]
    counts = [_num_with(mark, texts) for mark in candidates]
    if not any(counts):
        return ""
    best = int(np.argmax(counts))
    return candidates[best]


def _num_with(mark, texts):
    return sum(mark in text for text in texts)


def holds_several(cells: Sequence, missing: frozenset[str]) -> str:
    """Returns the separator of a column that without doubt holds several labels in a cell, else "".

    Without doubt: a `|` or `;` in a twentieth of the cells, and fewer different labels than
    different cells, nearly all of them in several cells. Codes such as `Animals|Cats` have more
    parts than cells.

    Args:
        cells: raw, one a row.
        missing: the words that read as missing.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        return ""
    if _holds_lists(cells):
        return SURE_SEPARATORS[0]
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    texts = [text for text in texts if text not in missing]
    separator = find_separator(texts, missing, candidates=SURE_SEPARATORS)
    if not separator:
        return ""
    fewest = max(MIN_ROWS, MIN_SHARE * len(texts))
    if _num_with(separator, texts) < fewest:
        return ""
    counts: Counter[str] = Counter()
    for text in texts:
        labels = set(_parts(text, separator))
        counts.update(labels)
    common = sum(count for count in counts.values() if count >= MIN_ROWS)
    num_different = len(set(texts))
    if len(counts) < num_different and common >= 0.9 * counts.total():
        return separator
    return ""


def _holds_lists(cells):
    return any(isinstance(cell, _SEVERAL_WORDS) for cell in cells)


def _parts(cell, separator):
    """Returns the labels of a cell that holds some: text, or a list of text."""
    if isinstance(cell, _SEVERAL_WORDS):
        parts = [str(each).strip() for each in cell]
    else:
        parts = [part.strip() for part in str(cell).split(separator)]
    return [part for part in parts if part]


def read_label_sets(
    cells: Sequence,
    name: str,
    separator: str,
    *,
    missing: frozenset[str] = frozenset(),
    spelling: str = "",
    no_label: str = "",
) -> LabelSets:
    """Reads cells that hold several labels each.

    Args:
        cells: text, or lists of text, one a row; none is missing.
        name: of the target.
        separator: between the labels of a cell; if empty, the one that most cells hold.
        missing: the words that read as missing.
        spelling: of labels whose names differ in spelling alone, see `sources.spellings`.
        no_label: the word of a row that has no label.

    Raises:
        LoadError: where no cell holds several labels, or there are too many of them.
    """
    is_listed = _holds_lists(cells)
    found = separator or _separator_of(cells, is_listed, missing)
    if found:
        parts = [_parts(cell, found) for cell in cells]
    else:
        parts = [[str(cell).strip()] for cell in cells]
    sizes = [len(each) for each in parts]
    if max(sizes, default=0) < 2:
        _refuse_single(name, found)
    words = [part for each in parts for part in each]
    classes = read_classes(words, name, frozenset())
    texts, _, notes = join_classes(classes, name, spelling)
    is_label = np.ones(len(texts), bool)
    if no_label:
        is_label = texts != no_label
    label_texts = texts[is_label].astype(object)
    labels, places = np.unique(label_texts, return_inverse=True)
    labels = tuple(map(str, labels))
    _refuse_number(labels, name)
    rows = np.repeat(np.arange(len(parts)), sizes)
    has = np.zeros((len(parts), len(labels)), np.int64)
    has[rows[is_label], places] = 1
    if not separator and not is_listed:
        why = f"several labels in a cell, parted by {found!r}; {AS_CLASSES} keeps cells whole"
        notes = (*notes, ColumnNote(name, "target", why))
    return LabelSets(name, labels, has, free_separator(labels, found), tuple(notes))


def _separator_of(cells, is_listed, missing):
    if is_listed:
        return "|"
    return find_separator(cells, missing)


def _refuse_single(name, separator):
    """Raises LoadError for a target of which no cell holds several labels."""
    what = "several labels"
    if separator:
        what = f"the separator {separator!r}"
    raise LoadError(
        f"no cell of the target {shorten(name)} has {what}",
        expected="cells such as 'red|round'",
        fix=f"--set 'load.label_separator=,', or one label a row: {AS_CLASSES}",
    )


def _refuse_number(labels, name):
    if len(labels) > MAX_LABELS:
        raise LoadError(
            f"the target {shorten(name)} has {len(labels):,} labels",
            expected=f"at most {MAX_LABELS:,}",
            fix="merge labels, or check load.label_separator",
        )
    if len(labels) < 2:
        raise LoadError(
            f"the target {shorten(name)} has {len(labels)} labels",
            expected="at least two",
            fix=f"{AS_CLASSES}, or target_kind=presence for one label that a row has or lacks",
        )


def free_separator(labels: Sequence[str], wanted: str = "") -> str:
    """Returns what an answer joins its labels with: `wanted`, or else the first separator that no
    label holds.
    """
    for mark in (wanted, *SEPARATORS, " | ", "||"):
        if mark and not _num_with(mark, labels):
            return mark
    return " || "


# --- one column a label -----------------------------------------------------------------------


def read_label_columns(
    table: Mapping[str, Sequence], names: tuple[str, ...], *, presence: bool, missing: frozenset
) -> tuple[LabelSets, np.ndarray]:
    """Reads one column a label: of 0 and 1 (or other words of truth), or filled and empty.

    Args:
        table: column → raw cells.
        names: of the columns, which are the labels.
        presence: whether a row has the label where the cell is filled.
        missing: the words that read as missing.

    Returns:
        The labels of all rows, and bool [rows]: which rows have a value in each column. The labels
        of the others are not known.

    Raises:
        LoadError: for a cell that is neither.
    """
    columns = []
    is_known = np.ones(len(table[names[0]]), bool)
    for name in names:
        cells = table[name]
        filled = np.array([not is_missing(cell, missing) for cell in cells], bool)
        if presence:
            columns.append(filled)
            continue
        columns.append(_read_truth(cells, name, missing))
        is_known &= filled
    has = np.stack(columns, axis=1).astype(np.int64)
    title = target_title(names)
    return LabelSets(title, names, has, free_separator(names)), is_known


def _read_truth(cells, name, missing):
    """Returns which cells are true, bool [rows]. Raises LoadError for a word of neither truth."""
    read, bad = read_column(cells, Column(name, "boolean"), missing)
    if bad:
        first = bad[0]
        raise LoadError(
            f"the target column {shorten(name)}, row {first.row}: {first.reason}: {first.value}",
            expected="0 or 1 (or yes, no, true, false) in each of several target columns",
            fix="write 0 and 1; --set load.target_kind=presence where a filled cell is a label",
        )
    return np.array([word == "true" for word in read], bool)
