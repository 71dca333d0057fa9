"""Parts of rows with several labels each, in which every label has its share and none is lost."""

from dataclasses import dataclass

import numpy as np

from ..device.cells import shorten
from ..errors import SplitError

# Labels that a note names.
MAX_SHOWN = 5


def cut_each_label(
    has: np.ndarray, share: float, *, labels: tuple[str, ...], keep: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts rows so that each label has the same share of its rows on both sides: iterative
    stratification (Sechidis, Tsoumakas and Vlahavas 2011,
    https://doi.org/10.1007/978-3-642-23808-6_10).

    The label with the fewest rows left comes first; each of its rows goes to the side that lacks
    it most, then to the side that lacks rows most. Rows without a label come last. A label whose
    share would round to no row still has one on both sides.

    Args:
        has: int64 [rows, labels], 1 where a row has a label.
        share: Of the rows that are held out.
        labels: Their names, for errors.
        keep: The rows with each label, and without it, that are not held out.
        seed: Draws the order of the rows.

    Returns:
        Places int64 of the rows kept and of those held out, each in the order of the rows.

    Raises:
        SplitError: If a label cannot be on both sides.
    """
    generator = np.random.default_rng(seed)
    has = has.astype(bool)
    num_rows = len(has)
    order = generator.permutation(num_rows)
    held_out = np.zeros(num_rows, bool)
    held_out[order] = _assign(has[order], share, keep)
    held_out = _with_each_label(has, held_out, keep=keep, generator=generator)
    lack = _first_lack(has, held_out, keep)
    if lack is not None:
        word = "without"
        if lack.has_label:
            word = "with"
        raise SplitError(
            f"no cut with a share of {share} has rows {word} the label "
            f"{shorten(labels[lack.label])} on both sides",
            expected="each label in every part",
            fix="merge rare labels, add rows with them, or draw with another split.seed",
        )
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


@dataclass
class _OpenSides:
    """What both sides of a cut still lack; side 0 is kept, side 1 is held out.

    Attributes:
        of_labels: float64 [labels, 2], the rows with each label.
        of_rows: float64 [2], the rows.
    """

    of_labels: np.ndarray
    of_rows: np.ndarray

    def choose(self, label: int) -> int:
        """Returns the side that lacks most of a label; of a tie the one that lacks most rows."""
        kept, held_out = self.of_labels[label]
        if kept == held_out:
            return self.choose_for_none()
        return int(held_out > kept)

    def choose_for_none(self) -> int:
        """Returns the side that lacks most rows."""
        return int(self.of_rows.argmax())

    def add(self, side: int, has: np.ndarray) -> None:
        """Counts a row with the labels `has`, bool [labels], to a side."""
        self.of_labels[has, side] -= 1
        self.of_rows[side] -= 1


def _assign(has, share, keep):
    """Returns which of the rows, in their order, are held out, bool [rows]."""
    num_rows = len(has)
    counts = has.sum(axis=0)
    sides = _open_sides(counts, num_rows, share, keep)
    held_out = np.zeros(num_rows, bool)
    is_open = np.ones(num_rows, bool)
    left = counts.copy()
    while left.any():
        # A label without rows left comes after all others.
        rarest_first = np.where(left, left, num_rows + 1)
        label = int(rarest_first.argmin())
        for row in np.flatnonzero(is_open & has[:, label]):
            side = sides.choose(label)
            sides.add(side, has[row])
            held_out[row] = side == 1
            left[has[row]] -= 1
            is_open[row] = False
    for row in np.flatnonzero(is_open):
        side = sides.choose_for_none()
        sides.add(side, has[row])
        held_out[row] = side == 1
    return held_out


def _open_sides(counts, num_rows, share, keep):
    """Returns what both sides lack before a row is assigned; `counts`: int64 [labels]."""
    most = np.maximum(counts - keep, 0)
    least = np.minimum(1, most)
    held_out = np.clip(share * counts, least, most)
    of_labels = np.stack([counts - held_out, held_out], axis=1)
    of_rows = np.array([(1 - share) * num_rows, share * num_rows])
    return _OpenSides(of_labels, of_rows)


def _with_each_label(has, held_out, *, keep, generator):
    """Moves rows, one by one, until both sides have rows with and without each label."""
    num_labels = has.shape[1]
    for _ in range(2 * num_labels):
        lack = _first_lack(has, held_out, keep)
        if lack is None:
            return held_out
        is_alike = has[:, lack.label] == lack.has_label
        is_on_other_side = held_out != lack.is_held_out
        movable = np.flatnonzero(is_alike & is_on_other_side)
        rows = generator.permutation(movable)
        moved = _with_one_moved(has, held_out, rows, lack.is_held_out, keep)
        if moved is None:
            return held_out
        held_out = moved
    return held_out


def _with_one_moved(has, held_out, rows, is_held_out, keep):
    """Returns `held_out` with the first row moved that leaves less lacking; None if none does.

    Args:
        has: bool [rows, labels].
        held_out: bool [rows].
        rows: int64, the places of the rows to try.
        is_held_out: Whether the row is to be held out.
        keep: As of `cut_each_label`.
    """
    before = _num_lacking(has, held_out, keep)
    for row in rows:
        moved = held_out.copy()
        moved[row] = is_held_out
        if _num_lacking(has, moved, keep) < before:
            return moved
    return None


def _sides(has, held_out):
    """Counts the rows of a side that have a label (value 1) or not, int64 [side, value, label]."""
    kept = ~held_out
    kept_positives = has[kept].sum(axis=0)
    held_out_positives = has[held_out].sum(axis=0)
    positives = np.stack([kept_positives, held_out_positives])
    sizes = np.array([kept.sum(), held_out.sum()])
    negatives = sizes[:, None] - positives
    return np.stack([negatives, positives], axis=1)


def _lacks(has, held_out, keep):
    """Counts the rows that a side lacks, int64 [side, value, label]."""
    counts = _sides(has, held_out)
    total = counts.sum(axis=0)
    needed_kept = np.minimum(keep, total)
    left_over = np.maximum(total - keep, 0)
    needed_held_out = np.minimum(1, left_over)
    needed = np.stack([needed_kept, needed_held_out])
    return np.maximum(needed - counts, 0)


def _num_lacking(has, held_out, keep):
    lacking = _lacks(has, held_out, keep)
    return int(lacking.sum())


@dataclass(frozen=True)
class _Lack:
    """What one side of a cut lacks.

    Attributes:
        label: The place of the label.
        has_label: Whether rows with it are lacking, or rows without it.
        is_held_out: Whether the side is the one held out.
    """

    label: int
    has_label: bool
    is_held_out: bool


def _first_lack(has, held_out, keep):
    """Returns what lacks first, or None."""
    places = np.argwhere(_lacks(has, held_out, keep))
    if not len(places):
        return None
    side, value, label = places[0]
    return _Lack(int(label), bool(value), bool(side))


def lacks_labels(has: np.ndarray, held_out: np.ndarray) -> bool:
    """Returns whether one side of a cut has no row with some label that there is.

    Args:
        has: int64 [rows, labels].
        held_out: bool [rows].
    """
    return _num_lacking(has.astype(bool), held_out, 1) > 0


def missing_labels(
    has: np.ndarray, labels: tuple[str, ...], parts: dict[str, np.ndarray], redraw: str
) -> tuple[str, ...]:
    """Returns what a reader of the scores should know of labels that no row of a part has.

    Args:
        has: int64 [rows, labels].
        labels: Their names.
        parts: Name → places int64 of its rows.
        redraw: How to get other parts, for an error.

    Raises:
        SplitError: If all training rows, or none, have a label: nothing is learned of it.
    """
    notes = []
    for name, places in parts.items():
        counts = has[places].sum(axis=0)
        if name == "train":
            _refuse_constant_label(counts, len(places), labels, redraw)
        absent = [labels[each] for each in np.flatnonzero(counts == 0)]
        if absent:
            notes.append(_note_absent(name, absent))
    return tuple(notes)


def _note_absent(part, absent):
    """Returns what the absence of labels in a part means."""
    shown = list(map(shorten, absent[:MAX_SHOWN]))
    if len(absent) > MAX_SHOWN:
        shown.append("...")
    effect = "it has no scores"
    if part == "valid":
        effect = "no threshold is chosen"
    return f"no row of the {part} part has the label {', '.join(shown)}: {effect}"


def _refuse_constant_label(counts, num_rows, labels, redraw):
    """Raises SplitError if all training rows, or none, have a label.

    Args:
        counts: int64 [labels], the training rows with each label.
        num_rows: Of the training part.
        labels: Their names.
        redraw: How to get other parts.
    """
    is_constant = (counts == 0) | (counts == num_rows)
    if not is_constant.any():
        return
    first = int(is_constant.argmax())
    rows = "every row"
    if counts[first] == 0:
        rows = "no row"
    raise SplitError(
        f"{rows} of the train part has the label {shorten(labels[first])}",
        expected="training rows with each label and without it",
        fix=f"add rows, merge the label with another, or {redraw}",
    )


def first_with_each_label(has, drawn):
    """Returns the first draw in which both sides have each label, or else the first of all."""
    for kept, held_out in drawn:
        is_held_out = np.zeros(len(has), bool)
        is_held_out[held_out] = True
        if not lacks_labels(has, is_held_out):
            return kept, held_out
    return drawn[0]
