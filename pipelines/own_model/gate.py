"""What a form of a user's own model may differ by from what the model itself answers."""

import math
from itertools import pairwise

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
_ROUNDING = ROUNDED_ULPS * np.finfo(np.float32).eps


def num_rows_wanted(tolerance: float) -> int:
    """Returns how many rows must judge, so that one of them is no more than the tolerance."""
    return math.ceil(1 / tolerance - ROUNDING)


def rounding_of(values: np.ndarray) -> float:
    """Returns by how much float32 may differ between runtimes, in the unit of the values."""
    largest = np.abs(values).max()
    return float(_ROUNDING * largest)


def changed_too_much(found: np.ndarray, wanted: np.ndarray, most: float) -> str:
    """Compares float32 outputs [rows, outputs] with those that are wanted.

    An output that does not vary may differ by rounding alone.

    Args:
        found: the outputs of a form.
        wanted: the outputs that they should be.
        most: how many standard deviations of `wanted` they may differ by.

    Returns:
        "", or by how much they differ, in words.
    """
    difference = float(np.abs(found - wanted).max())
    spread = float(wanted.std())
    allowed = max(most * spread, rounding_of(wanted))
    if difference <= allowed:
        return ""
    return (
        f"{difference:.3g} on some row, where the output varies by {spread:.3g} (standard "
        "deviation)"
    )


def failed_own(signature: Signature, rungs: list[Rung], answers: dict[str, Answers]) -> str:
    """Judges the forms of a user's own model.

    Args:
        signature: of the model.
        rungs: one a form, Keras first.
        answers: form → Answers.

    Returns:
        "", or what is wrong, in words: with the float32 file, with the labels, with the numbers,
        or with what the probabilities of a classifier have become.
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
        what = "probabilities"
        failed = failed_step(rungs, "accuracy", ALLOWED["accuracy"])
    else:
        what = "r2"
        # What it reports of runtimes that differ holds for numbers; what int8 lost is looked at
        # output by output below.
        failed = failed_step(rungs, "r2", math.inf)
    if failed:
        return failed
    return _failed_values(signature, rungs, answers, what=what)


def _failed_values(signature, rungs, answers, *, what):
    """Returns "", or in words what the first form lost that lost too much."""
    keras = answers["keras"]
    for before, rung in pairwise(rungs):
        # Where a target compared probabilities itself, their scale is its own: MediaPipe's.
        if not rung.num_rows or rung.probability_difference is not None:
            continue
        places = some_places(rungs[0].num_rows, rung.num_rows)
        wanted = _as_table(keras.take(places).scores)
        found = _as_table(answers[rung.form].scores)
        step = f"{before.form} → {rung.form}"
        lost, constant = _lost(found, wanted, signature, what=what)
        if lost > ALLOWED[what] + ROUNDING:
            loss = _loss_in_words(found, wanted, lost, what=what)
            return f"{step} lost {loss}"
        if constant:
            return f"{step}: {constant}"
    return ""


def _loss_in_words(found, wanted, lost, *, what):
    name = "the probabilities' r2"
    if what == "r2":
        name = "r2"
    difference = np.sqrt(np.mean((found - wanted) ** 2))
    spread = wanted.std(axis=0).max()
    return (
        f"{lost:.4f} of {name} (1 → "
        f"{1 - lost:.4f} against keras, on {len(wanted)} rows), tolerance "
        f"{ALLOWED[what]}: on average they differ by "
        f"{difference:.3g} where they vary by "
        f"{spread:.3g}"
    )


def _as_table(scores):
    return scores.reshape(len(scores), -1)


def _lost(found, wanted, signature, *, what):
    """Returns the share of the variance that is lost, and what is wrong with outputs that do not
    vary, in words.

    Of numbers it is the mean over the outputs that vary; of probabilities over all of them
    together, since a rare class hardly varies.
    """
    squares = np.mean((found - wanted) ** 2, axis=0)
    spread = wanted.var(axis=0)
    if what == "probabilities":
        return _lost_of_probabilities(squares, spread), ""
    rounding = _ROUNDING * np.abs(wanted).max(axis=0)
    varies = np.sqrt(spread) > rounding
    lost = 0.0
    if varies.any():
        shares = squares[varies] / spread[varies]
        lost = float(np.mean(shares))
    step = signature.output.step() * abs(signature.target.factor)
    difference = np.abs(found - wanted).max(axis=0)
    wrong = ~varies & (difference > step + rounding)
    if not wrong.any():
        return lost, ""
    place = np.flatnonzero(wrong)[0]
    constant = wanted[:, place].mean()
    return lost, (
        f"the output {place}, which is {constant:g} on all rows, differs by "
        f"{difference[place]:.3g}, and one step of the output is {step:.3g}"
    )


def _lost_of_probabilities(squares, spread):
    """Returns the share of the variance of all probabilities together that is lost."""
    if np.sqrt(squares.mean()) <= SAME_PROBABILITIES:
        return 0.0
    variance = max(spread.sum(), 1e-12)
    return float(squares.sum() / variance)
