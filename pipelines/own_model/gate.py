"""What a form of a user's own model may differ by from what the model itself says."""

import math

import numpy as np

from ..device.answers import Answers
from ..device.signature import Signature
from ..verify.ladder import ROUNDING, Rung, failed_step, some_places

# What int8 may lose: of the labels, of the variance of numbers and of probabilities (R²).
ALLOWED = {"accuracy": 0.02, "r2": 0.05, "probabilities": 0.05}
# A root mean square difference of probabilities that is none, whatever share of their variance it
# is.
SAME_PROBABILITIES = 1e-3
# float32 differs in its last digits from runtime to runtime: units in the last place of the largest
# number.
ROUNDED_ULPS = 64
MOST_FLOAT_CHANGED = 1e-2


def num_rows_wanted(tolerance: float) -> int:
    """How many rows must judge, so that one of them is no more than the tolerance."""
    return math.ceil(1 / tolerance - ROUNDING)


def rounding_of(values: np.ndarray) -> float:
    """By how much float32 may differ between runtimes, in the unit of the values."""
    return float(ROUNDED_ULPS * np.finfo(np.float32).eps * np.abs(values).max())


def changed_too_much(found: np.ndarray, wanted: np.ndarray, most: float) -> str:
    """ "" where float32 outputs [rows, outputs] differ by at most `most` standard deviations of
    those wanted, or by rounding alone; else by how much, in words. An output that does not vary has
    rounding alone.
    """
    difference = float(np.abs(found - wanted).max())
    spread = float(wanted.std())
    if difference <= max(most * spread, rounding_of(wanted)):
        return ""
    return (
        f"{difference:.3g} on some row, where the output varies by {spread:.3g} (standard "
        "deviation)"
    )


def failed_own(signature: Signature, rungs: list[Rung], answers: dict[str, Answers]) -> str:
    """What is wrong, in words, or "": with the float32 file, with the labels, with the numbers, or
    with what the probabilities of a classifier have become.
    """
    keras = answers["keras"]
    float32 = answers["litert_float32"]
    changed = changed_too_much(float32.raw, keras.raw, MOST_FLOAT_CHANGED)
    if changed:
        return (
            f"keras → litert_float32 differs by {changed}: the converter changed the "
            "meaning of a layer"
        )
    if signature.target.labels:
        return failed_step(rungs, "accuracy", ALLOWED["accuracy"]) or _failed_values(
            signature, rungs, answers, what="probabilities"
        )
    # What it says of runtimes that differ holds for numbers; what int8 lost is looked at output by
    # output below.
    return failed_step(rungs, "r2", math.inf) or _failed_values(
        signature, rungs, answers, what="r2"
    )


def _failed_values(signature, rungs, answers, *, what):
    for place, rung in enumerate(rungs[1:], start=1):
        # Where a target compared probabilities itself, their scale is its own: MediaPipe's.
        if not rung.num_rows or rung.probability_difference is not None:
            continue
        wanted = _as_table(
            answers["keras"].take(some_places(rungs[0].num_rows, rung.num_rows)).scores
        )
        found = _as_table(answers[rung.form].scores)
        lost, constant = _lost(found, wanted, signature, what=what)
        if lost > ALLOWED[what] + ROUNDING:
            if what == "r2":
                name = "r2"
            else:
                name = "the probabilities' r2"
            return (
                f"{rungs[place - 1].form} → {rung.form} lost {lost:.4f} of {name} (1 → "
                f"{1 - lost:.4f} against keras, on {rung.num_rows} rows), tolerance "
                f"{ALLOWED[what]}: on average they differ by "
                f"{np.sqrt(np.mean((found - wanted) ** 2)):.3g} where they vary by "
                f"{wanted.std(axis=0).max():.3g}"
            )
        if constant:
            return f"{rungs[place - 1].form} → {rung.form}: {constant}"
    return ""


def _as_table(scores):
    return scores.reshape(len(scores), -1)


def _lost(found, wanted, signature, *, what):
    """(share of the variance that is lost, what is wrong with outputs that do not vary, in words).
    Of numbers the mean over the outputs that vary; of probabilities over all of them together,
    since a rare class hardly varies.
    """
    squares = np.mean((found - wanted) ** 2, axis=0)
    spread = wanted.var(axis=0)
    if what == "probabilities":
        same = np.sqrt(squares.mean()) <= SAME_PROBABILITIES
        return (0.0 if same else float(squares.sum() / max(spread.sum(), 1e-12))), ""
    rounding = ROUNDED_ULPS * np.finfo(np.float32).eps * np.abs(wanted).max(axis=0)
    varies = np.sqrt(spread) > rounding
    if varies.any():
        lost = float(np.mean(squares[varies] / spread[varies]))
    else:
        lost = 0.0
    step = signature.output.step() * abs(signature.target.factor)
    away = np.abs(found - wanted).max(axis=0)
    for place in np.flatnonzero(~varies & (away > step + rounding)):
        return lost, (
            f"the output {place}, which is {wanted[:, place].mean():g} on all rows, differs by "
            f"{away[place]:.3g}, and one step of the output is {step:.3g}"
        )
    return lost, ""
