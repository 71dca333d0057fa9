"""Dates to cyclic parts: December is next to January."""

import math
from dataclasses import dataclass
from typing import ClassVar

from ..device.calendar import MONTH
from ..device.cells import DATE
from ..device.primitives import DATE_PARTS, DatePart, Primitive, Table
from ..device.units import UNIT_INTERVAL
from ..errors import StepError
from ..rows.sketch import ENCODED
from ..spec import knob
from .step import ColumnStep, FittedStep, as_float32, is_date

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
    """

    reads: ClassVar[tuple[str, ...]] = (DATE,)
    replaces: ClassVar[tuple[str, ...]] = (DATE,)
    makes: ClassVar[tuple[str, ...]] = (ENCODED,)

    parts: tuple[str, ...] = ()
    harmonics: tuple[int, ...] = knob((), 1, 32)

    def _suits(self, x):
        return is_date(x)

    def _fit(self, train):
        unknown = [part for part in self.parts if part not in DATE_PARTS]
        if unknown:
            raise StepError(
                f"EncodeDate has no part {unknown[0]!r}",
                expected=", ".join(DATE_PARTS),
                fix="name parts from this list",
            )
        primitives: list[Primitive] = []
        dates = self.chosen(train)
        parts = self.parts or ("month", "weekday", "hour")
        harmonics = self.harmonics or (1,) * len(parts)
        if len(harmonics) != len(parts):
            raise StepError(
                f"EncodeDate with {len(harmonics)} harmonics for {len(parts)} parts",
                expected="one number a part",
                fix=f"harmonics={(1,) * len(parts)}",
            )
        for name in dates:
            for part, multiples in _of_steps(
                name, train.schema.frame, dict(zip(parts, harmonics, strict=True))
            ):
                into = f"{name} {part}"
                if into in train.x:
                    raise StepError(
                        f"the data set has a column {into!r} already",
                        expected="a free name for the date's part",
                        fix="rename it in the source",
                    )
                made = {name: train.x[name]}
                read = DatePart(name, into, part)
                read.run(made)
                if len(set(made[into].tolist())) > 1:
                    primitives += [read, Table(into, _circle(DATE_PARTS[part], multiples))]
        return FittedStep("EncodeDate", tuple(primitives), unit=UNIT_INTERVAL, dropped=tuple(dates))


def _of_steps(name, frame, parts):
    """Pairs of part and multiples that differ from step to step of a frame."""
    if frame is None or name != frame.time or frame.calendar.unit != MONTH:
        return parts.items()
    coarse = {part: multiples for part, multiples in parts.items() if part not in PARTS_OF_A_MONTH}
    return (coarse or {"month": max(parts.values())}).items()


def _circle(size, multiples):
    rows = [
        [
            as_float32((1 + wave(2 * math.pi * multiple * place / size)) / 2)
            for multiple in range(1, multiples + 1)
            for wave in (math.cos, math.sin)
        ]
        for place in range(size)
    ]
    return tuple(map(tuple, rows)) + ((0.5, 0.5) * multiples,)
