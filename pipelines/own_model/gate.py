"""What a form of a user's own model may differ by from what the model itself answers."""

import math
from itertools import pairwise

import numpy as np

from ..device.answers import Answers
from ..device.signature import Signature
from ..verify.ladder import Rung, some_places
from ..verify.tolerance import ROUNDING, failed_step

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
        found: The outputs of a form.
        wanted: The outputs that they should be.
        most: How many standard deviations of `wanted` they may differ by.

    Returns:
        "", or by how much they differ, in words.
    """
    found = found.astype(np.float64)  # squares of large float32 are infinite
    wanted = wanted.astype(np.float64)
    differences = np.abs(found - wanted)
    difference = float(differences.max())
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
        signature: Of the model.
        rungs: One a form, Keras first.
        answers: Answers by form.

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
        failed = failed_step(rungs, "accuracy", ALLOWED["accuracy"])
    else:
        # What it reports of runtimes that differ holds for numbers; what int8 lost is looked at
        # output by output below.
        failed = failed_step(rungs, "r2", math.inf)
    if failed:
        return failed
    return _failed_values(signature, rungs, answers)


def _failed_values(signature, rungs, answers):
    """Returns "", or in words what the first form lost that lost too much."""
    keras = answers["keras"]
    num_rows = rungs[0].num_rows
    for before, rung in pairwise(rungs):
        # Where a target compared probabilities itself, their scale is its own: MediaPipe's.
        if not rung.num_rows or rung.probability_difference is not None:
            continue
        places = some_places(num_rows, rung.num_rows)
        wanted = _as_table(keras.take(places).scores)
        found = _as_table(answers[rung.form].scores)
        if signature.target.labels:
            failed = _failed_probabilities(found, wanted)
        else:
            failed = _failed_numbers(found, wanted, signature)
        if failed:
            return f"{before.form} → {rung.form}{failed}"
    return ""


def _as_table(scores):
    """Returns float64 [rows, outputs]: squares of large float32 are infinite."""
    num_rows = len(scores)
    return scores.reshape(num_rows, -1).astype(np.float64)


def _failed_probabilities(found, wanted):
    """Returns "", or in words that probabilities lost too much of their variance.

    It is that of all of them together, since a rare class hardly varies.
    """
    squares = _mean_squares(found, wanted)
    if np.sqrt(squares.mean()) <= SAME_PROBABILITIES:
        return ""
    variances = wanted.var(axis=0)
    variance = max(variances.sum(), 1e-12)
    lost = float(squares.sum() / variance)
    return _loss_in_words(found, wanted, lost, "probabilities")


def _failed_numbers(found, wanted, signature):
    """Returns "", or in words that numbers lost too much of their variance.

    It is the mean over the outputs that vary; one that does not vary may differ by a step.
    """
    squares = _mean_squares(found, wanted)
    variance = wanted.var(axis=0)
    largest = np.abs(wanted).max(axis=0)
    rounding = _ROUNDING * largest
    varies = np.sqrt(variance) > rounding
    lost = 0.0
    if varies.any():
        shares = squares[varies] / variance[varies]
        lost = float(np.mean(shares))
    loss = _loss_in_words(found, wanted, lost, "r2")
    if loss:
        return loss
    step = signature.output.step() * abs(signature.target.factor)
    allowed = step + rounding
    for output in np.flatnonzero(~varies).tolist():
        differences = np.abs(found[:, output] - wanted[:, output])
        difference = differences.max()
        if not difference <= allowed[output]:  # NaN too
            constant = wanted[:, output].mean()
            return (
                f": the output {output}, which is {constant:g} on all rows, differs by "
                f"{difference:.3g}, and one step of the output is {step:.3g}"
            )
    return ""


def _mean_squares(found, wanted):
    """Returns the mean square difference of each output."""
    squares = (found - wanted) ** 2
    return squares.mean(axis=0)


def _loss_in_words(found, wanted, lost, what):
    """Returns "", or a share of the variance that is lost and too much, in words."""
    tolerance = ALLOWED[what]
    if lost <= tolerance + ROUNDING:
        return ""
    name = "r2"
    if what == "probabilities":
        name = "the probabilities' r2"
    kept = 1 - lost
    num_rows = len(wanted)
    squares = (found - wanted) ** 2
    difference = np.sqrt(squares.mean())
    spread = wanted.std(axis=0).max()
    return (
        f" lost {lost:.4f} of {name} (1 → {kept:.4f} against keras, on {num_rows} rows), "
        f"tolerance {tolerance}: on average they differ by {difference:.3g} where they vary by "
        f"{spread:.3g}"
    )
