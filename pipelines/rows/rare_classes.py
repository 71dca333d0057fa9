"""Parts of rows in which rare classes are not lost: scikit-learn rounds the share of a class of a
few rows to none.
"""

import numpy as np

from ..device.cells import shorten
from ..errors import SplitError


def cut_each_class(
    y: np.ndarray, share: float, *, keep: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts each class by itself.

    Args:
        y: int64 class [rows].
        share: Of a class's rows that are held out, rounded, as far as `keep` of them are left.
        keep: The rows of each class that are not held out.
        seed: Draws the rows.

    Returns:
        Places int64 of the rows kept and of those held out, each in the order of the rows.
    """
    generator = np.random.default_rng(seed)
    held_out = np.zeros(len(y), bool)
    for label in np.unique(y):
        places = np.flatnonzero(y == label)
        places = generator.permutation(places)
        num_rows = len(places)
        wanted = round(share * num_rows)
        most = max(num_rows - keep, 0)
        num_held_out = min(wanted, most)
        held_out[places[:num_held_out]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def with_each_class(
    y: np.ndarray, kept: np.ndarray, held_out: np.ndarray, *, keep: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Moves the fewest rows that give both sides their rows of each class.

    Args:
        y: int64 class [rows].
        kept: Places int64 on the one side, which needs `keep` rows of each class, or all that there
            are.
        held_out: Places int64 on the other side, which needs one row of each class that has more
            than `keep`.
        keep: See `kept`.
        seed: Draws the rows that are moved.

    Returns:
        Places int64 of both sides, unchanged and in the same order where nothing was lacking.
    """
    num_classes = int(y.max(initial=-1)) + 1
    num_kept = np.bincount(y[kept], minlength=num_classes)
    num_held_out = np.bincount(y[held_out], minlength=num_classes)
    num_rows = num_kept + num_held_out
    num_lacking = np.maximum(keep - num_kept, 0)
    num_back = np.minimum(num_lacking, num_held_out)
    # One row of each class that has no row held out, and more than are kept.
    is_unseen = num_held_out == 0
    num_out = (is_unseen & (num_rows > keep)).astype(np.int64)
    if not num_back.any() and not num_out.any():
        return kept, held_out
    generator = np.random.default_rng(seed)
    back = _draw_rows(y, held_out, num_back, generator)
    out = _draw_rows(y, kept, num_out, generator)
    new_kept = _exchange(kept, out, back)
    new_held_out = _exchange(held_out, back, out)
    return new_kept, new_held_out


def _exchange(places, leaving, coming):
    """Returns the places of a side without those that leave, and behind them those that come."""
    stays = ~np.isin(places, leaving)
    return np.concatenate([places[stays], coming])


def _draw_rows(y, places, counts, generator):
    """Draws as many of the places as `counts` (int64 [classes]) wants of each class."""
    drawn = [np.empty(0, np.int64)]
    classes = y[places]
    for label in np.flatnonzero(counts):
        of_class = places[classes == label]
        rows = generator.choice(of_class, counts[label], replace=False)
        drawn.append(rows)
    return np.concatenate(drawn)


def refuse_lacking(
    part: str,
    counts: np.ndarray,
    labels: tuple[str, ...],
    redraw: str,
) -> None:
    """Raises SplitError if nothing can be learned of a class, or two classes not be scored.

    Args:
        part: Its name.
        counts: int64 [classes], its rows of each class.
        labels: The names of the classes.
        redraw: How to get other parts.
    """
    lacking = [shorten(labels[each]) for each in np.flatnonzero(counts == 0)]
    needs_all = part == "train" or len(labels) == 2
    if lacking and needs_all:
        raise SplitError(
            f"the {part} part has no row of class {', '.join(lacking)}",
            expected=f"every class in the {part} part",
            fix=f"provide rows of it, merge it with another class, or {redraw}",
        )
