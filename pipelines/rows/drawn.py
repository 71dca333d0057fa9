"""Draws that need no other row: a row's number decides, mixed with a seed."""

import numpy as np

# Draws of one seed that must not depend on each other.
PARTS = 1
SAMPLE = 2
COPIES = 3

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_NUM_DIGITS = np.uint64(11)  # of 64, those that a float64 has no place for


def uniform(keys: np.ndarray, seed: int, purpose: int) -> np.ndarray:
    """Draws a number for each key: the finalizer of SplitMix64 (Steele, Lea and Flood 2014,
    https://doi.org/10.1145/2660193.2660195), twice.

    Args:
        keys: int64 [rows], of rows or of groups.
        seed: Of the draw.
        purpose: Draws of different purposes do not depend on each other.

    Returns:
        float64 [rows] in [0, 1): the same for the same key, wherever it stands.
    """
    first = (seed + purpose * int(_GOLDEN)) % 2**64
    start = mixed(np.array([first], np.uint64))
    spread = keys.astype(np.uint64) * _GOLDEN
    once = mixed(spread + start)
    twice = mixed(once + start)
    digits = twice >> _NUM_DIGITS
    return digits.astype(np.float64) * 2.0**-53


def mixed(numbers: np.ndarray) -> np.ndarray:
    """Returns uint64 numbers whose bits depend on all bits of those given, uint64."""
    once = numbers >> np.uint64(30)
    once ^= numbers
    once *= _FIRST
    twice = once >> np.uint64(27)
    twice ^= once
    twice *= _SECOND
    last = twice >> np.uint64(31)
    last ^= twice
    return last
