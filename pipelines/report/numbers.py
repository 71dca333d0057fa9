"""Scores as text."""

import math


def number(value: float | None, digits: int = 4) -> str:
    """Returns a score for a table; a dash if there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if abs(value) < 100:
        return f"{value:.{digits}f}"
    return f"{value:,.1f}"


def signed(value: float) -> str:
    """Returns a difference of scores, with its sign."""
    if value < 0:
        return f"−{number(-value)}"
    return f"+{number(value)}"
