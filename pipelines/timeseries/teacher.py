"""MiniRocket as a teacher: features and a linear model that are fitted in seconds, with more
features than a device would hold.

Distillation: Hinton, Vinyals, Dean 2015, https://arxiv.org/abs/1503.02531.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.calibration import probabilities
from ..device.cells import SERIES
from ..engine.bars import progress_bar
from ..errors import TrainError
from ..rows.inner_folds import fold_places
from ..rows.parts import TrainSet, require_train_set
from ..rows.sketch import DataSketch
from ..slots import Teacher
from ..spec import Refusal, knob
from ..tasks import task_of
from ..training.ridge import fit_ridge
from .minirocket_kernels import KERNEL_STEPS, NUM_KERNELS, Grid, fit_convolutions

LEAST_SPREAD = 0.02
WINDOW_VALUES = 2**22  # of a block of rows, times the nine steps of a kernel and its 84 filters


@dataclass(frozen=True)
class MiniRocketTeacher(Teacher):
    """Soft labels from MiniRocket with ridge regression (Dempster, Schmidt, Webb 2021,
    https://arxiv.org/abs/2012.08791), mixed with the true labels.

    Each training row is answered by a model that was fitted on other training rows, so that the
    soft labels carry no memory of the row's own label.

    Attributes:
        share: How much of a soft label is MiniRocket's; the rest is the true label.
        num_features: How many features it has, in multiples of 84.
        num_folds: How many models are fitted, each without the rows that it answers.
        seed: Of the folds, and of what MiniRocket draws.
    """

    share: float = knob(0.7, 0.01, 1)
    num_features: int = knob(24 * NUM_KERNELS, NUM_KERNELS, 20_160)
    num_folds: int = knob(5, 2, 20)
    seed: int = knob(0, 0, 2**31 - 1)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no series, or no classes, to teach from, or ""."""
        is_short = 0 < sketch.window_steps < KERNEL_STEPS
        if sketch.may_have(SERIES) and sketch.may_have_classes() and not is_short:
            return ""
        return Refusal(
            f"a teacher of series for columns of {sketch.kind_names()} and a "
            f"{sketch.task_names()} target",
            expected=f"whole series of at least {KERNEL_STEPS} steps, and classes",
            fix="--set teacher=None",
        )

    def tiny(self) -> "MiniRocketTeacher":
        """The same teacher, quick enough for a test."""
        return replace(self, num_folds=2, num_features=4 * NUM_KERNELS)

    def soften(self, ports: TrainSet, raw: TrainSet) -> np.ndarray:
        """Returns the labels to learn instead of the rows' own, float32 [rows, outputs].

        Args:
            ports: Training rows whose columns are the model's inputs.
            raw: Not used.

        Raises:
            LeakError: The rows are no TrainSet.
            TrainError: They hold no series that a kernel fits in.
        """
        train = require_train_set(ports, "the teacher")
        target = train.schema.target
        steps = _steps_of(train)
        taught = np.zeros((len(train), len(target.labels)))
        folds = fold_places(train, self.num_folds, seed=self.seed)
        for learned, answered in progress_bar(folds, desc="teacher", unit="fold"):
            taught[answered] = self._answer(steps, train.take(learned), learned, answered)
        own, taught = task_of(target).taught_outputs(train.y, taught, target)
        return ((1 - self.share) * own + self.share * taught).astype(np.float32)

    def _answer(self, steps, rows, learned, answered):
        """Returns the probabilities of classes, float64 [rows, classes]; `rows`: those learned."""
        grid = Grid.of_range(steps[learned].min(), steps[learned].max())
        places = grid.places(steps)
        fitted = fit_convolutions(places[learned], self.num_features, self.seed)
        features = _features(fitted, places)
        target = rows.schema.target
        truth = task_of(target).training_truth(rows.y, target)
        kernel, bias = fit_ridge(features[learned], truth, rows.weight, least_spread=LEAST_SPREAD)
        return probabilities(features[answered] @ kernel + bias)


def _steps_of(train):
    """Returns the series of training rows side by side, float32 [rows, steps, channels]."""
    series = [x for x in train.x.values() if x.ndim == 3]
    if not series or series[0].shape[1] < KERNEL_STEPS:
        shapes = {name: x.shape[1:] for name, x in train.x.items()}
        raise TrainError(
            f"a teacher of series for rows of {shapes}",
            expected=f"series of at least {KERNEL_STEPS} steps",
            fix="--set teacher=None",
            stage="teacher",
        )
    return np.concatenate(series, axis=2)


def _features(fitted, places):
    """Returns every share of rows, float64 [rows, features], a block of rows at a time."""
    num_rows, num_steps, num_channels = places.shape
    width = num_steps * max(KERNEL_STEPS * num_channels, NUM_KERNELS)
    step = max(WINDOW_VALUES // width, 1)
    blocks = []
    for start in range(0, num_rows, step):
        rows = places[start : start + step]
        shares = [each.shares(rows) for each in fitted]
        blocks.append(np.concatenate(shares, axis=1))
    return np.concatenate(blocks)
