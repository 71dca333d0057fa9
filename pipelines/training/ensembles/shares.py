"""How much each member of a stack counts: the shares whose sum of answers has the least loss."""

import numpy as np

from ...rows.parts import TrainSet

PENALTY = 1e-3  # pulls shares to even ones, which members that answer alike would leave open


def added_to_logits(rows: TrainSet, num_outputs: int) -> np.ndarray:
    """Returns what the loss of rows adds to logits, float32 [outputs] (see `shift_logits`)."""
    shift = rows.logit_shift
    if shift is None:
        return np.zeros(num_outputs, np.float32)
    if num_outputs == 1:
        return shift[1:] - shift[:1]
    return shift


def least_loss_shares(
    answers: np.ndarray,
    truth: np.ndarray,
    *,
    weight: np.ndarray,
    kind: str,
    shift: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Returns the share of each member, float64 [members], none below zero.

    Args:
        answers: Logits or standardized values, float32 [rows, members, outputs].
        truth: float32 [rows, outputs]; NaN where it is not known.
        weight: float32 [rows].
        kind: "softmax", "sigmoid" or "values": cross-entropy, or half the squared error.
        shift: What is added to the sum in the loss, float32 [outputs].
    """
    from scipy.optimize import minimize

    num_members = answers.shape[1]
    even = np.full(num_members, 1 / num_members)
    is_known = np.isfinite(truth)
    truth = np.where(
        is_known,
        truth,
        0.0,
    )
    weights = weight[:, None] * is_known
    total = weights.sum() or 1.0

    def value_and_gradient(shares):
        outputs = np.einsum("rmo,m->ro", answers, shares) + shift
        losses, slopes = _LOSSES[kind](outputs, truth)
        away = shares - even
        value = (weights * losses).sum() / total + PENALTY * (away**2).sum()
        gradient = np.einsum("rmo,ro->m", answers, weights * slopes) / total
        return value, gradient + 2 * PENALTY * away

    found = minimize(
        value_and_gradient,
        even,
        jac=True,
        bounds=[(0.0, None)] * num_members,
        method="L-BFGS-B",
    )
    return found.x


def _softmax(outputs, truth):
    top = outputs.max(axis=1, keepdims=True)
    log_sum = top + np.log(np.exp(outputs - top).sum(axis=1, keepdims=True))
    log_shares = outputs - log_sum
    return -truth * log_shares, np.exp(log_shares) * truth.sum(axis=1, keepdims=True) - truth


def _sigmoid(outputs, truth):
    losses = np.logaddexp(0, outputs) - truth * outputs
    return losses, np.exp(-np.logaddexp(0, -outputs)) - truth


def _squares(outputs, truth):
    apart = outputs - truth
    return apart**2 / 2, apart


_LOSSES = {"softmax": _softmax, "sigmoid": _sigmoid, "values": _squares}
