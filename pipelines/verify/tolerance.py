"""The gate of the deciding metric: no form may lose more of it than the tolerance."""

from ..tasks.metrics import loss_of
from .finite import check_score
from .ladder import Rung

# Of shares of rows: 0.02 of 50 rows is one row, whatever 0.96 - 0.94 is in floating point.
ROUNDING = 1e-9
# Of the labels that a runtime gives, the share that the device runner must give to the same rows.
MIN_RUNNER_AGREEMENT = 0.99
# And by how much its probabilities may differ from the runner's, on average over the rows.
MAX_PROBABILITY_DIFFERENCE = 0.02


def failed_step(rungs: list[Rung], deciding: str, tolerance: float) -> str:
    """Returns "" if every rung keeps the deciding metric within the tolerance of Keras and the
    runtimes agree on the int8 file; else what lost it, in words.

    Raises:
        VerifyError: The rows give no deciding score.
    """
    keras = rungs[0]
    check_score(keras.scores, deciding, "the test rows")
    for place, after in enumerate(rungs[1:], 1):
        reason = _computes_otherwise(after)
        if reason:
            return reason
        if after.num_rows < keras.num_rows:
            continue  # a score of a part of the rows cannot be held against one of all
        lost = loss_of(deciding, keras.scores, after.scores)
        if not lost <= tolerance + ROUNDING:  # NaN too
            before = _last_on_as_many_rows(rungs[:place], after.num_rows)
            step = loss_of(deciding, before.scores, after.scores)
            return (
                f"{before.form} → {after.form} lost {step:.4f} of {deciding} "
                f"({before.scores[deciding]:.4f} → {after.scores[deciding]:.4f}); with the steps "
                f"before it {lost:.4f} against keras, tolerance {tolerance}"
                + _in_rows(deciding, lost, tolerance, after)
            )
    return ""


def _computes_otherwise(rung):
    """Returns how a runtime differs from what else runs the same file, or ""; NaN differs."""
    if rung.int8_steps is not None and rung.int8_steps > rung.most_int8_steps:
        return (
            f"{rung.form} differs from {rung.compared_with} by {rung.int8_steps} int8 "
            f"steps on some row, tolerance {rung.most_int8_steps}: "
            f"{rung.note or 'the runtime computes something else'}"
        )
    agreement = rung.runner_agreement
    if agreement is not None and not agreement >= MIN_RUNNER_AGREEMENT:
        return (
            f"{rung.form} gives the device runner's label to {agreement:.4f} "
            f"of {rung.num_rows} rows, at least {MIN_RUNNER_AGREEMENT} are wanted: it computes "
            "something else"
        )
    difference = rung.probability_difference
    if difference is not None and not difference <= MAX_PROBABILITY_DIFFERENCE:
        return (
            f"{rung.form} gives probabilities that differ from the device runner's by "
            f"{difference:.4f} on average over {rung.num_rows} rows, at "
            f"most {MAX_PROBABILITY_DIFFERENCE} are allowed: it computes something else"
        )
    return ""


def _last_on_as_many_rows(rungs, num_rows):
    for rung in reversed(rungs):
        if rung.num_rows == num_rows:
            return rung
    raise ValueError("no rung answered as many rows")  # the first one, Keras, always does


def _in_rows(deciding, lost, tolerance, rung):
    """Returns a lost share of rows as a count, which four digits may hide."""
    if deciding != "accuracy":
        return ""
    lost_rows = round(lost * rung.num_rows)
    allowed = int(tolerance * rung.num_rows + ROUNDING)
    return f": {lost_rows} of {rung.num_rows} rows, of which {allowed} may be lost"
