"""Primitives of dates."""

from dataclasses import dataclass

import numpy as np

from .primitive import ColumnPrimitive, Columns, Flow, Flows, take

DATE_PARTS = {
    "month": 12,
    "day_of_month": 31,
    "day_of_year": 366,
    "weekday": 7,
    "hour": 24,
    "minute": 60,
}


@dataclass(frozen=True)
class DatePart(ColumnPrimitive):
    """A new column `into`: a part of a date as a whole number from 0; a missing date gives the
    part's size.

    datetime64[s] [rows] → int32 [rows].
    """

    into: str
    part: str

    def run(self, columns: Columns) -> None:
        x = columns[self.column]
        missing = np.isnat(x)
        seconds = np.where(missing, np.datetime64(0, "s"), x)
        days = seconds.astype("datetime64[D]")
        if self.part == "month":
            value = days.astype("datetime64[M]").astype(np.int64) % 12
        elif self.part == "day_of_month":
            value = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
        elif self.part == "day_of_year":
            value = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
        elif self.part == "weekday":  # 1970-01-01 was a Thursday; Monday is 0
            value = (days.astype(np.int64) + 3) % 7
        elif self.part == "hour":
            value = seconds.astype(np.int64) // 3600 % 24
        else:
            value = seconds.astype(np.int64) // 60 % 60
        columns[self.into] = np.where(missing, DATE_PARTS[self.part], value).astype(np.int32)

    def makes(self) -> tuple[str, ...]:
        return (self.into,)

    def follow(self, flows: Flows) -> None:
        take(flows, self.column, "date", (0,))
        flows[self.into] = Flow("int32", (), DATE_PARTS[self.part] + 1)
