"""A primitive that fills missing numbers of a row by a small dense network of its numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .row_fills import RowFill

MAX_LAYERS = 8


@dataclass(frozen=True)
class DenseFill(RowFill):
    """Fills each missing number by a dense network that reads the whole row.

    It reads, column after column, the standardized number (0 where it is missing), then column
    after column 1 where a number is missing and else 0. Every layer but the last ends in ReLU; the
    last gives a standardized number a column.

    Attributes:
        means: Of the columns.
        spreads: The standard deviation of each column.
        lows: The least number of each column; nothing below is read or filled.
        highs: The largest one.
        weights: Layer after layer, unit after unit, what it takes of each input of the layer.
        biases: Layer after layer, of each unit.
    """

    means: tuple[float, ...]
    spreads: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    weights: tuple[tuple[tuple[float, ...], ...], ...]
    biases: tuple[tuple[float, ...], ...]

    def check_sizes(self) -> None:
        num = len(self.columns)
        lengths = {len(row) for row in (self.means, self.spreads, self.lows, self.highs)}
        if lengths != {num}:
            raise ValueError(f"{sorted(lengths)} numbers for {num} columns")
        if not 1 <= len(self.weights) <= MAX_LAYERS or len(self.biases) != len(self.weights):
            raise ValueError(f"{len(self.weights)} layers with {len(self.biases)} biases")
        if min(self.spreads) <= 0:
            raise ValueError("a spread that is not above zero")
        width = 2 * num
        for units, biases in zip(self.weights, self.biases, strict=True):
            if not units or len(biases) != len(units) or {len(row) for row in units} != {width}:
                raise ValueError(f"a layer of {len(units)} units for {width} inputs")
            width = len(units)
        if width != num:
            raise ValueError(f"{width} outputs for {num} columns")

    @cached_property
    def _layers(self):
        """Weights, float32 [units, inputs], and biases, float32 [units], of each layer."""
        layers = []
        for units, biases in zip(self.weights, self.biases, strict=True):
            layers.append((np.array(units, np.float32), np.array(biases, np.float32)))
        return layers

    def fill(self, x: np.ndarray) -> np.ndarray:
        means = np.asarray(self.means, np.float32)
        spreads = np.asarray(self.spreads, np.float32)
        lows = np.asarray(self.lows, np.float32)
        highs = np.asarray(self.highs, np.float32)
        unknown = np.isnan(x)
        standard = (np.clip(x, lows, highs) - means) / spreads
        standard[unknown] = 0
        values = np.concatenate([standard, unknown.astype(np.float32)], axis=1)
        last = len(self._layers) - 1
        for number, (weights, biases) in enumerate(self._layers):
            values = _dense(values, weights, biases)
            if number < last:
                values = np.maximum(values, np.float32(0))
        return np.clip(values * spreads + means, lows, highs)


def _dense(values, weights, biases):
    """Returns a layer's sums, float32 [rows, units], term by term as C adds them."""
    total = np.tile(biases, (len(values), 1))
    for place in range(values.shape[1]):
        total += values[:, place, None] * weights[:, place]
    return total
