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
    order = generator.permutation(len(has))
    shuffled = has[order].astype(bool)
    held_out = np.zeros(len(has), bool)
    held_out[order] = _assign(shuffled, share, keep)
    held_out = _with_each_label(has.astype(bool), held_out, keep=keep, generator=generator)
    lacking = _lacking_side(has.astype(bool), held_out, keep)
    if lacking is not None:
        label, value, _ = lacking
        raise SplitError(
            f"no cut with a share of {share} has rows {'with' if value else 'without'} the label "
            f"{shorten(labels[label])} on both sides",
            expected="each label in every part",
            fix="merge rare labels, add rows with them, or draw with another split.seed",
        )
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def _assign(has, share, keep):
    """bool [rows]: which of the rows, in their order, are held out."""
    counts = has.sum(axis=0)
    # What each side still lacks of each label: [labels, 2], kept and held out.
    least = np.minimum(1, np.maximum(counts - keep, 0))
    wanted = np.clip(share * counts, least, np.maximum(counts - keep, 0))
    lacking = np.stack([counts - wanted, wanted], axis=1)
    rows_lacking = np.array([(1 - share) * len(has), share * len(has)])
    held_out = np.zeros(len(has), bool)
    is_open = np.ones(len(has), bool)
    left = counts.copy()
    while left.any():
        label = int(np.where(left, left, len(has) + 1).argmin())
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
    """The side, 0 or 1, that lacks most of a label; of a tie the one that lacks most rows."""
    if lacking[0] == lacking[1]:
        return int(rows_lacking.argmax())
    return int(lacking.argmax())


def _with_each_label(has, held_out, *, keep, generator):
    """Moves rows, one by one, until both sides have rows with and without each label."""
    for _ in range(2 * has.shape[1]):
        problem = _lacking_side(has, held_out, keep)
        if problem is None:
            return held_out
        label, value, side = problem
        movable = np.flatnonzero((has[:, label] == value) & (held_out != (side == 1)))
        for row in generator.permutation(movable):
            moved = held_out.copy()
            moved[row] = side == 1
            if _num_lacking(has, moved, keep) < _num_lacking(has, held_out, keep):
                held_out = moved
                break
        else:
            break
    return held_out


def _sides(has, held_out):
    """int64 [side, value, label]: how many rows of a side have a label (value 1) or not."""
    positives = np.stack([has[~held_out].sum(axis=0), has[held_out].sum(axis=0)])
    sizes = np.array([(~held_out).sum(), held_out.sum()])
    return np.stack([sizes[:, None] - positives, positives], axis=1)


def _lacks(has, held_out, keep):
    """int64 [side, value, label]: how many rows a side lacks."""
    counts = _sides(has, held_out)
    total = counts.sum(axis=0)
    needed = np.stack([np.minimum(keep, total), np.minimum(1, np.maximum(total - keep, 0))])
    return np.maximum(needed - counts, 0)


def _num_lacking(has, held_out, keep):
    return int(_lacks(has, held_out, keep).sum())


def _lacking_side(has, held_out, keep):
    """(label, value, side) of what lacks first, or None."""
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
        constant = np.flatnonzero((counts == 0) | (counts == len(places)))
        if name == "train" and len(constant):
            label = constant[0]
            rows = "no row" if counts[label] == 0 else "every row"
            raise SplitError(
                f"{rows} of the train part has the label {shorten(labels[label])}",
                expected="training rows with each label and without it",
                fix="add rows, merge the label with another, or draw with another split.seed",
            )
        absent = [labels[each] for each in np.flatnonzero(counts == 0)]
        if absent:
            shown = ", ".join(map(shorten, absent[:5])) + ", ..." * (len(absent) > 5)
            effect = "no threshold is chosen" if name == "valid" else "it has no scores"
            notes.append(f"no row of the {name} part has the label {shown}: {effect}")
    return tuple(notes)
