"""Time stamps ↔ the numbers of their steps: steps of equal seconds, of chosen days of the week, or
of months.

A step has a number, counted from 1970, and a date. Training, the runner, the stream and the web
page (`targets/web/page/calendar.js`) number stamps and date steps by these functions alone.
"""

from dataclasses import dataclass

import numpy as np

SECOND = "second"
WEEKDAY = "weekday"
MONTH = "month"
UNITS = (SECOND, WEEKDAY, MONTH)
DAY_SECONDS = 86_400
MONTH_SECONDS = 31_556_952 // 12  # the mean of the Gregorian calendar's 400 years
MAX_MONTHS = 120
LAST_DAY = 31
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


@dataclass(frozen=True)
class Calendar:
    """Where the steps of a frame lie in time.

    Attributes:
        unit: "second": a step every `step_seconds` of the frame. "weekday": a step on each of
            `weekdays`. "month": a step every `months` months.
        phase_seconds: what a step's date is later than a whole number of steps since 1970; of
            weekdays and months, the time of day.
        early_seconds: how long before its date a step begins: half a step where stamps are snapped
            to the nearest one, 0 where a stamp belongs to the last date before it. 0 for months,
            which begin at midnight of their first day.
        weekdays: days of the week, 0 is Monday, rising. Of months: on these alone may a date lie,
            if there are any.
        months: months in a step.
        first_month: the month of a step's date, counted within the step, 0 to months - 1.
        day: the day of the month of a step's date; in a shorter month its last one.
    """

    unit: str = SECOND
    phase_seconds: int = 0
    early_seconds: int = 0
    weekdays: tuple[int, ...] = ()
    months: int = 0
    first_month: int = 0
    day: int = 0

    def check(self, step_seconds: float) -> None:
        """Raises ValueError for a calendar that has no steps, or whose numbers are beyond their
        limits.
        """
        if self.unit == SECOND:
            length = round(step_seconds)
        else:
            length = DAY_SECONDS
        days_fit = list(self.weekdays) == sorted(set(self.weekdays)) and all(
            0 <= day < 7 for day in self.weekdays
        )
        months_fit = (
            1 <= self.months <= MAX_MONTHS
            and 0 <= self.first_month < self.months
            and 1 <= self.day <= LAST_DAY
            and not self.early_seconds
        )
        none_of_months = (self.months, self.first_month, self.day) == (0, 0, 0)
        fits = {
            SECOND: none_of_months and not self.weekdays,
            WEEKDAY: none_of_months and len(self.weekdays) > 0,
            MONTH: months_fit,
        }.get(self.unit, False)
        inside = 0 <= self.phase_seconds < length and 0 <= self.early_seconds < length
        if not (fits and days_fit and inside):
            raise ValueError(f"a calendar of {self} with steps of {step_seconds} s")


def step_numbers(times: np.ndarray, step_seconds: float, calendar: Calendar) -> np.ndarray:
    """int64 [rows]: the number of the step that each time stamp (datetime64[s] [rows], none
    missing) lies in. A stamp of a day that has no step (see `has_step`) lies in the step before it.
    """
    seconds = times.astype("datetime64[s]").astype(np.int64)
    if calendar.unit == MONTH:
        months = times.astype("datetime64[M]").astype(np.int64)
        # Steps that are dated by their end hold the months before their date, others the months
        # after it.
        if calendar.day > 15:
            before = calendar.months - 1
        else:
            before = 0
        return (months - calendar.first_month + before) // calendar.months
    moved = seconds - calendar.phase_seconds + calendar.early_seconds
    if calendar.unit == SECOND:
        return moved // round(step_seconds)
    days = moved // DAY_SECONDS + _FIRST_WEEKDAY
    places = np.searchsorted(np.array(calendar.weekdays), days % 7, side="right") - 1
    return days // 7 * len(calendar.weekdays) + places


def step_dates(numbers: np.ndarray, step_seconds: float, calendar: Calendar) -> np.ndarray:
    """datetime64[s], like `numbers` (int64): the date of each step."""
    numbers = np.asarray(numbers, np.int64)
    if calendar.unit == SECOND:
        seconds = numbers * round(step_seconds)
    elif calendar.unit == WEEKDAY:
        weeks, places = np.divmod(numbers, len(calendar.weekdays))
        days = weeks * 7 + np.array(calendar.weekdays, np.int64)[places] - _FIRST_WEEKDAY
        seconds = days * DAY_SECONDS
    else:
        seconds = (
            _days_of_months(numbers * calendar.months + calendar.first_month, calendar)
            * DAY_SECONDS
        )
    return (seconds + calendar.phase_seconds).astype("datetime64[s]")


def _days_of_months(months, calendar):
    """int64: days since 1970 of the date of each month since January 1970."""
    firsts = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    sizes = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - firsts
    days = firsts + np.minimum(calendar.day, sizes) - 1
    # A date that must lie on a weekday moves into its month: forward from the first half, back from
    # the second.
    if calendar.day <= 15:
        direction = 1
    else:
        direction = -1
    for _ in range(6):
        if calendar.weekdays:
            outside = ~np.isin((days + _FIRST_WEEKDAY) % 7, calendar.weekdays)
        else:
            outside = False
        days = days + direction * outside
    return days


def has_step(times: np.ndarray, calendar: Calendar) -> np.ndarray:
    """bool [rows]: whether the day of each time stamp has a step: of Monday to Friday a Sunday has
    none.
    """
    if calendar.unit != WEEKDAY:
        return np.ones(len(times), bool)
    moved = (
        times.astype("datetime64[s]").astype(np.int64)
        - calendar.phase_seconds
        + calendar.early_seconds
    )
    return np.isin((moved // DAY_SECONDS + _FIRST_WEEKDAY) % 7, calendar.weekdays)
