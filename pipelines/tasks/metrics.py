"""Scores of labels and probabilities, by the field's names; scikit-learn does the arithmetic of
what is reported.

Where the same score is taken hundreds of times, for a threshold or an interval, it is counted here:
most of scikit-learn's time is in its checks. `SMALLER_IS_BETTER` states which way is up.
"""

import math
import warnings
from collections.abc import Mapping

import numpy as np

from ..device.target import Target
from ..device.visible import visible

SMALLER_IS_BETTER = frozenset(
    {"log_loss", "brier", "hamming_loss", "mae", "rmse", "mase", "pinball", "cost"}
)
# Of what a loss is counted as a share: in dollars or degrees .01 is much or nothing.
SHARE_METRICS = frozenset({"mae", "rmse", "mase", "pinball", "cost"})
# In the unit of what they are errors of: without its name they are bare numbers.
UNIT_METRICS = frozenset({"mae", "rmse", "pinball"})
_MOST_LETTERS = 40  # of a name from data
RANK_METRICS = ("average_precision", "roc_auc")
LABEL_METRICS = ("balanced_accuracy", "macro_f1", "accuracy", "precision", "recall", "f1")
_ANOMALY_METRICS = (
    "roc_auc",
    "average_precision",
    "f1",
    "precision",
    "recall",
    "balanced_accuracy",
)


def is_smaller_better(metric: str) -> bool:
    """Returns whether the smaller of two values of a metric is the better one."""
    return metric in SMALLER_IS_BETTER


def direction(metric: str) -> int:
    """Returns 1 where the larger of two values of a metric is the better one, else -1."""
    if is_smaller_better(metric):
        return -1
    return 1


def metric_words(metric: str, error_of: str = "") -> str:
    """Returns a metric as a reader sees it: an error with the column whose unit it has.

    Args:
        metric: its name.
        error_of: as a task's `error_of` gives it.
    """
    words = metric.replace("_", " ")
    if metric not in UNIT_METRICS:
        return words
    return words_of_error(words, error_of)


def words_of_error(words: str, error_of: str) -> str:
    """Returns words for an error with the column whose unit it has.

    Args:
        words: such as "mean squared error".
        error_of: as a task's `error_of` gives it.
    """
    if not error_of:
        return words
    name = visible(error_of[:_MOST_LETTERS])
    if len(error_of) > _MOST_LETTERS:
        name = f"{name}…"
    return f"{words} of {name}"


def limits_of(metric: str) -> tuple[float, float]:
    """Returns the least and the largest value that a metric can have."""
    if metric == "cost":  # a gain may be part of it
        return -math.inf, math.inf
    if is_smaller_better(metric):
        return 0.0, math.inf
    if metric == "r2":
        return -math.inf, 1.0
    return 0.0, 1.0


def score_classes(y: np.ndarray, chosen: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Returns every metric of classes.

    Two classes: precision, recall, F1, average precision, ROC-AUC are of the second class. More:
    precision, recall and F1 are macro-averages, average precision and ROC-AUC macro-averages of one
    class against the rest over the classes that `y` has. NaN where a metric does not exist, as
    ROC-AUC with one class in `y`.

    Args:
        y: int [rows].
        chosen: int [rows], the chosen classes.
        scores: float [rows, classes], probabilities.
    """
    num_classes = scores.shape[1]
    with warnings.catch_warnings():
        # A class that y lacks, or that was never chosen, is a fact of small held-out sets and
        # stands as 0 or NaN.
        warnings.simplefilter("ignore", category=metrics_warning())
        warnings.simplefilter("ignore", category=UserWarning)
        return {
            **_score_each_rank(y, scores),
            **_score_chosen(y, chosen, num_classes),
            **_score_probabilities(y, scores),
        }


def _score_each_rank(y, scores):
    """Returns average precision and ROC-AUC, by scikit-learn; arguments as of `score_classes`."""
    from sklearn import metrics

    seen = np.unique(y)
    if len(seen) < 2:
        return {"average_precision": math.nan, "roc_auc": math.nan}
    ranked = seen
    if scores.shape[1] == 2:
        ranked = np.array([1])
    precisions = []
    areas = []
    for label in ranked:
        truth = (y == label).astype(np.float64)
        score = scores[:, label]
        precisions.append(metrics.average_precision_score(truth, score))
        areas.append(metrics.roc_auc_score(truth, score))
    return {
        "average_precision": float(np.mean(precisions)),
        "roc_auc": float(np.mean(areas)),
    }


def _score_chosen(y, chosen, num_classes):
    """Returns the metrics of chosen classes, by scikit-learn; arguments as of `score_classes`."""
    from sklearn import metrics

    if num_classes == 2:
        average, classes = "binary", None
    else:
        average, classes = "macro", np.arange(num_classes)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y, chosen, labels=classes, average=average, zero_division=0
    )
    balanced_accuracy = metrics.balanced_accuracy_score(y, chosen)
    macro_f1 = metrics.f1_score(y, chosen, average="macro", zero_division=0)
    return {
        "balanced_accuracy": float(balanced_accuracy),
        "macro_f1": float(macro_f1),
        "accuracy": float(metrics.accuracy_score(y, chosen)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }


def _score_probabilities(y, scores):
    """Returns log loss and Brier score; arguments as of `score_classes`."""
    from sklearn import metrics

    num_classes = scores.shape[1]
    clipped = np.clip(scores, 1e-7, 1)
    log_loss = metrics.log_loss(y, clipped, labels=np.arange(num_classes))
    onehot = np.eye(num_classes)[y]
    squares = (scores - onehot) ** 2
    brier = np.mean(np.sum(squares, axis=1))
    if num_classes == 2:
        brier = brier / 2
    return {"log_loss": float(log_loss), "brier": float(brier)}


def metrics_warning() -> type[Warning]:
    """Returns scikit-learn's warning that a metric is not defined on the rows at hand."""
    from sklearn.exceptions import UndefinedMetricWarning

    return UndefinedMetricWarning


def score_labels(metric: str, y: np.ndarray, chosen: np.ndarray) -> float:
    """Returns one metric of chosen classes, counted.

    Args:
        metric: one of LABEL_METRICS.
        y: int [rows].
        chosen: int [rows].
    """
    num_classes = max(y.max(), chosen.max(), 1) + 1
    cells = np.bincount(y * num_classes + chosen, minlength=num_classes**2)
    counts = cells.reshape(num_classes, num_classes)
    hits = counts.diagonal()
    true = counts.sum(axis=1)
    given = counts.sum(axis=0)
    if metric == "accuracy":
        return float(hits.sum() / len(y))
    if metric == "balanced_accuracy":
        seen = true > 0
        return float(np.mean(hits[seen] / true[seen]))
    if metric == "precision":
        above, below = hits, given
    elif metric == "recall":
        above, below = hits, true
    else:
        above, below = 2 * hits, true + given
    each = above / np.maximum(below, 1)  # 0 of 0 is 0
    if metric != "macro_f1" and num_classes == 2:
        return float(each[1])
    seen = true + given > 0
    return float(np.mean(each[seen]))


def score_ranks(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Returns average precision and ROC-AUC as `score_classes` does, from one sort a class.

    Args:
        y: int [rows].
        scores: float [rows, classes].
    """
    if y.min() == y.max():
        return {"average_precision": math.nan, "roc_auc": math.nan}
    classes = np.unique(y)
    if scores.shape[1] == 2:
        classes = np.array([1])
    found = [ranks_of_class(y == each, scores[:, each]) for each in classes]
    average_precision, roc_auc = np.mean(found, axis=0)
    return {"average_precision": float(average_precision), "roc_auc": float(roc_auc)}


def ranks_of_class(truth: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Returns the average precision and ROC-AUC of one class or label, NaN where they
    do not exist.

    Args:
        truth: bool [rows].
        scores: float64 [rows]; rows of one score are taken together.
    """
    if not truth.any():
        return math.nan, math.nan
    order = np.argsort(-scores)
    is_last = np.append(np.diff(scores[order]) != 0, True)
    ends = np.flatnonzero(is_last)
    hits = np.cumsum(truth[order])[ends]
    misses = ends + 1 - hits
    new_hits = np.diff(hits, prepend=0)
    new_misses = np.diff(misses, prepend=0)
    precisions = hits / (ends + 1)
    average_precision = np.sum(new_hits * precisions) / hits[-1]
    if not misses[-1]:
        return float(average_precision), math.nan
    hits_above = hits - new_hits / 2
    num_pairs = hits[-1] * misses[-1]
    roc_auc = np.sum(new_misses * hits_above) / num_pairs
    return float(average_precision), float(roc_auc)


def score_values(y: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """Returns MAE and RMSE in the target's unit, and R², of float [rows] each."""
    from sklearn import metrics

    r2 = math.nan
    if len(y) > 1:
        r2 = metrics.r2_score(y, values)
    mae = metrics.mean_absolute_error(y, values)
    mse = metrics.mean_squared_error(y, values)
    return {"mae": float(mae), "rmse": float(np.sqrt(mse)), "r2": float(r2)}


def score_anomalies(y: np.ndarray, flagged: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Returns every metric of anomalies.

    `mae` is the mean score of windows that are not labelled as anomalies, and `flagged` the share
    of them that is flagged. The others are of the rows with a known label; NaN where these are not
    of both kinds.

    Args:
        y: float [rows], 1 of an anomaly, NaN where unknown.
        flagged: bool [rows].
        scores: float [rows].
    """
    calm = y != 1
    known = ~np.isnan(y)
    truth = y[known] == 1
    mae = share_flagged = math.nan
    if calm.any():
        mae = float(scores[calm].mean())
        share_flagged = float(flagged[calm].mean())
    if truth.any() and not truth.all():
        found = _score_known_anomalies(truth, flagged[known], scores[known])
    else:
        found = dict.fromkeys(_ANOMALY_METRICS, math.nan)
    return {"mae": mae, **found, "flagged": share_flagged}


def _score_known_anomalies(truth, flagged, scores):
    """Returns the metrics of rows with a known label: bool, bool and float [rows]."""
    from sklearn import metrics

    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truth, flagged, average="binary", zero_division=0
    )
    found = (
        metrics.roc_auc_score(truth, scores),
        metrics.average_precision_score(truth, scores),
        f1,
        precision,
        recall,
        metrics.balanced_accuracy_score(truth, flagged),
    )
    return dict(zip(_ANOMALY_METRICS, map(float, found), strict=True))


def loss_of(metric: str, before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Returns how much worse `after` is than `before`, ≥ 0 where it is worse. Metrics with
    a unit, and MASE, which is one of them over a constant, count as a share of `before`.
    """
    if metric in SMALLER_IS_BETTER:
        change = after[metric] - before[metric]
    else:
        change = before[metric] - after[metric]
    if metric in SHARE_METRICS and before[metric] > 0:
        return change / before[metric]
    return change


def score_forecasts(
    y: np.ndarray, values: np.ndarray, quantiles: np.ndarray | None, target: Target
) -> dict[str, float]:
    """Returns MASE (NaN where its scale is 0), MAE and RMSE in the target's unit; of quantiles the
    mean pinball loss, and the share of targets between the outer two, "coverage".

    Args:
        y: float [rows, horizon], NaN where unknown.
        values: float [rows, horizon].
        quantiles: float [rows, horizon, levels], or None.
        target: states the scale of MASE and the levels of the quantiles.
    """
    known = ~np.isnan(y)
    errors = np.abs(values - y)[known]
    mae = rmse = mase = pinball = coverage = math.nan
    if len(errors):
        mae = float(errors.mean())
        rmse = float(np.sqrt(np.mean(errors**2)))
    if target.mase_scale:
        mase = mae / target.mase_scale
    if quantiles is not None and len(errors):
        short = y[known][:, None] - quantiles[known]
        levels = np.asarray(target.quantiles)
        losses = np.maximum(levels * short, (levels - 1) * short)
        pinball = float(losses.mean())
        if len(levels) > 1:
            inside = (short[:, 0] >= 0) & (short[:, -1] <= 0)
            coverage = float(inside.mean())
    return {
        "mase": mase,
        "mae": mae,
        "rmse": rmse,
        "pinball": pinball,
        "coverage": coverage,
    }


def error_by_step(y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns the mean absolute error of each step ahead, float64 [horizon]; NaN where no target of
    it is known.

    Args:
        y: float [rows, horizon], NaN where unknown.
        values: float [rows, horizon].
    """
    known = ~np.isnan(y)
    errors = np.abs(values - np.where(known, y, 0))
    total = np.where(known, errors, 0).sum(axis=0)
    counts = known.sum(axis=0)
    means = total / np.maximum(counts, 1)
    return np.where(known.any(axis=0), means, np.nan)
