"""Parts of rows in which rare classes are not lost: scikit-learn rounds the share of a class of a
few rows to none.
"""

import numpy as np


def cut_each_class(
    y: np.ndarray, share: float, *, keep: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cuts each class by itself.

    Args:
        y: int64 class [rows].
        share: of a class's rows that are held out, rounded, as far as `keep` of them are left.
        keep: the rows of each class that are not held out.
        seed: draws the rows.

    Returns:
        Places int64 of the rows kept and of those held out, each in the order of the rows.
    """
    generator = np.random.default_rng(seed)
    held_out = np.zeros(len(y), bool)
    for label in np.unique(y):
        places = generator.permutation(np.flatnonzero(y == label))
        wanted = round(share * len(places))
        most = max(len(places) - keep, 0)
        count = min(wanted, most)
        held_out[places[:count]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def with_each_class(
    y: np.ndarray, kept: np.ndarray, held_out: np.ndarray, *, keep: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Moves the fewest rows that give both sides their rows of each class.

    Args:
        y: int64 class [rows].
        kept: places int64 on the one side, which needs `keep` rows of each class, or all that there
            are.
        held_out: places int64 on the other side, which needs one row of each class that has more
            than `keep`.
        keep: see `kept`.
        seed: draws the rows that are moved.

    Returns:
        Places int64 of both sides, unchanged and in the same order where nothing was lacking.
    """
    num_classes = int(y.max(initial=-1)) + 1
    in_kept = np.bincount(y[kept], minlength=num_classes)
    in_held_out = np.bincount(y[held_out], minlength=num_classes)
    counts = in_kept + in_held_out
    lacking = np.maximum(keep - in_kept, 0)
    num_back = np.minimum(lacking, in_held_out)
    # One row of each of these classes is held out.
    hold_out = (in_held_out == 0) & (counts > keep)
    if not num_back.any() and not hold_out.any():
        return kept, held_out
    generator = np.random.default_rng(seed)
    back = _draw_rows(y, held_out, num_back, generator)
    out = _draw_rows(y, kept, hold_out.astype(np.int64), generator)
    stays_kept = ~np.isin(kept, out)
    stays_held_out = ~np.isin(held_out, back)
    new_kept = np.concatenate([kept[stays_kept], back])
    new_held_out = np.concatenate([held_out[stays_held_out], out])
    return new_kept, new_held_out


def _draw_rows(y, places, counts, generator):
    """Draws as many of the places as `counts` (int64 [classes]) wants of each class."""
    drawn = [np.empty(0, np.int64)]
    for label in np.flatnonzero(counts):
        of_class = places[y[places] == label]
        rows = generator.choice(of_class, counts[label], replace=False)
        drawn.append(rows)
    return np.concatenate(drawn)
