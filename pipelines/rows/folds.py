"""Folds of rows that stand alone: each row is judged on once. scikit-learn draws."""

import warnings

import numpy as np

from ..errors import SplitError
from .label_cuts import cut_each_label
from .parts import Dataset, TrainSet


def random_folds(
    rows: Dataset | TrainSet, places: np.ndarray, num: int, *, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draws folds; with classes or labels, each has its share of them.

    Args:
        rows: As loaded, or training rows.
        places: int64, of the rows that are folded.
        num: How many folds.
        seed: Of the draw.

    Returns:
        (learned from, judged on) of each fold, places int64.

    Raises:
        SplitError: There are fewer rows than folds, or a label has too few.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    _refuse_few(len(places), num, "rows")
    y = rows.y[places]
    labels = rows.schema.target.labels
    if labels and y.ndim == 2:
        return _folds_of_labels(y, places, num, labels=labels, seed=seed)
    if not labels or np.bincount(y).max() < num:
        drawn = KFold(num, shuffle=True, random_state=seed).split(places)
    else:
        drawn = StratifiedKFold(num, shuffle=True, random_state=seed).split(places, y)
    with warnings.catch_warnings():
        # Of a class with fewer rows than folds: some folds are judged without it.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [(places[others], places[fold]) for others, fold in drawn]


def grouped_folds(
    rows: Dataset | TrainSet, places: np.ndarray, num: int, *, groups: np.ndarray, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draws folds of whole groups; with classes, each has about its share of them.

    Args:
        rows: As loaded, or training rows.
        places: int64, of the rows that are folded.
        num: How many folds.
        groups: Of the rows at `places`.
        seed: Of the draw.

    Returns:
        (learned from, judged on) of each fold, places int64.

    Raises:
        SplitError: There are fewer groups than folds.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    _refuse_few(len(np.unique(groups)), num, "groups")
    y = rows.y[places]
    has_classes = bool(rows.schema.target.labels) and y.ndim == 1
    if has_classes and np.bincount(y).max() >= num:
        cut = StratifiedGroupKFold(num, shuffle=True, random_state=seed)
    else:
        cut = GroupKFold(num, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Of a class with fewer rows than folds: some folds are judged without it.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return [(places[others], places[fold]) for others, fold in cut.split(places, y, groups)]


def _refuse_few(num_units, num, words):
    """Raises SplitError for fewer rows or groups than folds."""
    if num_units >= num:
        return
    raise SplitError(
        f"{num} folds of {num_units} {words}",
        expected=f"at least as many {words} as folds",
        fix=f"--folds {max(num_units, 2)}, or provide more {words}",
    )


def _folds_of_labels(has, places, num, *, labels, seed):
    """Cuts one fold after the other from what is left; `has`: int64 [rows, labels]."""
    left = np.arange(len(has))
    everything = np.arange(len(has))
    folds = []
    for num_left in range(num, 1, -1):
        kept, fold = cut_each_label(has[left], 1 / num_left, labels=labels, keep=1, seed=seed)
        folds.append(left[fold])
        left = left[kept]
    folds.append(left)
    return [(places[np.setdiff1d(everything, fold)], places[fold]) for fold in folds]
