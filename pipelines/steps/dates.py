"""Dates to cyclic parts: December is next to January."""

import math
from dataclasses import dataclass
from typing import ClassVar

from ..device.calendar import DAY_SECONDS, MONTH
from ..device.cells import DATE
from ..device.primitives import DATE_PARTS, DatePart, Primitive, Table
from ..device.units import UNIT_INTERVAL
from ..errors import StepError
from ..rows.sketch import ENCODED
from ..slots import BY_SAMPLE
from ..spec import knob
from .statistics import span_seconds
from .step import ColumnStep, FittedStep, as_float32, is_date

USUAL_PARTS = ("month", "weekday", "hour")
# After how many seconds a part starts anew, about.
CYCLE_SECONDS = {
    "month": 365 * DAY_SECONDS,
    "day_of_month": 30 * DAY_SECONDS,
    "day_of_year": 365 * DAY_SECONDS,
    "weekday": 7 * DAY_SECONDS,
    "hour": DAY_SECONDS,
    "minute": 3600,
}
PARTS_OF_A_MONTH = ("day_of_month", "weekday", "hour", "minute")


@dataclass(frozen=True)
class EncodeDate(ColumnStep):
    """Turns each date column into two numbers in [0, 1] for each part, (1 + cos)/2 and (1 + sin)/2
    of its place in the cycle; a missing date lies in the middle of the circle. A part that is the
    same in all training rows is left out; of series whose steps are months, parts of a month or a
    day too, and if no other is named the month takes their place.

    Attributes:
        parts: Of "month", "day_of_month", "day_of_year", "weekday", "hour" and "minute" those that
            are taken; empty: month, weekday and, where training rows have a time of day, hour.
        harmonics: For each part, how many multiples of the angle are taken, so that a linear net
            can follow a day that is no sine; empty: one each.
        least_cycles: A part is left out if training rows hold its cycle fewer times: of one year a
            net learns its days by heart, and those that come are days it has not seen.
    """

    reads: ClassVar[tuple[str, ...]] = (DATE,)
    replaces: ClassVar[tuple[str, ...]] = (DATE,)
    makes: ClassVar[tuple[str, ...]] = (ENCODED,)
    streamed: ClassVar[str] = BY_SAMPLE

    parts: tuple[str, ...] = ()
    harmonics: tuple[int, ...] = knob((), 1, 32, unit="multiples of the angle")
    least_cycles: float = knob(0.0, 0, 1000)

    def _suits(self, x):
        return is_date(x)

    def _fit(self, train):
        multiples = self._multiples()
        dates = self.chosen(train)
        primitives: list[Primitive] = []
        for name in dates:
            span = span_seconds(train, name)
            for part, num_multiples in _of_steps(name, train.schema.frame, multiples).items():
                if span < self.least_cycles * CYCLE_SECONDS[part]:
                    continue
                primitives += _encode_part(train, name, part, num_multiples)
        return FittedStep(
            "EncodeDate",
            tuple(primitives),
            unit=UNIT_INTERVAL,
            dropped=tuple(dates),
        )

    def _multiples(self):
        """Returns part → how many multiples of its angle. Raises StepError for unknown parts."""
        for part in self.parts:
            if part not in DATE_PARTS:
                raise StepError(
                    f"EncodeDate has no part {part!r}",
                    expected=", ".join(DATE_PARTS),
                    fix="name parts from this list",
                )
        parts = self.parts or USUAL_PARTS
        one_each = (1,) * len(parts)
        harmonics = self.harmonics or one_each
        if len(harmonics) != len(parts):
            raise StepError(
                f"EncodeDate with {len(harmonics)} harmonics for {len(parts)} parts",
                expected="one number a part",
                fix=f"harmonics={one_each}",
            )
        return dict(zip(parts, harmonics, strict=True))


def _encode_part(train, name, part, num_multiples) -> list[Primitive]:
    """Returns the primitives of a part of a date; none if it is the same in all training rows.

    Raises:
        StepError: If the data set has a column of the part's name.
    """
    into = f"{name} {part}"
    if into in train.x:
        raise StepError(
            f"the data set has a column {into!r} already",
            expected="a free name for the date's part",
            fix="rename it in the source",
        )
    columns = {name: train.x[name]}
    read = DatePart(name, into, part)
    read.run(columns)
    values = set(columns[into].tolist())
    if len(values) < 2:
        return []
    circle = _circle(DATE_PARTS[part], num_multiples)
    return [read, Table(into, circle)]


def _of_steps(name, frame, multiples):
    """Returns part → multiples of those that differ from step to step of a frame."""
    if frame is None or name != frame.time or frame.calendar.unit != MONTH:
        return multiples
    coarse = {part: each for part, each in multiples.items() if part not in PARTS_OF_A_MONTH}
    if coarse:
        return coarse
    return {"month": max(multiples.values())}


def _circle(size, num_multiples):
    """Returns the row of numbers of each place in a cycle of `size`, and of a missing date."""
    rows = []
    for place in range(size):
        row = []
        for multiple in range(1, num_multiples + 1):
            angle = 2 * math.pi * multiple * place / size
            for wave in (math.cos, math.sin):
                share = (1 + wave(angle)) / 2
                row.append(as_float32(share))
        rows.append(tuple(row))
    middle = (0.5, 0.5) * num_multiples
    return (*rows, middle)
