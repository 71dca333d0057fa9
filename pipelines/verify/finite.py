"""Refusals of outputs and scores that are no numbers.

NaN compares as False, so that a gate that asks whether a number is too large lets it pass.
"""

import math
from collections.abc import Mapping

import numpy as np

from ..errors import PipelineError, TrainError, VerifyError

_LOWER_RATE = "lower training.optimizer.learning_rate, or scale the inputs"


def check_trained(outputs: np.ndarray, rows: str) -> None:
    """Checks the outputs [rows, ...] of a network after its training.

    The loss of an epoch can be finite where the last update of its weights was not.

    Args:
        outputs: Of the network.
        rows: Which rows they answer, in words.

    Raises:
        TrainError: One is NaN or infinite.
    """
    _check(outputs, f"the trained network answers {rows}", TrainError, fix=_LOWER_RATE)


def check_form(outputs: np.ndarray, form: str) -> None:
    """Checks the outputs [rows, ...] of a form on its runtime.

    Raises:
        VerifyError: One is NaN or infinite.
    """
    _check(
        outputs,
        f"{form} answers held-out rows",
        VerifyError,
        fix="look for a layer whose values leave the range of its numbers, or leave this runtime "
        "out of the targets",
    )


def _check(outputs, what, error: type[PipelineError], *, fix):
    by_row = np.isfinite(outputs).reshape(len(outputs), -1)
    is_invalid = ~by_row.all(axis=1)
    num_invalid = int(is_invalid.sum())
    if num_invalid:
        raise error(
            f"{what} with NaN or infinity: {num_invalid:,} of {len(outputs):,}",
            expected="numbers",
            fix=fix,
        )


def check_score(scores: Mapping[str, float], deciding: str, rows: str) -> float:
    """Returns the deciding score, of outputs that are numbers.

    Args:
        scores: Metric → value.
        deciding: The metric that decides.
        rows: Which rows they are of, in words.

    Raises:
        VerifyError: These rows give no such score, so that nothing could be decided by it.
    """
    score = scores[deciding]
    if math.isfinite(score):
        return score
    raise VerifyError(
        f"{deciding} of {rows} is {score}",
        expected="rows that have such a score: of labels both kinds, of numbers more than one "
        "value",
        fix="more rows in that part of the split, or another metric: --set judge.deciding=...",
    )
