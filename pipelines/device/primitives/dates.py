"""Primitives of dates."""

from dataclasses import dataclass

import numpy as np

from .primitive import DerivingPrimitive, Flow

DATE_PARTS = {
    "month": 12,
    "day_of_month": 31,
    "day_of_year": 366,
    "weekday": 7,
    "hour": 24,
    "minute": 60,
    "year": 256,
}
# Of the part "year", which holds this year and 255 later ones; years outside are the nearest.
FIRST_YEAR = 1900


@dataclass(frozen=True)
class DatePart(DerivingPrimitive):
    """Makes a column of one part of a date, as a whole number from 0.

    datetime64[s] [rows] → int32 [rows]; a missing date gives the size of the part.

    Attributes:
        part: One of DATE_PARTS.
    """

    part: str

    def compute(self, x: np.ndarray) -> np.ndarray:
        unknown = np.isnat(x)
        epoch = np.datetime64(0, "s")
        times = np.where(unknown, epoch, x)
        of_missing = DATE_PARTS[self.part]
        values = np.where(unknown, of_missing, self._values(times))
        return values.astype(np.int32)

    def flow_of(self, flow: Flow) -> Flow:
        self.expect(flow, "date", (0,))
        num_ids = DATE_PARTS[self.part] + 1
        return Flow("int32", (), num_ids)

    def _values(self, times):
        """Returns the part of each time, int64 [rows]."""
        seconds = times.astype(np.int64)
        days = times.astype("datetime64[D]")
        if self.part == "month":
            months = days.astype("datetime64[M]")
            return months.astype(np.int64) % 12
        if self.part == "day_of_month":
            return _days_since_first(days, "datetime64[M]")
        if self.part == "day_of_year":
            return _days_since_first(days, "datetime64[Y]")
        if self.part == "weekday":
            # 1970-01-01 was a Thursday; Monday is 0.
            return (days.astype(np.int64) + 3) % 7
        if self.part == "year":
            years = days.astype("datetime64[Y]").astype(np.int64) + 1970
            return np.clip(years - FIRST_YEAR, 0, DATE_PARTS["year"] - 1)
        if self.part == "hour":
            hours = seconds // 3600
            return hours % 24
        minutes = seconds // 60
        return minutes % 60


def _days_since_first(days, period):
    """Returns the days since the first one of their month or year, int64 [rows]."""
    first_days = days.astype(period).astype("datetime64[D]")
    return (days - first_days).astype(np.int64)
