"""Forecasts: values, or quantiles of them, for the steps ahead of a window.

A target that is unknown is NaN: the loss, the metric that decides and every score pass over it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device.answers import Answers
from ..device.frame import Frame
from ..device.ports import Port
from ..device.primitives import Columns, OwnScale, Primitive, SeasonMean
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.forecast import DeviceForecast, to_own_scale
from ..rows.parts import HeldOut, TrainSet
from .base import Task
from .c_answer import CCall
from .c_text import FINE_STEPS, c_table, literal
from .conformal import conformal_offsets
from .masked import masked_loss, masked_metric
from .metrics import score_forecasts

if TYPE_CHECKING:
    from ..recipe import Recipe


SEASONAL_NAIVE = "seasonal naive"


class ForecastTask(Task):
    """Steps ahead: y float64 [rows, horizon]."""

    device = DeviceForecast()
    name = DeviceForecast.name
    deciding_metrics = ("mase", "mae", "rmse")
    shown_metrics = ("mase", "mae", "rmse", "coverage")
    interval_metrics = ("mae", "rmse", "mase", "coverage")
    output_unit = "standard deviations of the target"
    looks_ahead = True
    frame_example = "CutWindows(window=48, horizon=12)"
    staggers_outputs = False  # many outputs, and none of them to rank
    keeps_own_scale = True

    def error_of(self, name: str) -> str:
        """Returns the target: its errors are in its unit."""
        return name

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns the horizon times the quantiles."""
        if frame is None:
            return 0
        return frame.horizon * max(len(target.quantiles), 1)

    def fit_target(
        self, train: TrainSet, primitives: Sequence[Primitive], ports: Sequence[Port]
    ) -> Target:
        """Returns the target with mean and standard deviation of each step, each row in its own
        scale where the target's series was given one.
        """
        target = train.schema.target
        for primitive in primitives:
            if isinstance(primitive, OwnScale) and _scales(primitive, target.name):
                spread = ""
                if primitive.scaled:
                    spread = primitive.into_factor
                base = _season_base(primitives, target.name) or primitive.into_offset
                target = replace(target, base=base, spread=spread)
                break
        return _with_step_scales(target, to_own_scale(train.y, target, train.x))

    def port_truth(self, y: np.ndarray, target: Target, columns: Columns) -> np.ndarray:
        """Returns y in each row's own scale."""
        return to_own_scale(y, target, columns)

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns each step in its standard deviations, float32 [rows, horizon]."""
        return standardized_steps(y, target).astype(np.float32)

    def default_loss(self, target: Target) -> Callable:
        """Returns the pinball loss of every quantile, or the squared error (see `masked`)."""
        return masked_loss(target)

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns the error of the middle quantile over known steps."""
        return masked_metric(target, deciding)

    def usual_deciding(self, target: Target) -> str:
        """Returns MASE; MAE where the seasonal naive gives it no scale."""
        if target.mase_scale:
            return "mase"
        return "mae"

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
        """Returns the signature with conformal offsets of its quantiles."""
        target = signature.target
        if len(target.quantiles) < 2:
            return signature
        overlap = 1
        if recipe.frame is not None:
            overlap = max(recipe.frame.horizon // recipe.frame.stride, 1)
        offsets = conformal_offsets(
            signature.output.to_float(raw),
            standardized_steps(rows.y, target),
            target.quantiles,
            overlap=overlap,
        )
        return replace(signature, decisions={**signature.decisions, form: offsets})

    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns MASE, MAE, RMSE, pinball loss and coverage."""
        return score_forecasts(y, answers.scores, answers.quantiles, target)

    def score_plain_rule(
        self, y: np.ndarray, values: np.ndarray, target: Target
    ) -> dict[str, float]:
        """Returns the scores of forecasts float64 [rows, horizon]."""
        return score_forecasts(y, values, None, target)

    def c_function(self, signature: Signature) -> str:
        """Returns "signature_forecast"."""
        return "signature_forecast"

    def c_declaration(self, signature: Signature) -> str:
        """Returns the function from outputs to all quantiles of all steps."""
        levels = signature.target.quantiles
        order = "step after step"
        if levels:
            order = f"of each step ahead the quantiles {', '.join(map(str, levels))}"
        num_outputs = signature.output.shape[0]
        return (
            f"/* The forecast, {num_outputs} values in the target's unit: {order}. */\n"
            "void signature_forecast(const int8_t *output, const signature_inputs *inputs, double "
            "*values);\n"
        )

    def c_definition(self, signature: Signature) -> str:
        """Returns the values in the row's own scale and back, each step's quantiles in order."""
        target = signature.target
        (size,) = signature.output.shape
        width = max(len(target.quantiles), 1)
        base = ""
        if signature.base_steps():
            base = f"[i / {width}]"
        tables = (
            c_table("float", "offsets", signature.offsets("int8"), literal)
            + c_table("double", "factors", target.step_factors, repr)
            + c_table("double", "shifts", target.step_offsets, repr)
        )
        return (
            "void signature_forecast(const int8_t *output, const signature_inputs *inputs, "
            f"double *values) {{\n{tables}"
            f"  for (int i = 0; i < {size}; ++i) {{\n"
            "    /* volatile: no compiler may fuse a product with a sum */\n"
            f"    volatile float said = {FINE_STEPS} * {literal(signature.output.step())};\n"
            "    volatile double value = (double)(said + offsets[i]);\n"
            f"    value = value * factors[i / {width}];\n"
            f"    value = value + shifts[i / {width}];\n"
            "    value = value * (double)inputs->spread;\n"
            f"    values[i] = value + (double)inputs->base{base};\n  }}\n"
            f"  for (int i = 0; i < {size}; i += {width}) /* quantiles rise */\n"
            f"    for (int j = 1; j < {width}; ++j)\n"
            "      for (int k = i + j; k > i && values[k - 1] > values[k]; --k) {\n"
            "        double kept = values[k];\n"
            "        values[k] = values[k - 1];\n"
            "        values[k - 1] = kept;\n"
            "      }\n}\n"
        )

    def c_example(self, signature: Signature) -> str:
        """Returns C that prints every value."""
        return (
            f"  double values[{signature.output.shape[0]}];\n"
            "  signature_forecast(output, &inputs, values);\n"
            f"  for (int i = 0; i < {signature.output.shape[0]}; ++i) print_value(values[i]);"
        )

    def c_answers(
        self, library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[CCall]
    ) -> Answers:
        """Returns the values of C, and their middle quantile."""
        shape = answers.scores.shape[1:]
        if answers.quantiles is not None:
            shape = answers.quantiles.shape[1:]
        values = np.empty((len(calls), *shape))
        for (output, inputs), row in zip(calls, values, strict=True):
            into = row.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
            library.signature_forecast(output, ctypes.byref(inputs), into)
        if answers.quantiles is None:
            return Answers(None, values, answers.raw)
        return Answers(
            None,
            values[:, :, signature.target.middle()],
            answers.raw,
            values,
        )

    def per_series(self, test: HeldOut, answers: Answers, target: Target) -> list[dict]:
        """Returns a line for each series, with the seasonal naive's error for comparison."""
        if test.series is None:
            return []
        names = np.unique(test.series)
        if len(names) < 2 or test.baselines is None:
            return []
        lines = []
        for name in names:
            places = np.flatnonzero(test.series == name)
            y = test.y[places]
            scores = self.score(y, answers.take(places), target)
            naive = self.score_plain_rule(
                y,
                test.baselines[SEASONAL_NAIVE][places],
                target,
            )
            line = {"series": str(name), "rows": len(places), "naive_mae": naive["mae"]}
            lines.append({**line, **{each: scores[each] for each in ("mae", "rmse", "coverage")}})
        return lines

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns the way to the row's own scale."""
        return (
            "Plus `decisions`, then times `step_factors` plus `step_offsets` of `target` (all in "
            "`signature.json`), they are in the row's own scale, as `signature_forecast` in C "
            "computes."
        )

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns what the interval is of."""
        if not report["decisions"]:
            return ""
        levels = report["target"]["quantiles"]
        return (
            f"The interval is of the quantiles {levels[0]:g} and {levels[-1]:g}, moved step by "
            f"step so that it holds {levels[-1] - levels[0]:.0%} of the targets of validation "
            "windows (conformalized quantile regression)."
        )


def standardized_steps(y: np.ndarray, target: Target) -> np.ndarray:
    """Returns y [rows, horizon] in each row's own scale as the net gives it: each step in its
    standard deviations.
    """
    return (y - np.array(target.step_offsets)) / np.array(target.step_factors)


def _season_base(primitives, name):
    """Returns the column of seasonal means of a series, or ""."""
    for primitive in primitives:
        if isinstance(primitive, SeasonMean) and primitive.column == name:
            return primitive.into
    return ""


def _scales(primitive, name):
    return primitive.into == primitive.column == name


def _with_step_scales(target, y):
    """Each step's mean and standard deviation; of a step that is unknown in training, those of
    all.
    """
    scales = []
    for step in (*y.T, y.ravel()):
        known = step[~np.isnan(step)]
        scales.append((known.mean(), known.std() or 1.0) if len(known) else None)
    *steps, every = scales
    offsets, factors = zip(*(step or every for step in steps), strict=True)
    return replace(
        target,
        step_offsets=tuple(map(float, offsets)),
        step_factors=tuple(map(float, factors)),
    )
