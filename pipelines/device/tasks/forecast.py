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
        shifts = np.asarray(signature.offsets(form), np.float32)
        values = (signature.output.to_float(raw) + shifts).astype(np.float64)
        values = values.reshape(len(values), signature.windows().horizon, -1)
        factors = np.array(target.step_factors)[:, None]
        offsets = np.array(target.step_offsets)[:, None]
        values = values * factors + offsets
        quantiles = np.sort(from_own_scale(values, target, prepared or {}), axis=2)
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
        outputs = frame.horizon * max(len(target.quantiles), 1)
        if outputs < 1 or signature.output.shape != (outputs,) or not frame.step_seconds > 0:
            raise ValueError(f"a forecast of {frame} with outputs {signature.output.shape}")
        scales = (*target.step_offsets, *target.step_factors)
        if len(scales) != 2 * frame.horizon or not all(map(math.isfinite, scales)):
            raise ValueError(f"{len(scales)} numbers for the scales of {frame.horizon} steps")
        rising = list(target.quantiles) == sorted(set(target.quantiles))
        if not rising or not all(0 < level < 1 for level in target.quantiles):
            raise ValueError(f"quantiles {target.quantiles}")

    def window_headings(self, signature: Signature) -> list[str]:
        """Returns the target's name and its quantiles."""
        target = signature.target
        return [target.name, *(f"quantile {level:g}" for level in target.quantiles)]

    def window_lines(
        self, signature: Signature, answers: Answers, row: int, time: np.datetime64
    ) -> Iterator[tuple[np.datetime64, list[str]]]:
        """Yields a line for each step that is forecast, from `time` on."""
        for step, when in enumerate(signature.windows().ahead(time)):
            values = [answers.scores[row, step]]
            if answers.quantiles is not None:
                values += list(answers.quantiles[row, step])
            yield when, [f"{value:.6g}" for value in values]


def from_own_scale(values: np.ndarray, target: Target, prepared: Columns) -> np.ndarray:
    """float64 [rows, steps, ...] in each row's own scale → in the target's unit."""
    base, spread = _own_scale(target, prepared, values.ndim)
    return values * spread + base


def to_own_scale(values: np.ndarray, target: Target, prepared: Columns) -> np.ndarray:
    """The inverse of `from_own_scale`."""
    base, spread = _own_scale(target, prepared, values.ndim)
    return (values - base) / spread


def _own_scale(target, prepared, dimensions):
    shape = (-1,) + (1,) * (dimensions - 1)
    base = 0.0
    spread = 1.0
    if target.base:
        base = prepared[target.base].astype(np.float64).reshape(shape)
    if target.spread:
        spread = prepared[target.spread].astype(np.float64).reshape(shape)
    return base, spread
