"""The pace of steps in time, and what its finders share."""

from dataclasses import dataclass

from ..device.calendar import (
    DAY_SECONDS,
    Calendar,
)

MOST, NEARLY_ALL = 0.5, 0.9  # shares of distances or of stamps
WEEK_SECONDS = 7 * DAY_SECONDS
MONDAY = 4 * DAY_SECONDS  # the first one after 1970-01-01
STEP_WORDS = "5min, 1h, 1D, weekday, week, month, quarter, year"


@dataclass(frozen=True)
class Pace:
    """The steps of a source: `step_seconds` (of months and weekdays a mean), where they lie, and a
    note for the printed schema where stamps were moved, else "".
    """

    step_seconds: int
    calendar: Calendar
    note: str = ""
