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
from ..errors import TrainError
from .costs import Saving
from .metrics import score_labels

STRENGTHS = np.linspace(-0.5, 1.5, 21)
MAX_CANDIDATES = 512
# Scores on validation rows that differ by less are ties.
TIE = 0.005
# By how much of itself a score may differ from runtime to runtime, which sum float32 in other
# orders.
ROUNDING = 1e-4
# By `judge.threshold`, what the threshold of each label is chosen for; the macro-average of F1 is
# largest where the F1 of each label is.
_OF_ONE_LABEL = {"macro_f1": "f1"}


def anomaly_threshold(scores: np.ndarray, quantile: float) -> tuple[float, ...]:
    """Returns what to add to the score of a window, so that no more than 1 - `quantile` of training
    rows come to 0 and above.

    The threshold lies above the quantile by as much as runtimes may differ in float32 sums: of
    windows that are all alike none is flagged.

    Args:
        scores: float [rows], of training windows.
        quantile: Of the scores, 0 to 1.

    Raises:
        TrainError: A score is NaN, or no threshold lies above the quantile: no window would ever
            be flagged.
    """
    highest = np.float32(np.quantile(scores, quantile, method="higher"))
    next_number = np.nextafter(highest, np.float32(np.inf))
    rounded_up = highest * np.float32(1 + ROUNDING)
    above = max(next_number, rounded_up)
    if not np.isfinite(above):
        raise TrainError(
            f"the {quantile:g} quantile of the scores of {len(scores)} training windows is "
            f"{highest}",
            expected="numbers, so that a threshold can lie above them",
            fix="scale the inputs, or lower training.optimizer.learning_rate",
        )
    return (-float(above),)


def choose_threshold(
    logits: np.ndarray,
    y: np.ndarray,
    *,
    metric: str | Saving,
    near: tuple[float, ...] | None = None,
) -> tuple[float, ...]:
    """Returns the offset of one logit that makes `metric` of validation rows largest.

    Without `near`, the midpoint of the tied thresholds around the best, which moves least when the
    rows change.

    Args:
        logits: float32 [rows, 1], of the second class.
        y: int64 [rows], 0 or 1.
        metric: One of `metrics.LABEL_METRICS`, or what costs save.
        near: The decision of another form: of all that tie with the best the nearest to it is
            taken. A form may decide otherwise only where that pays.
    """
    candidates = _thresholds(logits)
    good, scores = _tied_with_best(candidates, logits, y, metric)
    if near is not None:
        return _nearest(candidates[good], near)
    gaps = np.flatnonzero(np.diff(good) > 1)
    best_place = scores.argmax()
    for run in np.split(good, gaps + 1):
        if best_place in run:
            break
    middle = run[len(run) // 2]
    return _plain(candidates[middle])


def choose_label_thresholds(
    logits: np.ndarray, y: np.ndarray, *, metric: str, near: tuple[float, ...] | None
) -> tuple[float, ...]:
    """Returns the offset of each label's logit, chosen as that of two classes is.

    A label that all rows have, or none, keeps what `near` has, or no offset: such rows say nothing
    about a threshold.

    Args:
        logits: float32 [rows, labels], of validation rows.
        y: int64 [rows, labels].
        metric: `judge.threshold`.
        near: The offsets of another form, as in `choose_threshold`.
    """
    offsets = list(near or (0.0,) * logits.shape[1])
    metric = _OF_ONE_LABEL.get(metric, metric)
    for label in range(logits.shape[1]):
        truth = y[:, label]
        if truth.min() == truth.max():
            continue
        own = None
        if near is not None:
            own = (near[label],)
        column = logits[:, label : label + 1]
        (offsets[label],) = choose_threshold(column, truth, metric=metric, near=own)
    return tuple(offsets)


def choose_adjustment(
    logits: np.ndarray,
    y: np.ndarray,
    *,
    metric: str | Saving,
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
        metric: One of `metrics.LABEL_METRICS`, or what costs save: then logits are moved by the
            logarithm of what the mistakes of each class cost, too.
        class_shares: float [classes], of training rows.
        near: The decision of another form, as in `choose_threshold`.
    """
    logs = np.log(np.maximum(class_shares, 1e-6))
    adjustments = [-strength * logs for strength in STRENGTHS]
    if isinstance(metric, Saving):
        of_costs = np.log(metric.class_weights())
        of_costs = of_costs - of_costs.mean()
        adjustments += [strength * of_costs for strength in STRENGTHS]
    candidates = np.stack(adjustments)
    good, _ = _tied_with_best(candidates, logits, y, metric)
    if not near:
        near = (0.0,) * logits.shape[1]
    return _nearest(candidates[good], near)


def _tied_with_best(candidates, logits, y, metric):
    """Returns the candidates that tie with the best, int64 [tied], and the scores of all, float64
    [candidates].

    Scores tie within TIE, or within half a standard error where few rows leave more open than that.
    """
    each_score = []
    for offsets in candidates:
        chosen = positive_or_largest(logits, tuple(offsets))
        if isinstance(metric, Saving):
            each_score.append(metric(y, chosen))
        else:
            each_score.append(score_labels(metric, y, chosen))
    scores = np.array(each_score)
    best = scores.max()
    variance = best * (1 - best) / len(y)
    half_error = np.sqrt(variance) / 2
    lowest = best - max(TIE, half_error)
    return np.flatnonzero(scores >= lowest), scores


def _nearest(candidates, near):
    differences = np.abs(candidates - np.asarray(near))
    distance = differences.sum(axis=1)
    nearest = distance.argmin()
    return _plain(candidates[nearest])


def _thresholds(logits):
    """Returns offsets [candidates, 1] between neighbouring scores: every labelling that a threshold
    can make, at most MAX_CANDIDATES.
    """
    values = np.unique(logits[:, 0].astype(np.float64))
    between = values
    if len(values) > 1:
        between = (values[1:] + values[:-1]) / 2
    if len(between) > MAX_CANDIDATES:
        shares = np.linspace(0, 1, MAX_CANDIDATES)
        between = np.quantile(between, shares)
    return -between[:, None]


def _plain(offsets):
    return tuple(float(np.float32(each)) for each in offsets)
