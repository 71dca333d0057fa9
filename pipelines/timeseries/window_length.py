"""How long a window has to be to hold a few days and weeks."""

import numpy as np

from ..rows.parts import TrainSet
from ..tasks.seasons import usual_seasons

NUM_LONG = 4  # seasons of the longest kind, whose mean is a steady profile
NUM_SHORT = 2
MOST_STEPS = 1_000  # which a device can keep
FEWEST_WINDOWS = 3  # of training steps: how often a window must fit into them


def usual_window(train: TrainSet, horizon: int) -> int:
    """Returns the steps of a window: four of the longest usual season (weeks), three, two or one of
    them, else two of the shortest (days); the first that has at most MOST_STEPS and fits into the
    training steps of a series FEWEST_WINDOWS times. Else four horizons, 16 at least.

    Args:
        train: Steps of the training part.
        horizon: How many steps ahead are forecast.
    """
    seasons = usual_seasons(train.schema.frame)
    short = seasons[0]
    long = seasons[-1]
    lengths = []
    for number in range(NUM_LONG, 0, -1):
        lengths.append(number * long)
    lengths.append(NUM_SHORT * short)
    fewest_steps = max(short, horizon)
    num_steps = _steps_of_a_series(train)
    for length in lengths:
        if not fewest_steps < length <= MOST_STEPS:
            continue
        whole = length + horizon
        if FEWEST_WINDOWS * whole <= num_steps:
            return length
    return max(4 * horizon, 16)


def _steps_of_a_series(train):
    """Returns the training steps of the longest series."""
    if train.series is None:
        return len(train)
    _, counts = np.unique(train.series, return_counts=True)
    return int(counts.max())
