"""Parts of rows with several labels each, in which every label has its share and none is lost."""

import numpy as np

from ..device.cells import shorten
from ..errors import SplitError


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
        share: of the rows that are held out.
        labels: their names, for errors.
        keep: the rows with each label, and without it, that are not held out.
        seed: draws the order of the rows.

    Returns:
        Places int64 of the rows kept and of those held out, each in the order of the rows.

    Raises:
        SplitError: where a label cannot be on both sides.
    """
    generator = np.random.default_rng(seed)
    has = has.astype(bool)
    order = generator.permutation(len(has))
    held_out = np.zeros(len(has), bool)
    held_out[order] = _assign(has[order], share, keep)
    held_out = _with_each_label(has, held_out, keep=keep, generator=generator)
    lacking = _lacking_side(has, held_out, keep)
    if lacking is not None:
        label, value, _ = lacking
        if value:
            word = "with"
        else:
            word = "without"
        raise SplitError(
            f"no cut with a share of {share} has rows {word} the label "
            f"{shorten(labels[label])} on both sides",
            expected="each label in every part",
            fix="merge rare labels, add rows with them, or draw with another split.seed",
        )
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _assign(has, share, keep):
    """Returns which of the rows, in their order, are held out, bool [rows]."""
    num_rows = len(has)
    counts = has.sum(axis=0)
    # What each side still lacks of each label: [labels, 2], kept and held out.
    most = np.maximum(counts - keep, 0)
    least = np.minimum(1, most)
    wanted = np.clip(share * counts, least, most)
    lacking = np.stack([counts - wanted, wanted], axis=1)
    rows_lacking = np.array([(1 - share) * num_rows, share * num_rows])
    held_out = np.zeros(num_rows, bool)
    is_open = np.ones(num_rows, bool)
    left = counts.copy()
    while left.any():
        rarest_first = np.where(left, left, num_rows + 1)
        label = int(rarest_first.argmin())
        for row in np.flatnonzero(is_open & has[:, label]):
            side = _side(lacking[label], rows_lacking)
            held_out[row] = side == 1
            lacking[has[row], side] -= 1
            rows_lacking[side] -= 1
            left[has[row]] -= 1
            is_open[row] = False
    for row in np.flatnonzero(is_open):
        side = int(rows_lacking.argmax())
        held_out[row] = side == 1
        rows_lacking[side] -= 1
    return held_out


def _side(lacking, rows_lacking):
    """Returns the side, 0 or 1, that lacks most of a label; of a tie the one that lacks most
    rows.
    """
    if lacking[0] == lacking[1]:
        return int(rows_lacking.argmax())
    return int(lacking.argmax())


def _with_each_label(has, held_out, *, keep, generator):
    """Moves rows, one by one, until both sides have rows with and without each label."""
    num_labels = has.shape[1]
    for _ in range(2 * num_labels):
        problem = _lacking_side(has, held_out, keep)
        if problem is None:
            return held_out
        label, value, side = problem
        is_target = side == 1
        movable = (has[:, label] == value) & (held_out != is_target)
        rows = generator.permutation(np.flatnonzero(movable))
        moved = _with_one_moved(has, held_out, rows, is_target, keep)
        if moved is None:
            return held_out
        held_out = moved
    return held_out


def _with_one_moved(has, held_out, rows, is_target, keep):
    """Returns `held_out` with the first row moved that leaves less lacking; None where none does.

    Args:
        has: bool [rows, labels].
        held_out: bool [rows].
        rows: int64, the places of the rows to try.
        is_target: whether the row is to be held out.
        keep: as of `cut_each_label`.
    """
    before = _num_lacking(has, held_out, keep)
    for row in rows:
        moved = held_out.copy()
        moved[row] = is_target
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
    return int(_lacks(has, held_out, keep).sum())


def _lacking_side(has, held_out, keep):
    """Returns (label, value, side) of what lacks first, or None."""
    found = np.argwhere(_lacks(has, held_out, keep))
    if not len(found):
        return None
    side, value, label = found[0]
    return int(label), bool(value), int(side)


def lacks_labels(has: np.ndarray, held_out: np.ndarray) -> bool:
    """Returns whether one side of a cut has no row with some label that there is.

    Args:
        has: int64 [rows, labels].
        held_out: bool [rows].
    """
    return _num_lacking(has.astype(bool), held_out, 1) > 0


def missing_labels(
    has: np.ndarray, labels: tuple[str, ...], parts: dict[str, np.ndarray]
) -> tuple[str, ...]:
    """Returns what a reader of the scores should know of labels that no row of a part has.

    Args:
        has: int64 [rows, labels].
        labels: their names.
        parts: name → places int64 of its rows.

    Raises:
        SplitError: where all training rows, or none, have a label: nothing is learned of it.
    """
    notes = []
    for name, places in parts.items():
        counts = has[places].sum(axis=0)
        if name == "train":
            _refuse_constant_label(counts, len(places), labels)
        absent = [labels[each] for each in np.flatnonzero(counts == 0)]
        if not absent:
            continue
        shown = ", ".join(map(shorten, absent[:5]))
        if len(absent) > 5:
            shown += ", ..."
        effect = "it has no scores"
        if name == "valid":
            effect = "no threshold is chosen"
        notes.append(f"no row of the {name} part has the label {shown}: {effect}")
    return tuple(notes)


def _refuse_constant_label(counts, num_rows, labels):
    """Raises SplitError where all training rows, or none, have a label.

    Args:
        counts: int64 [labels], the training rows with each label.
        num_rows: of the training part.
        labels: their names.
    """
    is_constant = (counts == 0) | (counts == num_rows)
    if not is_constant.any():
        return
    label = np.flatnonzero(is_constant)[0]
    rows = "every row"
    if counts[label] == 0:
        rows = "no row"
    raise SplitError(
        f"{rows} of the train part has the label {shorten(labels[label])}",
        expected="training rows with each label and without it",
        fix="add rows, merge the label with another, or draw with another split.seed",
    )
