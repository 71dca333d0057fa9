"""How the series of a row were cut in time."""

from dataclasses import dataclass

import numpy as np

from .calendar import Calendar, has_step, step_dates, step_numbers
from .columns import DATE, Column


@dataclass(frozen=True)
class Frame:
    """How a row's series were cut.

    Attributes:
        time: The column of time.
        step_seconds: The length of a step; of months and weekdays a mean, by which nothing is
            counted.
        horizon: The steps that are forecast, of which the row's time is the first; 0 if none is,
            and the row's time is its newest step.
        series: The column that names the series of a step if there are many, or "".
        known: The series whose values are known beforehand, of the steps that are forecast.
        format: How times are written (see `Column`).
        calendar: Where the steps lie in time.
    """

    time: str
    step_seconds: float
    horizon: int
    series: str = ""
    known: tuple[str, ...] = ()
    format: str = "ISO8601"
    calendar: Calendar = Calendar()

    def time_column(self) -> Column:
        """Returns the column of time."""
        return Column(self.time, DATE, self.format)

    def numbers(self, times: np.ndarray) -> np.ndarray:
        """Returns the numbers of the steps that time stamps lie in, int64 [rows].

        Args:
            times: datetime64 [rows].
        """
        return step_numbers(times, self.step_seconds, self.calendar)

    def dates(self, numbers: np.ndarray) -> np.ndarray:
        """Returns the dates of steps, datetime64[s] like their numbers."""
        return step_dates(numbers, self.step_seconds, self.calendar)

    def has_step(self, times: np.ndarray) -> np.ndarray:
        """Returns whether there is a step on the day of each time stamp, bool [rows]."""
        return has_step(times, self.calendar)

    def ahead(self, time: np.datetime64) -> np.ndarray:
        """Returns the dates of the steps that are forecast, datetime64[s] [horizon].

        Args:
            time: The first of them.
        """
        first = self.numbers(np.array([time]))
        steps_ahead = np.arange(self.horizon)
        return self.dates(first + steps_ahead)
