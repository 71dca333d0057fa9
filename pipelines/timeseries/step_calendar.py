"""The calendar of every step ahead, which follows from that of the first: the place in a cycle
moves on by one angle a step, so that one fixed dense layer turns the numbers of EncodeDate.
"""

import math

import numpy as np

from ..device.calendar import DAY_SECONDS
from ..device.ports import Port
from ..device.primitives import DatePart, Pack
from ..device.signature import Signature
from ..device.units import UNIT_INTERVAL

HOUR_SECONDS = 3600
YEAR_SECONDS = 365.2425 * DAY_SECONDS
CYCLE_SECONDS = {
    "minute": HOUR_SECONDS,
    "hour": DAY_SECONDS,
    "weekday": 7 * DAY_SECONDS,
    "day_of_month": YEAR_SECONDS / 12,
    "day_of_year": YEAR_SECONDS,
    "month": YEAR_SECONDS,
}
PLACES = 2  # numbers that name a step ahead: its share of the horizon, and one over its number


def calendar_port(signature: Signature) -> Port | None:
    """Returns the port that holds parts of a date; None if there is none."""
    names = set()
    for date_part in _date_parts(signature):
        names.add(date_part.into)
    for port in signature.inputs:
        if port.unit != UNIT_INTERVAL:
            continue
        pack = _pack_of(signature, port)
        if names.intersection(pack.columns):
            return port
    return None


def turning_weights(signature: Signature, num_read: int) -> tuple[np.ndarray, np.ndarray]:
    """Makes the weights of the layer from the calendar of the first step ahead to that of every
    step, each followed by PLACES numbers that name the step.

    The weekday of later steps moves on evenly, not at midnight; the hour next to it states which.

    Args:
        signature: Of a forecast.
        num_read: How many numbers the layer reads.

    Returns:
        A kernel float32 [num_read, horizon * width] and a bias float32 [horizon * width], of which
        a step has `width` numbers in [0, 1].
    """
    horizon = signature.windows().horizon
    pairs = _pairs(signature)
    num_turned = 2 * len(pairs)
    width = num_turned + PLACES
    shape = (horizon, width)
    kernel = np.zeros((num_read, *shape))
    bias = np.zeros(shape)
    steps = np.arange(horizon)
    for place, (first, angle) in enumerate(pairs):
        angles = angle * steps
        cosine = np.cos(angles)
        sine = np.sin(angles)
        second = first + 1
        to_cosine = 2 * place
        to_sine = to_cosine + 1
        kernel[first, :, to_cosine] = cosine
        kernel[second, :, to_cosine] = -sine
        kernel[first, :, to_sine] = sine
        kernel[second, :, to_sine] = cosine
        # The circle's centre is (0.5, 0.5).
        bias[:, to_cosine] = (1 - cosine + sine) / 2
        bias[:, to_sine] = (1 - cosine - sine) / 2
    last_step = max(horizon - 1, 1)
    bias[:, -2] = steps / last_step
    bias[:, -1] = 1 / (steps + 1)
    flat_kernel = kernel.reshape(num_read, -1)
    flat_bias = bias.ravel()
    return flat_kernel.astype(np.float32), flat_bias.astype(np.float32)


def turned_width(signature: Signature) -> int:
    """Returns how many numbers a step ahead has."""
    pairs = _pairs(signature)
    return 2 * len(pairs) + PLACES


def _pairs(signature) -> list[tuple[int, float]]:
    """Returns the place of each cosine, whose sine is next to it, and its radians a step."""
    port = calendar_port(signature)
    if port is None:
        return []
    step_seconds = signature.windows().step_seconds
    parts = {}
    for date_part in _date_parts(signature):
        parts[date_part.into] = date_part.part
    pack = _pack_of(signature, port)
    pairs = []
    first = 0
    for column in pack.columns:
        width = _width_of(signature, column)
        if column in parts:
            part = parts[column]
            share = step_seconds / CYCLE_SECONDS[part]
            radians = 2 * math.pi * share
            num_multiples = width // 2
            for harmonic in range(num_multiples):
                place = first + 2 * harmonic
                angle = (harmonic + 1) * radians
                pairs.append((place, angle))
        first += width
    return pairs


def _date_parts(signature) -> list[DatePart]:
    """Returns what reads the time of the first step ahead."""
    time = signature.windows().time
    found = []
    for primitive in signature.primitives:
        if not isinstance(primitive, DatePart):
            continue
        if primitive.column == time:
            found.append(primitive)
    return found


def _pack_of(signature, port) -> Pack:
    """Returns what packs a port of numbers."""
    for primitive in signature.primitives:
        if isinstance(primitive, Pack) and primitive.into == port.name:
            return primitive
    raise LookupError(port.name)


def _width_of(signature, column):
    """Returns how many numbers a packed column has."""
    width = 1
    for primitive in signature.primitives:
        made = primitive.makes()
        if column not in made:
            continue
        width = primitive.width() or width
    return width
