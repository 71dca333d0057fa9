"""Dates to cyclic parts, where December is next to January, and to the year."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

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
YEAR = "year"
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

    The year is taken only if it is named. It does not come again, so it is one number: 0 is the
    first year of training rows, 1 the last one. A year outside is taken for the nearest of them:
    nothing was learned of it, and a trend does not go on by itself.

    Attributes:
        parts: Of "month", "day_of_month", "day_of_year", "weekday", "hour", "minute" and "year"
            those that are taken; empty: month, weekday and, where training rows have a time of day,
            hour.
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
            primitives += self._encode(train, name, multiples)
        return FittedStep(
            "EncodeDate",
            tuple(primitives),
            unit=UNIT_INTERVAL,
            dropped=tuple(dates),
        )

    def _encode(self, train, name, multiples) -> list[Primitive]:
        """Returns the primitives of all parts of a date."""
        frame = train.schema.frame
        _refuse_year_of_steps(name, frame, multiples)
        span = span_seconds(train, name)
        primitives = []
        for part, num_multiples in _of_steps(name, frame, multiples).items():
            if part == YEAR:
                primitives += _encode_year(train, name)
            elif span >= self.least_cycles * CYCLE_SECONDS[part]:
                primitives += _encode_part(train, name, part, num_multiples)
        return primitives

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
        multiples = dict(zip(parts, harmonics, strict=True))
        if multiples.get(YEAR, 1) != 1:
            raise StepError(
                f"EncodeDate with {multiples[YEAR]} harmonics of the year",
                expected="1: the year is no cycle",
                fix=f"harmonics={one_each}",
            )
        return multiples


def _encode_part(train, name, part, num_multiples) -> list[Primitive]:
    """Returns the primitives of a part of a date; none if it is the same in all training rows.

    Raises:
        StepError: If the data set has a column of the part's name.
    """
    read, places = _read_part(train, name, part)
    if len(np.unique(places)) < 2:
        return []
    return [read, Table(read.into, _circle(DATE_PARTS[part], num_multiples))]


def _encode_year(train, name) -> list[Primitive]:
    """Returns the primitives of the year of a date; none if all training rows are of one year.

    Raises:
        StepError: If the data set has a column of that name.
    """
    read, places = _read_part(train, name, YEAR)
    of_missing = DATE_PARTS[YEAR]
    known = places[places < of_missing]
    if not len(known) or known.min() == known.max():
        return []
    years = np.arange(of_missing)
    shares = (years - known.min()) / (known.max() - known.min())
    rows = [(as_float32(share),) for share in np.clip(shares, 0, 1)]
    return [read, Table(read.into, (*rows, (0.5,)))]


def _refuse_year_of_steps(name, frame, multiples):
    """Raises StepError for the year of the time of series."""
    if frame is None or name != frame.time or YEAR not in multiples:
        return
    raise StepError(
        f"EncodeDate with the year of {name!r}, the time of the steps",
        expected="parts that come again: the steps that are forecast are of years to come",
        fix=f"leave {YEAR!r} out of parts",
    )


def _read_part(train, name, part):
    """Returns what reads a part of a date, and the part of each training row, int32 [rows].

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
    return read, columns[into]


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
