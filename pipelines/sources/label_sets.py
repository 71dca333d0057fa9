"""Several labels a row, as a source writes them into one cell (`red|round`) → 0 and 1."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import is_missing, shorten
from ..device.packed import PackedCells
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
# What a list of labels in a cell may be.
LIST_TYPES = (list, tuple, set, frozenset)


@dataclass(frozen=True, eq=False)
class LabelSets:
    """The labels of rows.

    Attributes:
        name: Of the target.
        labels: One a column of `has`, in the order of the model's outputs.
        has: int64 [rows, labels], 1 where the row has the label.
        separator: What parts the labels of an answer; it stands in no label.
        notes: What the schema reports.
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
            noun: What a row is.

        Raises:
            LoadError: If a label has too few rows to learn from, validate and test.
        """
        self._refuse_rare(noun)
        target = Target(
            self.name,
            MultilabelTask.name,
            self.labels,
            separator=self.separator,
        )
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
        num_labels = len(self.labels)
        labels_of_rows = self.has.sum(axis=1)
        has_none = labels_of_rows == 0
        text = f"{num_labels:,} labels ({self._counts_in_words()}); "
        text += f"{labels_of_rows.mean():.2g} labels a row"
        if has_none.any():
            num_without = int(has_none.sum())
            text += f", {num_without:,} rows have none"
        note = ColumnNote(self.name, "target", text)
        return (note, *self.notes)

    def _counts_in_words(self):
        """Returns how many rows have each of the most frequent labels."""
        totals = self.has.sum(axis=0).tolist()
        counts = dict(zip(self.labels, totals, strict=True))
        most_frequent = sorted(counts, key=counts.get, reverse=True)
        shown = []
        for label in most_frequent[:MAX_SHOWN]:
            shown.append(f"{shorten(label)} {counts[label]:,}")
        words = ", ".join(shown)
        num_more = len(counts) - MAX_SHOWN
        if num_more > 0:
            words += f", and {num_more:,} more"
        return words


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
    if separator and not _may_separate(separator):
        raise LoadError(
            f"load.label_separator={separator!r}",
            expected="one to three characters",
            fix="--set 'load.label_separator=|'",
        )
    if isinstance(spec.target, str):
        return
    num_targets = len(spec.target)
    num_different = len(set(spec.target))
    if num_targets < 2 or num_different < num_targets:
        raise LoadError(
            f"load.target={spec.target!r}",
            expected="one column, or several different ones of 0 and 1",
            fix="name each column once",
        )
    if separator:
        raise LoadError(
            f"load.label_separator={separator!r} with {num_targets} target columns",
            expected="one column with several labels in a cell, or one column a label",
            fix="leave load.label_separator empty",
        )


def _may_separate(separator):
    """Tests whether labels may be parted by it: short, and nothing that a CSV file uses."""
    if separator in ("\n", "\r", '"'):
        return False
    return len(separator) <= 3


def find_separator(
    cells: Sequence, missing: frozenset[str], *, candidates: tuple[str, ...] = SEPARATORS
) -> str:
    """Returns the candidate that most cells hold, "" if none holds one.

    Args:
        cells: Raw, one a row.
        missing: The words that read as missing.
        candidates: In the order in which ties are settled.
    """
    texts = []
    for cell in cells:
        if not is_missing(cell, missing):
            texts.append(str(cell).strip())
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
        cells: Raw, one a row.
        missing: The words that read as missing.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        return ""
    if isinstance(cells, PackedCells) and not cells.may_hold("".join(SURE_SEPARATORS)):
        return ""
    if has_lists(cells):
        return SURE_SEPARATORS[0]
    texts = []
    for cell in cells:
        if isinstance(cell, str) and cell.strip() not in missing:
            texts.append(cell.strip())
    separator = find_separator(texts, missing, candidates=SURE_SEPARATORS)
    if not separator:
        return ""
    fewest = max(MIN_ROWS, MIN_SHARE * len(texts))
    if _num_with(separator, texts) < fewest:
        return ""
    counts = _count_labels(texts, separator)
    num_frequent = sum(count for count in counts.values() if count >= MIN_ROWS)
    are_fewer = len(counts) < len(set(texts))
    if are_fewer and num_frequent >= 0.9 * counts.total():
        return separator
    return ""


def _count_labels(texts, separator) -> Counter[str]:
    """Counts the texts that hold each label."""
    counts: Counter[str] = Counter()
    for text in texts:
        labels = _parts(text, separator)
        counts.update(set(labels))
    return counts


def has_lists(cells: Sequence) -> bool:
    """Tests whether a cell is a list of labels."""
    return any(isinstance(cell, LIST_TYPES) for cell in cells)


def _parts(cell, separator):
    """Returns the labels of a cell that holds some: text, or a list of text."""
    if isinstance(cell, LIST_TYPES):
        parts = [str(each) for each in cell]
    else:
        parts = str(cell).split(separator)
    labels = [part.strip() for part in parts]
    return [label for label in labels if label]


def read_label_sets(
    cells: Sequence,
    name: str,
    separator: str,
    *,
    missing: frozenset[str] = frozenset(),
    spelling: str = "",
    no_label: str = "",
    source_rows: np.ndarray | None = None,
) -> LabelSets:
    """Reads cells that hold several labels each.

    Args:
        cells: Text, or lists of text, one a row; none is missing.
        name: Of the target.
        separator: Between the labels of a cell; if empty, the one that most cells hold.
        missing: The words that read as missing.
        spelling: Of labels whose names differ in spelling alone, see `sources.spellings`.
        no_label: The word of a row that has no label.
        source_rows: int64 [cells], the row of the source that each stands in; None: its place.

    Raises:
        LoadError: If no cell holds several labels, or there are too many of them.
    """
    is_listed = has_lists(cells)
    used = separator or _separator_of(cells, is_listed, missing)
    parts = _parts_of_cells(cells, used)
    sizes = [len(each) for each in parts]
    if max(sizes, default=0) < 2:
        _refuse_single(name, used)
    words = list(itertools.chain.from_iterable(parts))
    # The cell that each word stands in.
    rows = np.repeat(np.arange(len(parts)), sizes)
    in_source = rows if source_rows is None else source_rows[rows]
    classes = read_classes(words, name, frozenset(), in_source)
    texts, _, notes = join_classes(classes, name, spelling)
    is_label = np.ones(len(texts), bool)
    if no_label:
        is_label = texts != no_label
    label_texts = texts[is_label].astype(object)
    unique_texts, columns = np.unique(label_texts, return_inverse=True)
    labels = tuple(map(str, unique_texts))
    _refuse_number(labels, name)
    has = np.zeros((len(parts), len(labels)), np.int64)
    has[rows[is_label], columns] = 1
    if not separator and not is_listed:
        why = f"several labels in a cell, parted by {used!r}; {AS_CLASSES} keeps cells whole"
        notes = (*notes, ColumnNote(name, "target", why))
    return LabelSets(name, labels, has, free_separator(labels, used), tuple(notes))


def _parts_of_cells(cells, separator):
    """Returns the labels of each cell; without a separator, the cell is one."""
    if separator:
        return [_parts(cell, separator) for cell in cells]
    return [[str(cell).strip()] for cell in cells]


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
    """Raises LoadError for too many labels or too few."""
    num_labels = len(labels)
    if num_labels > MAX_LABELS:
        raise LoadError(
            f"the target {shorten(name)} has {num_labels:,} labels",
            expected=f"at most {MAX_LABELS:,}",
            fix="merge labels, or check load.label_separator",
        )
    if num_labels < 2:
        raise LoadError(
            f"the target {shorten(name)} has {num_labels} labels",
            expected="at least two",
            fix=f"{AS_CLASSES}, or target_kind=presence for one label that a row has or lacks",
        )


def free_separator(labels: Sequence[str], wanted: str = "") -> str:
    """Returns what an answer joins its labels with: `wanted`, or else the first separator that no
    label holds.
    """
    candidates = [*SEPARATORS, " | ", "||"]
    if wanted:
        candidates.insert(0, wanted)
    for mark in candidates:
        if not _num_with(mark, labels):
            return mark
    return " || "
