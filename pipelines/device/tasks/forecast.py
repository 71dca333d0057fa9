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
        outputs = signature.output.to_float(raw)
        values = (outputs + shifts).astype(np.float64)
        values = values.reshape(len(values), horizon, -1)
        factors = np.array(target.step_factors)[:, None]
        offsets = np.array(target.step_offsets)[:, None]
        values = values * factors + offsets
        values = from_own_scale(values, target, prepared or {})
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
        return tuple(name for name in (target.base, target.spread) if name)

    def check(self, signature: Signature) -> None:
        """Raises ValueError if outputs, steps, scales or quantiles do not fit together."""
        target = signature.target
        frame = signature.frame
        if frame is None:
            raise ValueError("a forecast without windows")
        shape = signature.output.shape
        num_outputs = frame.horizon * max(len(target.quantiles), 1)
        has_outputs = num_outputs >= 1 and shape == (num_outputs,)
        if not has_outputs or not frame.step_seconds > 0:
            raise ValueError(f"a forecast of {frame} with outputs {shape}")
        scales = (*target.step_offsets, *target.step_factors)
        are_finite = all(map(math.isfinite, scales))
        if len(scales) != 2 * frame.horizon or not are_finite:
            raise ValueError(f"{len(scales)} numbers for the scales of {frame.horizon} steps")
        are_rising = list(target.quantiles) == sorted(set(target.quantiles))
        are_levels = all(0 < level < 1 for level in target.quantiles)
        if not are_rising or not are_levels:
            raise ValueError(f"quantiles {target.quantiles}")

    def window_headings(self, signature: Signature) -> list[str]:
        """Returns the target's name and its quantiles."""
        target = signature.target
        quantiles = [f"quantile {level:g}" for level in target.quantiles]
        return [target.name, *quantiles]

    def window_lines(
        self, signature: Signature, answers: Answers, row: int, time: np.datetime64
    ) -> Iterator[tuple[np.datetime64, list[str]]]:
        """Yields a line for each step that is forecast, from `time` on."""
        steps_ahead = signature.windows().ahead(time)
        for step, when in enumerate(steps_ahead):
            values = [answers.scores[row, step]]
            if answers.quantiles is not None:
                values += list(answers.quantiles[row, step])
            yield when, [f"{value:.6g}" for value in values]


def from_own_scale(values: np.ndarray, target: Target, prepared: Columns) -> np.ndarray:
    """Converts float64 [rows, steps, ...] from each row's own scale to the target's unit."""
    base, spread = _own_scale(target, prepared, values.ndim)
    return values * spread + base


def to_own_scale(values: np.ndarray, target: Target, prepared: Columns) -> np.ndarray:
    """Converts values in the target's unit to each row's own scale."""
    base, spread = _own_scale(target, prepared, values.ndim)
    return (values - base) / spread


def _own_scale(target, prepared, dimensions):
    shape = (-1,) + (1,) * (dimensions - 1)
    base = 0.0
    spread = 1.0
    if target.base:
        base = _as_float64(prepared[target.base], shape)
    if target.spread:
        spread = _as_float64(prepared[target.spread], shape)
    return base, spread


def _as_float64(column, shape):
    return column.astype(np.float64).reshape(shape)
