"""Piecewise-linear quantile bins: a number becomes a row of shares in [0, 1] that a dense net can
bend at.

Gorishniy, Rubachev, Babenko: On Embeddings for Numerical Features in Tabular Deep Learning (NeurIPS
2022), https://arxiv.org/abs/2203.05556. Here the first and last bin are cut to [0, 1] too: int8 has
one scale for all.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import NUMERIC
from ..device.primitives import Bins
from ..device.units import UNIT_INTERVAL
from ..rows.sketch import ENCODED
from ..slots import BY_SAMPLE
from ..spec import knob
from .quantiles import quantile_edges
from .step import ColumnStep, FittedStep, as_float32, is_numeric, present


@dataclass(frozen=True)
class EncodeBins(ColumnStep):
    """Turns each number into shares of bins whose edges lie at the training quantiles. Where few
    values hold most rows, such as zeros, each of them is one edge.

    Attributes:
        num_bins: Most bins of a column.
        least_share: Share of the bins that is left to the other values where few values hold most
            rows; 0 leaves them what the quantiles leave.
    """

    reads: ClassVar[tuple[str, ...]] = (NUMERIC,)
    replaces: ClassVar[tuple[str, ...]] = (NUMERIC,)
    makes: ClassVar[tuple[str, ...]] = (ENCODED,)
    streamed: ClassVar[str] = BY_SAMPLE

    num_bins: int = knob(16, 1, 1024, unit="bins")
    least_share: float = knob(0.5, 0, 1, unit="share of the bins")

    def _suits(self, x):
        return is_numeric(x)

    def _fit(self, train):
        primitives = []
        for name in self.chosen(train):
            x = present(train, name, self)
            primitives.append(self._bins(name, x))
        return FittedStep("EncodeBins", tuple(primitives), unit=UNIT_INTERVAL)

    def _bins(self, name, x):
        edges = quantile_edges(x, self.num_bins, self.least_share)
        if len(edges) == 1:
            # A constant: one bin that is never entered.
            only = edges[0]
            next_number = np.nextafter(only, np.float32(np.inf))
            edges = np.array([only, next_number], np.float32)
        most = np.finfo(np.float32).max
        with np.errstate(over="ignore", divide="ignore"):
            widths = edges[1:] - edges[:-1]
            factors = np.minimum(np.float32(1) / widths, most)
        return Bins(name, tuple(map(as_float32, edges)), tuple(map(as_float32, factors)))
