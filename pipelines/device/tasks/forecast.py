"""Forecasts on the device: values for the steps ahead, in each row's own scale and back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from ..target import Target
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature


class DeviceForecast(DeviceTask):
    """A value for each step ahead, or one for each quantile of each step."""

    name = "forecast"

    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Returns the middle quantile float64 [rows, horizon], and every quantile."""
        target = signature.target
        horizon = signature.windows().horizon
        shifts = np.asarray(signature.offsets(form), np.float32)
        outputs = signature.output.to_float(raw) + shifts
        num_rows = len(outputs)
        by_step = outputs.astype(np.float64).reshape(num_rows, horizon, -1)
        scaled = _in_unit(by_step, target)
        values = from_own_scale(scaled, target, prepared or {})
        quantiles = np.sort(values, axis=2)
        middle = quantiles[:, :, target.middle()]
        if not target.quantiles:
            return Answers(None, middle, raw)
        return Answers(None, middle, raw, quantiles)

    def scores_shape(self, signature: Signature) -> tuple[int, ...]:
        """Returns (horizon,)."""
        return (signature.windows().horizon,)

    def row_scale(self, target: Target) -> tuple[str, ...]:
        """Returns the columns of base and spread, where the target has them."""
        names = []
        for name in (target.base, target.spread):
            if name:
                names.append(name)
        return tuple(names)

    def check(self, signature: Signature) -> None:
        """Raises ValueError if outputs, steps, scales or quantiles do not fit together."""
        target = signature.target
        frame = signature.frame
        if frame is None:
            raise ValueError("a forecast without windows")
        if frame.horizon < 1 or not frame.step_seconds > 0:
            raise ValueError(f"a forecast of {frame}")
        num_outputs = frame.horizon * max(len(target.quantiles), 1)
        if signature.output.shape != (num_outputs,):
            raise ValueError(f"{signature.output} for {num_outputs} forecasts")
        if signature.base_steps() not in (0, frame.horizon):
            raise ValueError(f"a base of {signature.base_steps()} steps of {frame.horizon}")
        _check_scales(target, frame.horizon)
        _check_quantiles(target.quantiles)

    def window_headings(self, signature: Signature) -> list[str]:
        """Returns the target's name and its quantiles."""
        target = signature.target
        headings = [target.name]
        for level in target.quantiles:
            headings.append(f"quantile {level:g}")
        return headings

    def window_lines(
        self, signature: Signature, answers: Answers, row: int, time: np.datetime64
    ) -> Iterator[tuple[np.datetime64, list[str]]]:
        """Yields a line for each step that is forecast, from `time` on."""
        steps_ahead = signature.windows().ahead(time)
        middle = answers.scores[row]
        for step, when in enumerate(steps_ahead):
            values = [middle[step]]
            if answers.quantiles is not None:
                of_step = answers.quantiles[row, step]
                values.extend(of_step)
            cells = [f"{value:.6g}" for value in values]
            yield when, cells


def _in_unit(by_step, target):
    """Returns outputs [rows, horizon, quantiles] by the affine map of each step."""
    factors = np.array(target.step_factors)
    offsets = np.array(target.step_offsets)
    return by_step * factors[:, None] + offsets[:, None]


def _check_scales(target, horizon):
    """Raises ValueError unless each step ahead has a finite offset and factor."""
    for numbers in (target.step_offsets, target.step_factors):
        are_finite = all(map(math.isfinite, numbers))
        if len(numbers) != horizon or not are_finite:
            raise ValueError(f"scales {numbers} of {horizon} steps")


def _check_quantiles(quantiles):
    """Raises ValueError unless quantiles rise between 0 and 1."""
    before = 0.0
    for level in quantiles:
        if not before < level < 1:
            raise ValueError(f"quantiles {quantiles}")
        before = level


def from_own_scale(values: np.ndarray, target: Target, prepared: Columns) -> np.ndarray:
    """Converts values from each row's own scale to the target's unit.

    Args:
        values: float64 [rows, steps, ...].
        target: Which names the columns of the scale, if there are any.
        prepared: The rows after every primitive.
    """
    base, spread = _own_scale(target, prepared, values.ndim)
    return values * spread + base


def to_own_scale(values: np.ndarray, target: Target, prepared: Columns) -> np.ndarray:
    """Converts values in the target's unit to each row's own scale (see `from_own_scale`)."""
    base, spread = _own_scale(target, prepared, values.ndim)
    return (values - base) / spread


def _own_scale(target, prepared, num_axes):
    """Returns the base and the spread: numbers, or float64 [rows, 1 or steps, ...] of as many
    axes.
    """
    base = 0.0
    spread = 1.0
    if target.base:
        base = _one_a_row(prepared[target.base], num_axes)
    if target.spread:
        spread = _one_a_row(prepared[target.spread], num_axes)
    return base, spread


def _one_a_row(column, num_axes):
    """Returns a column [rows], or one of steps [rows, steps], with axes of 1 behind it."""
    numbers = column.astype(np.float64)
    ones = (1,) * (num_axes - numbers.ndim)
    return numbers.reshape(*numbers.shape, *ones)
