"""The convolutions of MiniRocket in whole numbers, as int8 computes them: kernels, dilations, and
the thresholds that training rows give.

MiniRocket: Dempster, Schmidt, Webb 2021, https://arxiv.org/abs/2012.08791.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

KERNEL_STEPS = 9
NUM_KERNELS = 84  # the ways to choose three of nine weights
MOST_DILATIONS = 32  # of one kernel, as in the paper
MOST_CHANNELS = 9  # that one kernel reads, as in the paper
GOLDEN_RATIO = (5**0.5 + 1) / 2
# The paper's weights are 2 and -1, and sum to zero. int8 gives the largest 127, and -1 would be
# -63.5: half of them are -63, the others -64, so that they still sum to zero.
HIGH = 127
LOW = (-63, -64)
LEVELS = 255  # steps of an int8 range


@dataclass(frozen=True)
class ConvolutionPlan:
    """One layer of convolutions.

    Attributes:
        dilation: Steps between two weights of a kernel.
        num_blocks: How often it has each of the 84 kernels, each time with another threshold.
        is_padded: Whether zeros stand before the first step and after the last one.
        roll: By how many places its kernels are moved. Two layers with equal kernels on one input
            would become one in the converter, and their thresholds an addition after it, which
            int8 rounds away.
    """

    dilation: int
    num_blocks: int
    is_padded: bool
    roll: int

    @property
    def num_filters(self) -> int:
        """How many features it gives."""
        return NUM_KERNELS * self.num_blocks

    @property
    def name(self) -> str:
        """The end of its name, which no other layer of the net has."""
        return f"dilation{self.dilation}_{self.roll}"


def plan_convolutions(num_steps: int, num_features: int) -> list[ConvolutionPlan]:
    """Returns the layers for series of a length.

    Dilations grow exponentially up to a kernel as long as the series, as in the paper, which pads
    one kernel and not the next. Here one layer is padded and not the next, but for kernels longer
    than half of the series: without zeros they would see a few steps only.

    Args:
        num_steps: Of a series, at least 9.
        num_features: At least 84; as many as multiples of 84 fit in are made.
    """
    plans = []
    for dilation, num_blocks in _dilations(num_steps, num_features // NUM_KERNELS):
        is_long = 2 * dilation * (KERNEL_STEPS - 1) > num_steps
        for blocks in _shared_out(dilation, num_blocks, is_long):
            place = len(plans)
            is_padded = is_long or place % 2 == 0
            plans.append(ConvolutionPlan(dilation, blocks, is_padded, place))
    return plans


def _dilations(num_steps, num_blocks):
    """Returns (dilation, blocks of 84 features) in order."""
    num_dilations = min(num_blocks, MOST_DILATIONS)
    longest = np.log2((num_steps - 1) / (KERNEL_STEPS - 1))
    spaced = np.logspace(0, longest, num_dilations, base=2).astype(np.int64)
    dilations, counts = np.unique(spaced, return_counts=True)
    counts = counts * num_blocks // num_dilations
    for place in range(num_blocks - counts.sum()):
        counts[place % len(counts)] += 1
    return [(int(dilation), int(count)) for dilation, count in zip(dilations, counts, strict=True)]


def _shared_out(dilation, num_blocks, is_long):
    """Returns the blocks of each layer of a dilation.

    More than one padded layer and one without would share the operator that spreads the steps
    (SPACE_TO_BATCH_ND), and the converter then leaves it in the file. Without dilation there is
    none, so that each block has a layer of its own, of which the memory is a fraction.
    """
    if dilation == 1:
        return [1] * num_blocks
    if num_blocks == 1 or is_long:
        return [num_blocks]
    return [num_blocks - num_blocks // 2, num_blocks // 2]


def draw_kernels(plan: ConvolutionPlan, num_channels: int, seed: int) -> np.ndarray:
    """Returns the kernels of a layer, int64 [9, channels, filters]: 127, -63, -64, and 0 of the
    channels that a kernel does not read.

    Each kernel reads some channels, drawn from the seed, as in the paper: one to nine, each
    doubling of their number as likely as the other.

    Args:
        plan: Of the layer.
        num_channels: Of the series.
        seed: Of the net.
    """
    reads = _draw_channels(num_channels, np.random.default_rng([seed, plan.roll]))
    kernels = _weights()[:, None, :] * reads[None, :, :]
    rolled = np.roll(kernels, plan.roll, axis=2)
    return np.tile(rolled, plan.num_blocks)


def _weights():
    """Returns the 84 kernels, int64 [9, 84]."""
    weights = np.zeros((KERNEL_STEPS, NUM_KERNELS), np.int64)
    for place, high in enumerate(combinations(range(KERNEL_STEPS), 3)):
        others = [step for step in range(KERNEL_STEPS) if step not in high]
        weights[list(high), place] = HIGH
        weights[others[::2], place] = LOW[0]
        weights[others[1::2], place] = LOW[1]
    return weights


def _draw_channels(num_channels, random):
    """Returns which channels each kernel reads, int64 [channels, 84], 0 or 1."""
    reads = np.zeros((num_channels, NUM_KERNELS), np.int64)
    most = np.log2(min(num_channels, MOST_CHANNELS) + 1)
    for place in range(NUM_KERNELS):
        count = int(2 ** random.uniform(0, most))
        reads[random.choice(num_channels, count, replace=False), place] = 1
    return reads


@dataclass(frozen=True)
class Grid:
    """The values that int8 gives the steps of series.

    Attributes:
        scale: Between two of them.
        lowest: The place of the lowest one, counted from 0.0.
    """

    scale: float
    lowest: int

    @classmethod
    def of_range(cls, low: float, high: float) -> "Grid":
        """Returns the grid of a range, which the converter widens to hold 0."""
        low = min(low, 0.0)
        high = max(high, 0.0)
        scale = (high - low) / LEVELS or 1.0
        return cls(scale, int(np.round(low / scale)))

    def places(self, x: np.ndarray) -> np.ndarray:
        """Returns the place of each value on the grid, int64 of the shape of `x`."""
        places = np.round(x / self.scale)
        return np.clip(places, self.lowest, self.lowest + LEVELS).astype(np.int64)


@dataclass(frozen=True, eq=False)
class FittedConvolution:
    """A layer with its thresholds.

    Attributes:
        plan: Of the layer.
        kernels: int64 [9, channels, filters].
        thresholds: int64 [filters].
    """

    plan: ConvolutionPlan
    kernels: np.ndarray
    thresholds: np.ndarray

    def shares(self, places: np.ndarray) -> np.ndarray:
        """Returns the share of steps above each threshold, float64 [rows, filters].

        Args:
            places: Rows on the grid, int64 [rows, steps, channels].
        """
        reach = KERNEL_STEPS // 2 * self.plan.dilation
        if self.plan.is_padded:
            places = np.pad(places, ((0, 0), (reach, reach), (0, 0)))
        num_windows = places.shape[1] - 2 * reach
        starts = self.plan.dilation * np.arange(KERNEL_STEPS)
        seen = [places[:, start : start + num_windows] for start in starts]
        # Exact: the sums stay below 2**24, up to which float32 holds whole numbers.
        windows = np.concatenate(seen, axis=2).astype(np.float32)
        kernels = self.kernels[:, :, :NUM_KERNELS].reshape(-1, NUM_KERNELS)
        values = windows @ kernels.astype(np.float32)
        shares = []
        for thresholds in self.thresholds.reshape(-1, NUM_KERNELS):
            shares.append((values > thresholds).mean(axis=1))
        return np.concatenate(shares, axis=1)


def fit_convolutions(places: np.ndarray, num_features: int, seed: int) -> list[FittedConvolution]:
    """Returns the layers for training rows, with their thresholds.

    Args:
        places: Training rows on the grid, int64 [rows, steps, channels].
        num_features: At least 84.
        seed: Of the channels that kernels read, and of the rows that give thresholds.
    """
    fitted = []
    first = 0
    for plan in plan_convolutions(places.shape[1], num_features):
        kernels = draw_kernels(plan, places.shape[2], seed)
        thresholds = choose_thresholds(places, kernels, plan, first=first, seed=seed)
        fitted.append(FittedConvolution(plan, kernels, thresholds))
        first += plan.num_filters
    return fitted


def choose_thresholds(
    places: np.ndarray, kernels: np.ndarray, plan: ConvolutionPlan, *, first: int, seed: int
) -> np.ndarray:
    """Returns what a convolution must exceed for each feature, int64 [filters].

    It is a quantile of the convolution of one training row, drawn for each kernel; the quantiles
    of all features are spread evenly by the golden ratio.

    Args:
        places: Training rows on the grid, int64 [rows, steps, channels].
        kernels: Of the layer, as `draw_kernels` gives them.
        plan: Of the layer.
        first: How many features the layers before it have.
        seed: Of the rows that are drawn.
    """
    random = np.random.default_rng([seed, plan.roll, first])
    thresholds = np.zeros((plan.num_blocks, NUM_KERNELS), np.int64)
    for place in range(NUM_KERNELS):
        row = places[random.integers(len(places))]
        values = _convolve(row, kernels[:, :, place], plan.dilation)
        numbers = first + place * plan.num_blocks + np.arange(1, plan.num_blocks + 1)
        quantiles = np.quantile(values, numbers * GOLDEN_RATIO % 1)
        thresholds[:, place] = np.floor(quantiles)
    return thresholds.ravel()


def _convolve(row, kernel, dilation):
    """Returns the convolution of a row with zeros around it, int64 [steps].

    Args:
        row: int64 [steps, channels].
        kernel: int64 [9, channels].
        dilation: Steps between two weights.
    """
    num_steps = len(row)
    reach = KERNEL_STEPS // 2 * dilation
    padded = np.pad(row, ((reach, reach), (0, 0)))
    values = np.zeros(num_steps, np.int64)
    for place, weights in enumerate(kernel):
        start = place * dilation
        values += padded[start : start + num_steps] @ weights
    return values
