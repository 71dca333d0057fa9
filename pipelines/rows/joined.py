"""Training and validation rows together, for what needs no row to stop or to decide by."""

from dataclasses import replace

import numpy as np

from .columns import joined
from .contents import refuse_streamed
from .parts import HeldOut, TrainSet


def learned_from_both(train: TrainSet, valid: HeldOut) -> TrainSet:
    """Returns the rows of both as rows to learn from.

    Args:
        train: Training rows.
        valid: Validation rows, by which nothing is chosen any more; never test rows.
    """
    refuse_streamed(train, "training and validation rows together")
    return replace(
        train,
        x=_by_name(train.x, valid.x),
        y=np.concatenate([train.y, valid.y]),
        ids=np.concatenate([train.ids, valid.ids]),
        weight=_of_both(train.weight, valid.weight),
        group=_of_both(train.group, valid.group),
        time=_of_both(train.time, valid.time),
        part=_of_both(train.part, valid.part),
        series=_of_both(train.series, valid.series),
        baselines=_by_name(train.baselines, valid.baselines),
    )


def _of_both(one, other):
    """Returns the values of both; None where the source has none."""
    if one is None:
        return None
    return np.concatenate([one, other])


def _by_name(one, other):
    if one is None or other is None:
        return None
    return {name: joined(values, other[name]) for name, values in one.items()}
