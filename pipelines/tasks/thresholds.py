"""Where the threshold is chosen: what is added to the outputs before the label is taken.

Two classes: minus the threshold in log-odds. More: -strength * log(class share in training), one
number for all classes (post-hoc logit adjustment, Menon et al. 2021,
https://arxiv.org/abs/2007.07314): a threshold a class would be fitted to the few validation rows
that rare classes have. Both are chosen on validation rows only. The threshold of anomalies is of
training rows: no labelled ones are needed, and the validation rows that training stopped by keep
nothing to say. (To the quantiles of a forecast: see `conformal`.)
"""

import numpy as np

from ..device.calibration import positive_or_largest
from .metrics import score_labels

STRENGTHS = np.linspace(-0.5, 1.5, 21)
MAX_CANDIDATES = 512
# Scores on validation rows that differ by less are ties.
TIE = 0.005
# By how much of itself a score may differ from runtime to runtime, which sum float32 in other
# orders.
ROUNDING = 1e-4


def anomaly_threshold(scores: np.ndarray, quantile: float) -> tuple[float, ...]:
    """Returns what to add to the score of a window, so that no more than 1 - `quantile` of training
    rows come to 0 and above.

    The threshold lies above the quantile by as much as runtimes may differ in float32 sums: of
    windows that are all alike none is flagged.

    Args:
        scores: float [rows], of training windows.
        quantile: Of the scores, 0 to 1.
    """
    highest = np.float32(np.quantile(scores, quantile, method="higher"))
    above = max(np.nextafter(highest, np.float32(np.inf)), highest * np.float32(1 + ROUNDING))
    return (-float(above),)


def choose_threshold(
    logits: np.ndarray, y: np.ndarray, *, metric: str, near: tuple[float, ...] | None = None
) -> tuple[float, ...]:
    """Returns the offset of one logit that makes `metric` of validation rows largest.

    Without `near`, the midpoint of the tied thresholds around the best, which moves least when the
    rows change.

    Args:
        logits: float32 [rows, 1], of the second class.
        y: int64 [rows], 0 or 1.
        metric: One of `metrics.LABEL_METRICS`.
        near: The decision of another form: of all that tie with the best the nearest to it is
            taken. A form may decide otherwise only where that pays.
    """
    candidates = _thresholds(logits)
    good, scores = _tied_with_best(candidates, logits, y, metric)
    if near is not None:
        return _nearest(candidates[good], near)
    runs = np.split(good, np.flatnonzero(np.diff(good) > 1) + 1)
    best = next(run for run in runs if scores.argmax() in run)
    return _plain(candidates[best[len(best) // 2]])


def choose_adjustment(
    logits: np.ndarray,
    y: np.ndarray,
    *,
    metric: str,
    class_shares: np.ndarray,
    near: tuple[float, ...] | None = None,
) -> tuple[float, ...]:
    """Returns the offset of each class's logit that makes `metric` of validation rows largest.

    Without `near`, the nearest to no offset of all that tie with the best, so that what a model
    answers is left alone where the rows show no gain (after the one-standard-error rule, Breiman et
    al. 1984).

    Args:
        logits: float32 [rows, classes].
        y: int64 [rows].
        metric: One of `metrics.LABEL_METRICS`.
        class_shares: float [classes], of training rows.
        near: The decision of another form, as in `choose_threshold`.
    """
    logs = np.log(np.maximum(class_shares, 1e-6))
    candidates = np.stack([-strength * logs for strength in STRENGTHS])
    good, _ = _tied_with_best(candidates, logits, y, metric)
    return _nearest(candidates[good], near or (0.0,) * logits.shape[1])


def _tied_with_best(candidates, logits, y, metric):
    """(int64 [tied], the candidates that tie with the best; float64 [candidates], the scores).
    Scores tie within TIE, or within half a standard error where few rows say less than that.
    """
    chosen = (positive_or_largest(logits, tuple(each)) for each in candidates)
    scores = np.array([score_labels(metric, y, each) for each in chosen])
    best = scores.max()
    standard_error = np.sqrt(best * (1 - best) / len(y))
    return np.flatnonzero(scores >= best - max(TIE, standard_error / 2)), scores


def _nearest(candidates, near):
    distance = np.abs(candidates - np.asarray(near)).sum(axis=1)
    return _plain(candidates[distance.argmin()])


def _thresholds(logits):
    """Offsets [candidates, 1] between neighbouring scores: every labelling that a threshold can
    make, at most MAX_CANDIDATES.
    """
    values = np.unique(logits[:, 0].astype(np.float64))
    between = values
    if len(values) > 1:
        between = (values[1:] + values[:-1]) / 2
    if len(between) > MAX_CANDIDATES:
        between = np.quantile(between, np.linspace(0, 1, MAX_CANDIDATES))
    return -between[:, None]


def _plain(offsets):
    return tuple(float(np.float32(each)) for each in offsets)
