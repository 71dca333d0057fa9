"""A linear function of token counts as weights that int8 keeps: two columns for each weight, and
sums in units that suit the length of the text.

One int8 column cannot hold the weights: the rare large ones are the words of the topic, and the
rest gets what is left of 127 steps (average precision .994 → .945 where they were clipped). A
coarse and a fine column hold each weight to 1/(127 * 254) of the largest, and one dense layer adds
both up in int32 before anything is rounded.

A sum grows with the text. In one unit for all texts short ones would be left with few steps, so
each range of lengths has its own, and a gate that is 0 for other lengths; the gate holds what a sum
is multiplied by for its length, too. Both signs and several pieces of a sum end in a ReLU6 each, so
that a piece has all steps of an int8 for itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .linear_tokens import LinearTokens, TokenCounts

STEPS = 127  # of int8, on each side of zero
# The int8 range of the table, of which one step is 1/127 and 0 is one value.
TABLE_RANGE = (-128 / STEPS, 1.0)
FULL = 6.0  # where ReLU6 ends
LENGTH_RATIO = 4  # of the longest text of a range to that of the next
NUM_PIECES = 3  # of a sum of one sign: 765 steps
# Texts that are not among the training rows may have larger sums than those that are.
HEADROOM = 1.25
# The share of the largest output that a range of lengths can hold at least, whatever its training
# rows have.
LEAST_SHARE = 0.25


def length_ranges(window: int) -> list[int]:
    """Returns the longest text of each range of lengths, the longest range first."""
    ends = []
    end = window
    while end >= 1:
        ends.append(end)
        end //= LENGTH_RATIO
    return ends


def num_sums(window: int) -> int:
    """Returns how many sums each output has: of each range, piece and sign."""
    return len(length_ranges(window)) * NUM_PIECES * 2


def two_columns(weights: np.ndarray) -> tuple[NDArray[np.float32], float]:
    """Splits weights into coarse and fine numbers, weight = M * (coarse + fine / 127).

    Both are multiples of 1/127, which the int8 table holds without another rounding. The sum
    differs from the weight by M / (127 * 254) at most.

    Args:
        weights: float64 [ids, outputs].

    Returns:
        (float32 [ids, 2 * outputs], coarse and fine of each output in turn; M, the largest weight).
    """
    largest = float(np.abs(weights).max()) or 1.0
    steps = weights / largest * STEPS
    coarse = np.round(steps)
    fine = np.round((steps - coarse) * STEPS)
    columns = np.stack([coarse, fine], axis=2) / STEPS
    return columns.reshape(len(weights), -1).astype(np.float32), largest


@dataclass(frozen=True, eq=False)
class SumWeights:
    """The weights of the layers after the table.

    Attributes:
        kernel: float32 [2 * columns * window, sums], for all coarse numbers, then the fine.
        starts: float32 [sums], the biases with which pieces begin one after the other.
        gates: float32 [window, sums]; its sum over the places with a token is the gate of the
            text's length: 0 but for the sums of its range.
        output: float32 [sums], what an output is of its gated sums.
    """

    kernel: NDArray[np.float32]
    starts: NDArray[np.float32]
    gates: NDArray[np.float32]
    output: NDArray[np.float32]


def sum_weights(
    linear: LinearTokens, counts: TokenCounts, largest: float, *, num_columns: int
) -> SumWeights:
    """Returns the weights that make the outputs of a linear function.

    Args:
        linear: The function.
        counts: Of training rows, which show how large sums become.
        largest: The largest weight, as `two_columns` gives it.
        num_columns: How many columns of ids there are, each as long as the window.
    """
    window = len(linear.factors) - 1
    ends = length_ranges(window)
    num_ranges = len(ends)
    range_of_length = _ranges_of_lengths(ends)
    largest_sums = _largest_sums(linear, counts, range_of_length)
    # What each length could give at most, and of it the share of the largest.
    sum_of_length = largest_sums[range_of_length]
    most = linear.factors[1:] * sum_of_length
    largest_output = most.max()
    range_of_sum = np.repeat(np.arange(num_ranges), NUM_PIECES * 2)
    signs = np.tile([1.0, -1.0], num_ranges * NUM_PIECES)
    sum_of_piece = largest_sums / NUM_PIECES
    units = signs * FULL * largest / sum_of_piece[range_of_sum]
    kernel = np.repeat([units, units / STEPS], num_columns * window, axis=0)
    start_of_piece = -FULL * np.arange(NUM_PIECES)
    starts = np.repeat(start_of_piece, 2)
    gates = _gates(most / largest_output, range_of_length)
    gates_of_sums = gates[:, range_of_sum]
    output = signs * largest_output / FULL / NUM_PIECES
    return SumWeights(
        kernel.astype(np.float32),
        np.tile(starts, num_ranges).astype(np.float32),
        _by_place(gates_of_sums).astype(np.float32),
        output.astype(np.float32),
    )


def _ranges_of_lengths(ends):
    """Returns int64 [window]: the range of texts of 1, 2, ... tokens."""
    lengths = np.arange(1, ends[0] + 1)
    is_within = lengths[:, None] <= np.array(ends)
    return is_within.sum(axis=1) - 1


def _largest_sums(linear, counts, range_of_length):
    """Returns float64 [ranges]: how large a sum of any output can become in a range of lengths."""
    lengths = counts.lengths
    sums = np.abs(linear.sums(counts))
    largest_of_row = sums.max(axis=1)
    outputs = linear.factors[lengths] * largest_of_row
    largest_output = float(outputs.max()) or 1.0
    num_ranges = range_of_length.max() + 1
    found = np.zeros(num_ranges)
    for place in range(num_ranges):
        of_range = np.flatnonzero(range_of_length == place) + 1
        is_in = np.isin(lengths, of_range)
        largest_sum = largest_of_row[is_in].max(initial=0.0)
        factor = linear.factors[of_range].min()
        least = LEAST_SHARE * largest_output / factor
        found[place] = HEADROOM * max(largest_sum, least)
    return found


def _gates(shares, range_of_length):
    """Returns float64 [window, ranges]: by length, its share of the largest output in its range.

    Rounded to 127 steps of the largest share of the range, so that int8 kernels hold the
    differences of neighbours exactly.
    """
    num_ranges = range_of_length.max() + 1
    gates = np.zeros((len(shares), num_ranges))
    for place in range(num_ranges):
        is_own = range_of_length == place
        own = shares[is_own]
        step = own.max() / STEPS
        gates[is_own, place] = np.round(own / step) * step
    return gates


def _by_place(gates):
    """Returns gates by length [window, sums] as differences by the place of a token, the last place
    being that of the first length: texts stand at the right end of the window.
    """
    before = np.zeros((1, gates.shape[1]))
    return np.diff(gates, axis=0, prepend=before)[::-1]
