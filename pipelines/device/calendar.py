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
MIDDLE_DAY = 15  # the last day of the first half of a month
DAYS_OF_WEEK = 7
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
        """Raises ValueError for a calendar without steps, or with numbers beyond their limits.

        Args:
            step_seconds: The length of a step; of months and weekdays the mean one.
        """
        has_steps = self._has_steps()
        has_weekdays = self._has_weekdays()
        has_seconds = self._has_seconds(step_seconds)
        if not (has_steps and has_weekdays and has_seconds):
            raise ValueError(f"a calendar of {self} with steps of {step_seconds} s")

    def _has_steps(self):
        """Returns whether the fields of its unit are set, and no others."""
        if self.unit == MONTH:
            return self._has_months()
        of_months = (self.months, self.first_month, self.day)
        if of_months != (0, 0, 0):
            return False
        if self.unit == WEEKDAY:
            return len(self.weekdays) > 0
        return self.unit == SECOND and not self.weekdays

    def _has_months(self):
        if not 1 <= self.months <= MAX_MONTHS:
            return False
        if not 0 <= self.first_month < self.months:
            return False
        if not 1 <= self.day <= LAST_DAY:
            return False
        return self.early_seconds == 0

    def _has_weekdays(self):
        """Returns whether weekdays are rising numbers of days."""
        before = -1
        for day in self.weekdays:
            if not before < day < len(DAY_NAMES):
                return False
            before = day
        return True

    def _has_seconds(self, step_seconds):
        """Returns whether a date, and what lies before it, is inside of a step."""
        length = DAY_SECONDS
        if self.unit == SECOND:
            length = round(step_seconds)
        has_phase = 0 <= self.phase_seconds < length
        has_early = 0 <= self.early_seconds < length
        return has_phase and has_early


def step_numbers(times: np.ndarray, step_seconds: float, calendar: Calendar) -> np.ndarray:
    """Returns the number of the step that each time stamp lies in, int64 [rows].

    A stamp of a day that has no step (see `has_step`) lies in the step before it.

    Args:
        times: Time stamps, datetime64 [rows], none missing.
        step_seconds: The length of a step of a calendar of seconds.
        calendar: Where steps lie.
    """
    if calendar.unit == MONTH:
        return _numbers_of_months(times, calendar)
    seconds = _seconds_of_steps(times, calendar)
    if calendar.unit == SECOND:
        return seconds // round(step_seconds)
    days = _weekday_days(seconds)
    weeks, weekdays = np.divmod(days, DAYS_OF_WEEK)
    kept = np.array(calendar.weekdays)
    places = np.searchsorted(kept, weekdays, side="right") - 1
    return weeks * len(kept) + places


def _numbers_of_months(times, calendar):
    months = times.astype("datetime64[M]").astype(np.int64)
    # Steps that are dated by their end hold the months before their date, others the months after
    # it.
    before = 0
    if calendar.day > MIDDLE_DAY:
        before = calendar.months - 1
    return (months - calendar.first_month + before) // calendar.months


def _seconds_of_steps(times, calendar):
    """Returns the seconds since the beginning of the first step, int64 [rows]."""
    seconds = times.astype("datetime64[s]").astype(np.int64)
    return seconds - calendar.phase_seconds + calendar.early_seconds


def _weekday_days(seconds):
    """Returns days since a Monday, so that the rest by 7 is the day of the week, int64."""
    days = seconds // DAY_SECONDS
    return days + _FIRST_WEEKDAY


def step_dates(numbers: np.ndarray, step_seconds: float, calendar: Calendar) -> np.ndarray:
    """Returns the date of each step, datetime64[s], like `numbers`.

    Args:
        numbers: Of the steps, int64.
        step_seconds: The length of a step of a calendar of seconds.
        calendar: Where steps lie.
    """
    numbers = np.asarray(numbers, np.int64)
    if calendar.unit == SECOND:
        seconds = numbers * round(step_seconds)
    elif calendar.unit == WEEKDAY:
        days = _days_of_weekdays(numbers, calendar)
        seconds = days * DAY_SECONDS
    else:
        months = numbers * calendar.months + calendar.first_month
        days = _days_of_months(months, calendar)
        seconds = days * DAY_SECONDS
    seconds = seconds + calendar.phase_seconds
    return seconds.astype("datetime64[s]")


def _days_of_weekdays(numbers, calendar):
    """Returns days since 1970 of the date of each step of weekdays, int64."""
    kept = np.array(calendar.weekdays, np.int64)
    weeks, places = np.divmod(numbers, len(kept))
    monday_days = weeks * DAYS_OF_WEEK - _FIRST_WEEKDAY
    return monday_days + kept[places]


def _days_of_months(months, calendar):
    """Returns days since 1970 of the date of each month since January 1970, int64."""
    firsts = _first_days(months)
    sizes = _first_days(months + 1) - firsts
    day_of_month = np.minimum(calendar.day, sizes)
    days = firsts + day_of_month - 1
    if not calendar.weekdays:
        return days
    # A date that must lie on a weekday moves into its month: forward from the first half, back from
    # the second.
    direction = 1
    if calendar.day > MIDDLE_DAY:
        direction = -1
    for _ in range(DAYS_OF_WEEK - 1):
        weekdays = (days + _FIRST_WEEKDAY) % DAYS_OF_WEEK
        is_outside = ~np.isin(weekdays, calendar.weekdays)
        days = days + direction * is_outside
    return days


def _first_days(months):
    """Returns days since 1970 of the first day of each month, int64."""
    first_days = months.astype("datetime64[M]").astype("datetime64[D]")
    return first_days.astype(np.int64)


def has_step(times: np.ndarray, calendar: Calendar) -> np.ndarray:
    """Returns whether the day of each time stamp has a step, bool [rows].

    Of Monday to Friday a Sunday has none.
    """
    if calendar.unit != WEEKDAY:
        return np.ones(len(times), bool)
    seconds = _seconds_of_steps(times, calendar)
    days = _weekday_days(seconds)
    return np.isin(days % DAYS_OF_WEEK, calendar.weekdays)
