"""Logits of classes → calibrated probabilities, fitted on validation rows
(Guo et al. 2017, https://arxiv.org/abs/1706.04599). Labels do not change by it: the decision is
about logits.
"""

import numpy as np

from ..device.calibration import Calibration, probabilities
from ..errors import RecipeError

CALIBRATIONS = ("none", "temperature", "platt", "isotonic")
MAX_LOG_FACTOR = 4.0
MAX_OFFSET = 20.0


def fit_calibration(logits: np.ndarray, y: np.ndarray, *, how: str) -> Calibration:
    """The Calibration of logits float32 [rows, outputs] for classes y int [rows].

    "temperature": logits times one number, that of the least log loss. "platt": and plus another
    one (Platt 1999), of two classes. "isotonic": a table that rises (Zadrozny and Elkan 2002,
    https://doi.org/10.1145/775047.775151), of two classes. Raises RecipeError where there are more.
    """
    if how == "none":
        return Calibration()
    if logits.shape[1] > 1 and how != "temperature":
        raise RecipeError(
            f"shipping.probabilities={how!r} with {logits.shape[1]} classes",
            expected="two classes, or temperature",
            fix="--set shipping.probabilities=temperature",
        )
    if how == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        never = 1 / (
            len(y) + 2
        )  # of so many rows none at an end means no more than that (Laplace's rule)
        fitted = IsotonicRegression(
            y_min=never,
            y_max=1 - never,
            out_of_bounds="clip",
        ).fit(logits[:, 0].astype(np.float64), y)
        return Calibration(
            logits=_plain(fitted.X_thresholds_),
            shares=_plain(fitted.y_thresholds_),
        )
    from scipy.optimize import minimize

    def log_loss(parameters):
        said = probabilities(logits, Calibration(np.exp(parameters[0]), *parameters[1:]))
        return -np.log(np.maximum(said[np.arange(len(y)), y], 1e-12)).mean()

    bounds = [(-MAX_LOG_FACTOR, MAX_LOG_FACTOR), (-MAX_OFFSET, MAX_OFFSET)]
    if how == "platt":
        size = 2
    else:
        size = 1
    log_factor, *offset = minimize(
        log_loss, np.zeros(size), bounds=bounds[:size], method="L-BFGS-B"
    ).x
    return Calibration(*_plain((np.exp(log_factor), *offset)))


def _plain(values):
    return tuple(float(np.float32(each)) for each in values)
