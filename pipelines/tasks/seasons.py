"""Seasons that series usually have, and where in one of them forecasts start."""

import numpy as np

from ..device.calendar import DAY_NAMES, DAY_SECONDS, MONTH, WEEKDAY
from ..device.frame import Frame

MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

# Seasons that a mean is taken over, of the same time in each, at most.
MOST_AVERAGED = 4


def usual_seasons(frame: Frame) -> tuple[int, ...]:
    """Seasons in steps that series of this frame usually have, the usual one first: a day and a
    week; of days a week; of weeks none and a year; of months a year; else none, 1.
    """
    seconds = round(frame.step_seconds)
    calendar = frame.calendar
    if calendar.unit == WEEKDAY:
        return (len(calendar.weekdays),)
    if calendar.unit == MONTH:
        if 12 % calendar.months == 0:
            return (12 // calendar.months,)
        return (1,)
    if seconds < DAY_SECONDS and DAY_SECONDS % seconds == 0:
        return DAY_SECONDS // seconds, 7 * DAY_SECONDS // seconds
    if seconds == 7 * DAY_SECONDS:
        return 1, 52
    if seconds == DAY_SECONDS:
        return (7,)
    return (1,)


def common_start(times: np.ndarray, frame: Frame) -> tuple[str, str]:
    """Where in a day, week or year all of several forecasts start, such as ("at 06:00", "hour of
    the day"); two empty texts where they start at different places. times: datetime64 [rows], the
    first steps that are forecast.
    """
    times = times.astype("datetime64[s]")
    seconds = round(frame.step_seconds)
    if frame.calendar.unit == MONTH:
        places = times.astype("datetime64[M]").astype(np.int64) % 12
        words = f"in {MONTH_NAMES[places[0]]}"
        cycle = "month of the year"
        has_cycle = frame.calendar.months < 12
    elif seconds < DAY_SECONDS:
        places = times.astype(np.int64) % DAY_SECONDS
        words = f"at {str(times[0])[11:16]}"
        cycle = "hour of the day"
        has_cycle = DAY_SECONDS % seconds == 0
    else:
        places = (times.astype("datetime64[D]").astype(np.int64) + 3) % 7
        words = f"on a {DAY_NAMES[places[0]]}"
        cycle = "day of the week"
        has_cycle = seconds == DAY_SECONDS
    if has_cycle and len(times) > 1 and np.all(places == places[0]):
        return words, cycle
    return "", ""
