"""Functions of fixed-point numbers, as integers: exp, the logistic function, tanh, 1 / sqrt.

They are those of gemmlowp's `fixedpoint.h` (https://github.com/google/gemmlowp): a Taylor
polynomial about -1/8, factors for the powers of two of what is left, and Newton's method for the
quotient.
"""

from .arithmetic import INT32

_ONE = int(INT32.max)
_EIGHTH = 1 << 28
_EXP_OF_MINUS_EIGHTH = 1895147668
_THIRD = 715827883
# exp(-1/4), exp(-1/2), ... exp(-16) in 2^-31.
_FACTORS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_FIRST_POWER = -2
_48_OVER_17 = 1515870810
_MINUS_32_OVER_17 = -1010580540
_UNIT = 1 << 29
_NEWTON_STEPS = 3
_FRACTION_BITS = 31
_HALF_THREE = (1 << 28) + (1 << 27)
_HALF_ROOT_OF_TWO = 1518500250
_ROOT_STEPS = 5


def product(one: int, other: int) -> int:
    """Returns the product of two numbers in 2^-31, rounded half up."""
    return min((one * other + (1 << 30)) >> _FRACTION_BITS, _ONE)


def shifted(value: int, shift: int) -> int:
    """Returns value / 2^shift, halves rounded away from zero."""
    mask = (1 << shift) - 1
    threshold = (mask >> 1) + (value < 0)
    return (value >> shift) + ((value & mask) > threshold)


def exp_of_negative(value: int, integer_bits: int) -> int:
    """Returns exp of a number at most 0, in 2^-31.

    Args:
        value: In 2^-(31 - integer_bits).
        integer_bits: 4 or 5.
    """
    fraction_bits = _FRACTION_BITS - integer_bits
    quarter = 1 << (fraction_bits - 2)
    rest = (value & (quarter - 1)) - quarter
    result = _exp_near_zero(rest << integer_bits)
    remainder = rest - value
    for place, factor in enumerate(_FACTORS):
        power = _FIRST_POWER + place
        if power < integer_bits and remainder & (1 << (fraction_bits + power)):
            result = product(result, factor)
    if value == 0:
        return _ONE
    return result


def _exp_near_zero(value):
    """Returns exp of a number from -1/4 to 0, both in 2^-31."""
    x = value + _EIGHTH
    square = product(x, x)
    cube = product(square, x)
    fourth = product(square, square)
    higher = product(shifted(fourth, 2) + cube, _THIRD) + square
    return _EXP_OF_MINUS_EIGHTH + product(_EXP_OF_MINUS_EIGHTH, x + shifted(higher, 1))


def _reciprocal_of_half_sum(value):
    """Returns 2 / (1 + value) in 2^-29; value in 2^-31, from 0 to 1."""
    half = (value + _ONE + 1) // 2
    x = _48_OVER_17 + product(half, _MINUS_32_OVER_17)
    for _ in range(_NEWTON_STEPS):
        error = _UNIT - product(half, x)
        x += _times(product(x, error), 2)
    return x


def reciprocal_of_sum(value: int) -> int:
    """Returns 1 / (1 + value) in 2^-31; value in 2^-31, from 0 to 1."""
    return min(_reciprocal_of_half_sum(value) << 1, _ONE)


def logistic(value: int) -> int:
    """Returns 1 / (1 + exp(-value)) in 2^-31; value in 2^-27."""
    if value == 0:
        return 1 << 30
    result = reciprocal_of_sum(exp_of_negative(-abs(value), 4))
    if value < 0:
        return _ONE - result
    return result


def tanh(value: int) -> int:
    """Returns tanh in 2^-31; value in 2^-27."""
    if value == 0:
        return 0
    # Twice the value: the same integer with one more bit before the point.
    quotient = _reciprocal_of_half_sum(exp_of_negative(-abs(value), 5))
    result = _times(quotient - _UNIT, 2)
    if value < 0:
        return -result
    return result


def inverse_root(value: int) -> tuple[int, int]:
    """Returns 1 / sqrt(value) as a number in 2^-31 and a power of two.

    Args:
        value: A whole number, at least 1.
    """
    if value <= 1:
        return _ONE, 0
    shift = 11
    while value >= 1 << 29:
        value //= 4
        shift += 1
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    shift -= pairs
    number = value << (2 * pairs) >> 1
    half = shifted(number, 1)
    x = 1 << 28
    for _ in range(_ROOT_STEPS):
        cube = _times(product(product(x, x), x), 6)
        x = _times(product(_HALF_THREE, x) - product(half, cube), 3)
    x = product(x, _HALF_ROOT_OF_TWO)
    if shift < 0:
        return x << -shift, 0
    return x, -shift


def _times(value, power):
    return max(min(value << power, _ONE), -_ONE - 1)
