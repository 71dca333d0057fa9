"""How the series of a row were cut in time."""

from dataclasses import dataclass

import numpy as np

from .calendar import Calendar, has_step, step_dates, step_numbers


@dataclass(frozen=True)
class Frame:
    """How a row's series were cut: the column of time, the seconds of a step, and the steps that
    are forecast, of which the row's time is the first (0: none, and the row's time is its newest
    step). `series`: the column that names the series of a step where there are many, or "".
    `known`: the series whose values are known beforehand, of the steps that are forecast.
    `format`: how times are written (see `Column`). `calendar`: where the
    steps lie in time; of months and weekdays `step_seconds` is a mean, by which nothing is counted.
    """

    time: str
    step_seconds: float
    horizon: int
    series: str = ""
    known: tuple[str, ...] = ()
    format: str = "ISO8601"
    calendar: Calendar = Calendar()

    def numbers(self, times: np.ndarray) -> np.ndarray:
        """int64 [rows]: the numbers of the steps that time stamps (datetime64 [rows]) lie in."""
        return step_numbers(times, self.step_seconds, self.calendar)

    def dates(self, numbers: np.ndarray) -> np.ndarray:
        """datetime64[s], like `numbers`: the dates of steps."""
        return step_dates(numbers, self.step_seconds, self.calendar)

    def has_step(self, times: np.ndarray) -> np.ndarray:
        """bool [rows]: whether there is a step on the day of each time stamp."""
        return has_step(times, self.calendar)

    def ahead(self, time: np.datetime64) -> np.ndarray:
        """datetime64[s] [horizon]: the dates of the steps that are forecast, of which `time` is the
        first.
        """
        return self.dates(self.numbers(np.array([time])) + np.arange(self.horizon))
