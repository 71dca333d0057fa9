"""Real numbers: one a row, learned in standard deviations."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device.answers import Answers
from ..device.frame import Frame
from ..device.ports import Port
from ..device.primitives import Primitive
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.regression import DeviceRegression
from ..device.visible import shorten
from ..errors import StepError
from ..report.figures import Picture
from ..rows.parts import HeldOut, TrainSet
from .base import Task
from .c_answer import CCall
from .c_text import FINE_STEPS, ONE_PRODUCT, literal
from .draw_numbers import predicted_against_true, residuals
from .margins import (
    c_bounds,
    c_margin_declaration,
    c_margin_definition,
    margin_scores,
    margin_words,
    with_margin,
)
from .metrics import metric_words, score_values

if TYPE_CHECKING:
    from ..recipe import Recipe

# In standard deviations: an int8 output has some 256 steps for a range of several.
LEAST_SPREAD = 1e-4


class RegressionTask(Task):
    """One real number a row (several, of a user's own model)."""

    device = DeviceRegression()
    name = DeviceRegression.name
    deciding_metrics = ("rmse", "mae", "r2")
    shown_metrics = ("mae", "rmse", "r2")
    interval_metrics = ("mae", "rmse", "r2")
    output_unit = "standard deviations of the target"
    has_one_truth = True

    def error_of(self, name: str) -> str:
        """Returns the target: its errors are in its unit."""
        return name

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns 1."""
        return 1

    def fit_target(
        self, train: TrainSet, primitives: Sequence[Primitive], ports: Sequence[Port]
    ) -> Target:
        """Returns the target with mean and standard deviation of the training rows.

        Raises:
            StepError: If a few values far away leave nothing of the differences of all others.
        """
        _refuse_far_values(train)
        mean = float(train.y.mean())
        spread = float(train.y.std())
        if train.whole is not None and train.whole.target is not None:
            mean = train.whole.target.mean
            spread = train.whole.target.spread
        return replace(train.schema.target, offset=mean, factor=spread or 1.0)

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns standardized values float32 [rows, 1]."""
        return ((y - target.offset) / target.factor).astype(np.float32)[:, None]

    def taught_outputs(
        self, y: np.ndarray, taught: np.ndarray, target: Target
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns both in standard deviations of the training rows."""
        mean = y.mean()
        spread = y.std() or 1.0
        return ((y - mean) / spread)[:, None], ((taught - mean) / spread)[:, None]

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

    def decide(
        self,
        recipe: Recipe,
        signature: Signature,
        train_rows: TrainSet,
        rows: HeldOut | TrainSet,
        *,
        form: str,
        raw: np.ndarray,
    ) -> Signature:
        """Returns the signature with intervals, if `recipe.judge.coverage` asks for them."""
        coverage = recipe.judge.coverage
        if not coverage:
            return signature
        plain = replace(signature, margins={})
        values = self.device.answer(plain, raw, form=form).scores
        return with_margin(signature, values, rows.y, coverage=coverage, form=form)

    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns MAE, RMSE and R², and what intervals hold if there are any."""
        scores = score_values(y, answers.scores)
        if answers.bounds is None:
            return scores
        return {**scores, **margin_scores(y, answers.bounds)}

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns what intervals hold."""
        return margin_words(report)

    def c_function(self, signature: Signature) -> str:
        """Returns "signature_value", or "signature_values" where there are several."""
        if signature.output.shape == (1,):
            return "signature_value"
        return "signature_values"

    def c_declaration(self, signature: Signature) -> str:
        """Returns the function from outputs to the value or the values."""
        if signature.output.shape == (1,):
            return (
                "/* The predicted value, in the target's unit. */\n"
                "float signature_value(const int8_t *output);\n"
            ) + c_margin_declaration(signature)
        return (
            "/* The predicted values, in the target's unit. */\n"
            "void signature_values(const int8_t *output, float values[]);\n"
        )

    def c_definition(self, signature: Signature) -> str:
        """Returns value = output * factor + offset."""
        target = signature.target
        offset = literal(target.offset)
        value = (
            f"  {ONE_PRODUCT}\n"
            f"  volatile float value = {FINE_STEPS} * {literal(signature.output.step())};\n"
            f"  value = value * {literal(target.factor)};\n"
        )
        if signature.output.shape == (1,):
            return (
                "float signature_value(const int8_t *output) {\n"
                f"  const int i = 0;\n{value}  return value + {offset};\n}}\n"
            ) + c_margin_definition(signature)
        return (
            "void signature_values(const int8_t *output, float values[]) {\n"
            f"  for (int i = 0; i < {signature.output.shape[0]}; ++i) {{\n{value}"
            f"  values[i] = value + {offset};\n  }}\n}}\n"
        )

    def c_example(self, signature: Signature) -> str:
        """Returns C that prints every value."""
        if signature.output.shape == (1,):
            return "  print_value(signature_value(output));"
        return (
            f"  float values[{signature.output.shape[0]}];\n  signature_values(output, values);\n"
            f"  for (int i = 0; i < {signature.output.shape[0]}; ++i) print_value(values[i]);"
        )

    def c_answers(
        self, library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[CCall]
    ) -> Answers:
        """Returns the values of C."""
        if signature.output.shape == (1,):
            library.signature_value.restype = ctypes.c_float
            values = np.array(
                [library.signature_value(output) for output, _ in calls],
                np.float64,
            )
            bounds = c_bounds(library, signature, calls)
            return Answers(None, values, answers.raw, bounds=bounds)
        values = np.empty(answers.scores.shape, np.float32)
        for (output, _), row in zip(calls, values, strict=True):
            into = row.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            library.signature_values(output, into)
        return Answers(None, values.astype(np.float64), answers.raw)

    def pictures(self, y: np.ndarray, answers: Answers, target: Target) -> list[Picture]:
        """Returns predicted against true values, and residuals."""
        y = y.ravel()  # a user's own model may have several outputs
        values = answers.scores.ravel()
        return [
            Picture(
                "predicted against true",
                predicted_against_true(y, values, target.name),
            ),
            Picture("residuals", residuals(y, values, target.name)),
        ]

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns the affine map."""
        target = signature.target
        answer = f"The answer is value * {target.factor:.9g} + {target.offset:.9g}."
        return answer.replace("+ -", "- ")

    def constant_answer(self, train: TrainSet, test: HeldOut, target: Target) -> dict:
        """Returns the scores of always answering the mean of training; of "mae", its median."""
        mean = float(train.y.mean())
        median = float(np.median(train.y))
        scores = score_values(test.y, np.full(len(test), mean))
        scores["mae"] = score_values(test.y, np.full(len(test), median))["mae"]
        return {"answer": f"{mean:.6g}", "scores": scores}

    def worse_than_constant(self, facts: Mapping) -> list[str]:
        """Returns a caution by RMSE and MAE."""
        name = facts["target"]["name"]
        plain = facts["constant"]["scores"]
        int8 = facts["scores"]["litert_int8"]
        worse = [
            f"{metric_words(metric, name)} {int8[metric]:.4g} and {plain[metric]:.4g}"
            for metric in ("rmse", "mae")
            if int8[metric] >= plain[metric]
        ]
        if not worse:
            return []
        return [
            "No better than always answering the mean or the median of training: "
            f"{', '.join(worse)}"
        ]


def _refuse_far_values(train):
    """Raises StepError if values far away make the standard deviation so large that half of all
    values lie within LEAST_SPREAD of it.
    """
    y = train.y.astype(np.float64)
    low, high = np.quantile(y, (0.25, 0.75), axis=0)
    # Of several values a row, those of each column have a spread of their own.
    is_flat = (high > low) & (high - low < LEAST_SPREAD * y.std(axis=0))
    if not np.any(is_flat):
        return
    farthest = np.abs(y - np.median(y, axis=0)).reshape(len(y), -1).max(axis=1).argmax()
    target = train.schema.target
    raise StepError(
        f"the target {shorten(target.name)} is {y[farthest]} in row {train.ids[farthest]:,} "
        "(counted from 0): half of all values differ by less than a ten thousandth of the standard "
        "deviation that it leads to, which is less than int8 can tell apart",
        expected="a target whose values are of one scale",
        fix="correct that value or remove the row in the source, or predict the logarithm",
    )
