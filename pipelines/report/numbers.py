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
    """Returns a difference of scores, with its sign; from 1 on with two digits after the point."""
    digits = 4
    if abs(value) >= 1:
        digits = 2
    if value < 0:
        return f"−{number(-value, digits)}"
    return f"+{number(value, digits)}"
