"""Scores as text, and what they are scores of."""

import math
from collections.abc import Mapping

from ..tasks import TASKS
from ..tasks.metrics import metric_words


def metric_of(report: Mapping, metric: str) -> str:
    """Returns a metric of a report in words: an error with the target whose unit it has.

    Args:
        report: The content of report.json.
        metric: Its name.
    """
    return metric_words(metric, error_of_report(report))


def error_of_report(report: Mapping) -> str:
    """Returns the column whose unit the errors of a report have, or ""."""
    target = report["target"]
    return TASKS[target["task"]].error_of(target["name"])


def name_before_details(what: str) -> str:
    """Returns the name of a model for comparison, without its knobs."""
    name, _, _ = what.partition("(")
    return name.strip()


def number(value: float | None, digits: int = 4) -> str:
    """Returns a score for a table; a dash if there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) < 100:
        return f"{value:.{digits}f}"
    return f"{value:,.1f}"


def size_of(value: float) -> str:
    """Returns the size of a difference of scores, without its sign: 4 digits after the point, from
    1 on 2; of less than .001 two that count, so that no difference is shown as 0.
    """
    size = abs(value)
    if math.isinf(size):
        return "∞"
    if 0 < size < 0.001:
        return f"{size:.2g}"
    if size < 1:
        return number(size)
    return number(size, 2)


def signed(value: float) -> str:
    """Returns a difference of scores, with its sign; 0 has none, whichever 0 it is."""
    size = size_of(value)
    if value < 0:
        return f"−{size}"
    if value > 0:
        return f"+{size}"
    return size


def by_how_much(ahead: float) -> str:
    """Returns by how much something is better, in words that hold for every sign.

    Args:
        ahead: How far it is ahead, positive where it is better, also by a metric of which smaller
            is better.
    """
    if ahead > 0:
        return f"better by {size_of(ahead)}"
    if ahead < 0:
        return f"worse by {size_of(ahead)}"
    return "neither better nor worse"


def lead_within(low: float, high: float) -> str:
    """Returns the interval of how far something is ahead, in words."""
    return f"lead within [{signed(low)}, {signed(high)}]"
