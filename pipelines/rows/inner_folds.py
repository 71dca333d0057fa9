"""Folds inside the training rows, to choose by."""

import numpy as np

from ..tasks import task_of
from .parts import TrainSet


def fold_places(
    train: TrainSet, num_folds: int, *, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cuts training rows into folds: rows of one group, and copies that a balancer made of one row,
    stay together; each fold has about the same share of every class.

    Args:
        train: The rows.
        num_folds: How many parts; fewer if there are fewer rows or groups.
        seed: Of the order.

    Returns:
        (places to learn from, places to answer) of each fold, int64.
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    together = train.group
    if together is None:
        together = train.ids
    num_groups = len(np.unique(together))
    num_folds = max(min(num_folds, num_groups), 2)
    knobs = {"n_splits": num_folds, "shuffle": True, "random_state": seed}
    strata = _strata(train, num_folds)
    places = np.zeros(len(train))
    if num_groups == len(train):
        together = None
    if strata is None and together is None:
        cutter = KFold(**knobs)
    elif together is None:
        cutter = StratifiedKFold(**knobs)
    elif strata is None:
        cutter = GroupKFold(**knobs)
    else:
        cutter = StratifiedGroupKFold(**knobs)
    return list(cutter.split(places, strata, together))


def _strata(train, num_folds):
    """Returns int64 [rows], classes with those that are too rare for a row in each fold counted to
    the commonest; None where rows have no one class.
    """
    if not task_of(train.schema.target).has_classes:
        return None
    counts = np.bincount(train.y)
    is_rare = counts[train.y] < num_folds
    return np.where(is_rare, counts.argmax(), train.y)
