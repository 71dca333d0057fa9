"""A linear layer in closed form: ridge regression on classes, as logits."""

import numpy as np

# An alpha below 1 fits the few rows of small sets; the largest leaves little but the mean.
ALPHAS = np.logspace(0, 5, 16)
MAX_LOG_FACTOR = 6.0


def fit_ridge(
    features: np.ndarray, truth: np.ndarray, weight: np.ndarray, *, least_spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the kernel float32 [width, outputs] and the bias float32 [outputs] of a dense layer.

    Ridge regression on 1 and -1, its alpha chosen by leaving one row out, as in scikit-learn's
    RidgeClassifierCV; then multiplied by the factor whose probabilities suit the left-out answers
    best.

    Args:
        features: float [rows, width].
        truth: 0 or 1, float32 [rows, outputs].
        weight: Of the rows, float32 [rows].
        least_spread: Added to the variance, squared: what spreads less gets no larger a weight,
            which would cost the others their int8 digits.
    """
    from sklearn.linear_model import RidgeCV

    features = features.astype(np.float64)
    mean = features.mean(axis=0)
    spread = np.sqrt(features.var(axis=0) + least_spread**2)
    ridge = RidgeCV(ALPHAS, scoring="neg_mean_squared_error", store_cv_results=True)
    ridge.fit((features - mean) / spread, 2.0 * truth - 1.0, sample_weight=weight)
    chosen = np.flatnonzero(ridge.alphas == ridge.alpha_)[0]
    left_out = ridge.cv_results_[..., chosen].reshape(truth.shape)
    factor = _fit_factor(left_out, truth)
    kernel = factor * np.reshape(ridge.coef_, (truth.shape[1], -1)).T / spread[:, None]
    bias = factor * np.ravel(ridge.intercept_) - mean @ kernel
    return kernel.astype(np.float32), bias.astype(np.float32)


def _fit_factor(answers, truth):
    """Returns what makes logits of answers: that of the least log loss.

    No row is taken to be surer than so many rows can show, by Laplace's rule.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    truth = np.asarray(truth, np.float64)
    if truth.shape[1] == 1:
        truth = np.concatenate([1 - truth, truth], axis=1)
        answers = np.concatenate([np.zeros_like(answers), answers], axis=1)
    never = 1 / (len(truth) + truth.shape[1])
    shares = truth * (1 - truth.shape[1] * never) + never

    def log_loss(log_factor):
        return -np.mean(np.sum(shares * log_softmax(np.exp(log_factor) * answers, axis=1), axis=1))

    bounds = (-MAX_LOG_FACTOR, MAX_LOG_FACTOR)
    return float(np.exp(minimize_scalar(log_loss, bounds=bounds, method="bounded").x))
