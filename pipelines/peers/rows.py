"""The rows that peers learn from: training and validation rows, or a seeded sample of them."""

import numpy as np

from ..rows.parts import HeldOut, TrainSet
from ..tasks import task_of

# Of a class that a sample keeps, however rare it is.
FEWEST_OF_A_CLASS = 5


def as_training(valid: HeldOut) -> TrainSet:
    """Returns validation rows as rows to learn from: a peer needs none to stop by.

    Args:
        valid: Validation rows; never test rows, which are not handed to what fits a peer.
    """
    return TrainSet(x=valid.x, y=valid.y, ids=valid.ids, schema=valid.schema)


def joined(one: TrainSet, other: TrainSet) -> TrainSet:
    """Returns the rows of both; their columns are in memory."""
    x = {}
    for name, column in one.x.items():
        x[name] = np.concatenate([column, other.x[name]])
    y = np.concatenate([one.y, other.y])
    ids = np.concatenate([one.ids, other.ids])
    return TrainSet(x=x, y=y, ids=ids, schema=one.schema)


def sample_rows(train: TrainSet, share: float, *, seed: int) -> TrainSet:
    """Returns a share of the rows, drawn without replacement; of classes each in its share, and at
    least FEWEST_OF_A_CLASS of each that has them.

    Args:
        train: Raw training rows.
        share: How much of them to keep; all, from 1 on.
        seed: Of the draw.
    """
    if share >= 1:
        return train
    random = np.random.default_rng(seed)
    strata = np.zeros(len(train), np.int64)
    if task_of(train.schema.target).has_classes:
        strata = train.y
    drawn = []
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        fewest = min(len(places), FEWEST_OF_A_CLASS)
        wanted = round(len(places) * share)
        chosen = random.choice(places, max(wanted, fewest), replace=False)
        drawn.append(chosen)
    places = np.concatenate(drawn)
    return train.take(np.sort(places))
