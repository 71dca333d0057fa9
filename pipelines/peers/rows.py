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
    x = {name: np.concatenate([column, other.x[name]]) for name, column in one.x.items()}
    return TrainSet(
        x=x,
        y=np.concatenate([one.y, other.y]),
        ids=np.concatenate([one.ids, other.ids]),
        schema=one.schema,
    )


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
    kinds = [np.arange(len(train))]
    if task_of(train.schema.target).has_classes:
        kinds = [np.flatnonzero(train.y == label) for label in np.unique(train.y)]
    drawn = [_draw(places, share, random) for places in kinds]
    return train.take(np.sort(np.concatenate(drawn)))


def _draw(places, share, random):
    wanted = max(round(len(places) * share), min(len(places), FEWEST_OF_A_CLASS))
    return random.choice(places, wanted, replace=False)
