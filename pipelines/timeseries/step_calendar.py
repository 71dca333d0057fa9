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
    ports = {port.name: port for port in signature.inputs if port.unit == UNIT_INTERVAL}
    names = {part.into for part in _date_parts(signature)}
    for pack in _packs(signature):
        if pack.into in ports and names.intersection(pack.columns):
            return ports[pack.into]
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
    width = 2 * len(pairs) + PLACES
    kernel = np.zeros((num_read, horizon, width))
    bias = np.zeros((horizon, width))
    steps = np.arange(horizon)
    for place, (first, angle) in enumerate(pairs):
        cosine = np.cos(angle * steps)
        sine = np.sin(angle * steps)
        to = 2 * place
        kernel[first, :, to] = cosine
        kernel[first + 1, :, to] = -sine
        bias[:, to] = (1 - cosine + sine) / 2
        kernel[first, :, to + 1] = sine
        kernel[first + 1, :, to + 1] = cosine
        bias[:, to + 1] = (1 - cosine - sine) / 2
    bias[:, -2] = steps / max(horizon - 1, 1)
    bias[:, -1] = 1 / (steps + 1)
    flat = kernel.reshape(num_read, horizon * width)
    return flat.astype(np.float32), bias.ravel().astype(np.float32)


def turned_width(signature: Signature) -> int:
    """Returns how many numbers a step ahead has."""
    return 2 * len(_pairs(signature)) + PLACES


def _pairs(signature) -> list[tuple[int, float]]:
    """Returns the place of each cosine, whose sine is next to it, and its radians a step."""
    port = calendar_port(signature)
    if port is None:
        return []
    step_seconds = signature.windows().step_seconds
    parts = {part.into: part.part for part in _date_parts(signature)}
    (pack,) = [pack for pack in _packs(signature) if pack.into == port.name]
    pairs = []
    first = 0
    for column in pack.columns:
        width = _width_of(signature, column)
        if column in parts:
            radians = 2 * math.pi * step_seconds / CYCLE_SECONDS[parts[column]]
            for harmonic in range(width // 2):
                pairs.append((first + 2 * harmonic, (harmonic + 1) * radians))
        first += width
    return pairs


def _date_parts(signature) -> list[DatePart]:
    """Returns what reads the time of the first step ahead."""
    time = signature.windows().time
    found = []
    for primitive in signature.primitives:
        if isinstance(primitive, DatePart) and primitive.column == time:
            found.append(primitive)
    return found


def _packs(signature) -> list[Pack]:
    return [each for each in signature.primitives if isinstance(each, Pack)]


def _width_of(signature, column):
    """Returns how many numbers a packed column has."""
    width = 1
    for primitive in signature.primitives:
        if column in primitive.makes():
            width = primitive.width() or width
    return width
