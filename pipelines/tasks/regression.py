"""Real numbers: one a row, learned in standard deviations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..device.answers import Answers
from ..device.frame import Frame
from ..device.ports import Port
from ..device.primitives import Primitive
from ..device.target import Target
from ..device.tasks.regression import DeviceRegression
from ..rows.parts import HeldOut, TrainSet
from .base import Task
from .metrics import score_values


class RegressionTask(Task):
    """One real number a row (several, of a user's own model)."""

    device = DeviceRegression()
    name = DeviceRegression.name
    deciding_metrics = ("rmse", "mae", "r2")
    shown_metrics = ("mae", "rmse", "r2")
    interval_metrics = ("mae", "rmse", "r2")
    output_unit = "standard deviations of the target"
    has_one_truth = True

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns 1."""
        return 1

    def fit_target(
        self, train: TrainSet, primitives: Sequence[Primitive], ports: Sequence[Port]
    ) -> Target:
        """Returns the target with mean and standard deviation of the training rows."""
        mean = float(train.y.mean())
        return replace(train.schema.target, offset=mean, factor=float(train.y.std()) or 1.0)

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns standardized values float32 [rows, 1]."""
        return ((y - target.offset) / target.factor).astype(np.float32)[:, None]

    def default_loss(self, target: Target) -> Callable:
        """Returns the mean squared error."""
        import keras

        return keras.losses.MeanSquaredError(reduction=None)

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns Keras' metric of standardized values."""
        from keras import metrics

        if deciding == "rmse":
            return metrics.RootMeanSquaredError(name=deciding)
        if deciding == "mae":
            return metrics.MeanAbsoluteError(name=deciding)
        return metrics.R2Score(name=deciding)

    def metric_factor(self, deciding: str, target: Target) -> float:
        """Returns the standard deviation of the target for errors; R² has no unit."""
        if deciding in ("rmse", "mae"):
            return target.factor
        return 1.0

    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns MAE, RMSE and R²."""
        return score_values(y, answers.scores)

    def constant_answer(self, train: TrainSet, test: HeldOut, target: Target) -> dict:
        """Returns the scores of always answering the mean of training; of "mae", its median."""
        mean = float(train.y.mean())
        median = float(np.median(train.y))
        scores = score_values(test.y, np.full(len(test), mean))
        scores["mae"] = score_values(test.y, np.full(len(test), median))["mae"]
        return {"answer": f"{mean:.6g}", "scores": scores}

    def worse_than_constant(self, facts: Mapping) -> list[str]:
        """Returns a caution by RMSE and MAE."""
        plain = facts["constant"]["scores"]
        int8 = facts["scores"]["litert_int8"]
        worse = [
            f"{name} {int8[metric]:.4g} and {plain[metric]:.4g}"
            for metric, name in (("rmse", "RMSE"), ("mae", "MAE"))
            if int8[metric] >= plain[metric]
        ]
        if not worse:
            return []
        return [
            "No better than always answering the mean or the median of training: "
            f"{', '.join(worse)}"
        ]
