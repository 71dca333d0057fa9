"""A primitive that draws the missing numbers of a row, given its others, several times over."""

from dataclasses import dataclass, replace

import numpy as np

from .row_fills import GOLDEN, RowFill, fill_by_sweeps, mixed_bits, row_bits

MAX_DRAWS = 64
MAX_SWEEPS = 100


@dataclass(frozen=True)
class GaussianDraw(RowFill):
    """Draws each missing number from its distribution given the others, sweep after sweep.

    As `LinearFill`, but each prediction gets noise: one of some numbers, drawn by the bits of the
    row, times the spread that is left of the column when all others are known. A runner makes
    `num_draws` rows of one in this way, asks the model about each and gives the mean of what it
    answers. The same row draws the same numbers everywhere.

    Attributes:
        means: Of the columns.
        lows: The least number of each column; lower ones count as it.
        highs: The largest one.
        weights: Row after row, what each column's prediction takes of each other's distance from
            its mean; 0 of itself.
        spreads: The standard deviation of each column given all others.
        noise: Numbers of mean 0 and variance 1 that are drawn from.
        sweeps: How many.
        seed: Of the draw.
        num_draws: How many rows a runner makes of one.
    """

    means: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    spreads: tuple[float, ...]
    noise: tuple[float, ...]
    sweeps: int
    seed: int
    num_draws: int

    def draws(self) -> int:
        return self.num_draws

    def at_draw(self, draw: int) -> "GaussianDraw":
        return replace(self, seed=self.seed + draw)

    def check_sizes(self) -> None:
        num = len(self.columns)
        numbers = (self.means, self.lows, self.highs, self.spreads, *self.weights)
        lengths = {len(row) for row in numbers}
        if lengths != {num} or len(self.weights) != num:
            raise ValueError(f"{len(self.weights)} rows of weights for {num} columns")
        if not self.noise:
            raise ValueError("no noise to draw from")
        if not 1 <= self.sweeps <= MAX_SWEEPS:
            raise ValueError(f"{self.sweeps} sweeps")
        if not 1 <= self.num_draws <= MAX_DRAWS:
            raise ValueError(f"{self.num_draws} draws")
        if not 0 <= self.seed < 2**31 - MAX_DRAWS:
            raise ValueError(f"the seed {self.seed}")

    def fill(self, x: np.ndarray) -> np.ndarray:
        bits = row_bits(x, self.seed)
        return fill_by_sweeps(
            self,
            x,
            lambda rows, sweep, place: self._drawn(bits[rows], sweep, place),
        )

    def _drawn(self, bits, sweep, place):
        """Returns the noise of a column in a sweep, float32 [rows]."""
        number = sweep * len(self.columns) + place + 1
        turned = mixed_bits(bits ^ np.uint32(number * GOLDEN % 2**32))
        noise = np.asarray(self.noise, np.float32) * np.float32(self.spreads[place])
        return noise[turned % np.uint32(len(noise))]
