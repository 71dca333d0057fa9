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


def signed(value: float) -> str:
    """Returns a difference of scores, with its sign; from 1 on with two digits after the point."""
    digits = 4
    if abs(value) >= 1:
        digits = 2
    if value < 0:
        return f"−{number(-value, digits)}"
    return f"+{number(value, digits)}"
