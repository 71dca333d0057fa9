"""Intervals of real numbers that hold the true one as often as was asked for: split conformal
prediction by absolute residuals (Lei et al. 2018, https://arxiv.org/abs/1604.04173, algorithm 2).
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..device.signature import Signature
from .c_answer import CCall
from .c_text import literal
from .class_sets import COVERAGE, smallest_covering

WIDTH = "interval_width"


def with_margin(
    signature: Signature, values: np.ndarray, y: np.ndarray, *, coverage: float, form: str
) -> Signature:
    """Returns the signature with intervals of one form.

    Args:
        signature: Of the model.
        values: float64 [rows], what the form answers to rows that nothing was learned from.
        y: float [rows], the true values.
        coverage: The share of rows whose interval shall hold the true value.
        form: "int8" or "float32".
    """
    apart = np.abs(values - y)
    distance = smallest_covering(apart, coverage)
    margin = np.float32(distance)
    if margin < distance:  # rounded up, so that the row that it is the distance of stays inside
        margin = np.nextafter(margin, np.float32(np.inf))
    return replace(signature, margins={**signature.margins, form: float(margin)})


def margin_scores(y: np.ndarray, bounds: np.ndarray) -> dict[str, float]:
    """Returns the share of values inside their interval, and the mean width of intervals.

    Args:
        y: float [rows].
        bounds: float64 [rows, 2].
    """
    inside = (y >= bounds[:, 0]) & (y <= bounds[:, 1])
    width = bounds[:, 1] - bounds[:, 0]
    return {COVERAGE: float(inside.mean()), WIDTH: float(width.mean())}


def margin_words(report: Mapping) -> str:
    """Returns a sentence on intervals, "" where there are none.

    Args:
        report: The content of report.json.
    """
    scores = report["scores"].get("litert_int8", {})
    if COVERAGE not in scores:
        return ""
    asked = report["judge"]["coverage"]
    return (
        f" Intervals are made to hold the true value of {asked:.0%} of rows; of the test rows they "
        f"hold {scores[COVERAGE]:.1%} (int8), {scores[WIDTH]:.4g} wide."
    )


def c_margin_declaration(signature: Signature) -> str:
    """Returns the lines of signature.h that declare the interval; "" if there is none."""
    if "int8" not in signature.margins:
        return ""
    return (
        "\n/* Between which values the true one is, in the target's unit. */\n"
        "void signature_interval(const int8_t *output, float bounds[2]);\n"
    )


def c_margin_definition(signature: Signature) -> str:
    """Returns the function of `c_margin_declaration`."""
    if "int8" not in signature.margins:
        return ""
    margin = literal(signature.margins["int8"])
    return (
        "\nvoid signature_interval(const int8_t *output, float bounds[2]) {\n"
        "  const float value = signature_value(output);\n"
        f"  bounds[0] = value - {margin};\n  bounds[1] = value + {margin};\n}}\n"
    )


def c_bounds(
    library: ctypes.CDLL, signature: Signature, calls: Sequence[CCall]
) -> np.ndarray | None:
    """Returns the intervals that compiled C gives, float64 [rows, 2]; None if there are none."""
    if "int8" not in signature.margins:
        return None
    found = np.empty((len(calls), 2), np.float32)
    for (output, _), row in zip(calls, found, strict=True):
        library.signature_interval(output, row.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
    return found.astype(np.float64)
