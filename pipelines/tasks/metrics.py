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

SMALLER_IS_BETTER = frozenset(
    {"log_loss", "brier", "hamming_loss", "mae", "rmse", "mase", "pinball"}
)
RANK_METRICS = ("average_precision", "roc_auc")
LABEL_METRICS = ("balanced_accuracy", "macro_f1", "accuracy", "precision", "recall", "f1")


def is_smaller_better(metric: str) -> bool:
    """Returns whether the smaller of two values of a metric is the better one."""
    return metric in SMALLER_IS_BETTER


def score_classes(y: np.ndarray, chosen: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Every metric of classes, of y int [rows], chosen classes int [rows] and probabilities float
    [rows, classes].

    Two classes: precision, recall, F1, average precision, ROC-AUC are of the second class. More:
    precision, recall and F1 are macro-averages, average precision and ROC-AUC macro-averages of one
    class against the rest over the classes that `y` has. NaN where a metric does not exist, as
    ROC-AUC with one class in `y`.
    """
    from sklearn import metrics

    classes = np.arange(scores.shape[1])
    if len(classes) == 2:
        average = "binary"
    else:
        average = "macro"
    onehot = np.eye(len(classes))[y]
    seen = np.unique(y)
    with warnings.catch_warnings():
        # A class that y lacks, or that was never chosen, is a fact of small held-out sets and
        # stands as 0 or NaN.
        warnings.simplefilter("ignore", category=metrics_warning())
        warnings.simplefilter("ignore", category=UserWarning)
        if average == "binary":
            ranked = [1]
        else:
            ranked = [int(each) for each in classes if each in seen]
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            y,
            chosen,
            labels=None if average == "binary" else classes,
            average=average,
            zero_division=0,
        )
        one_class = len(seen) < 2
        return {
            "average_precision": float("nan")
            if one_class
            else float(
                np.mean(
                    [
                        metrics.average_precision_score(onehot[:, each], scores[:, each])
                        for each in ranked
                    ]
                )
            ),
            "roc_auc": float("nan")
            if one_class
            else float(
                np.mean(
                    [metrics.roc_auc_score(onehot[:, each], scores[:, each]) for each in ranked]
                )
            ),
            "balanced_accuracy": float(metrics.balanced_accuracy_score(y, chosen)),
            "macro_f1": float(metrics.f1_score(y, chosen, average="macro", zero_division=0)),
            "accuracy": float(metrics.accuracy_score(y, chosen)),
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "log_loss": float(metrics.log_loss(y, np.clip(scores, 1e-7, 1), labels=classes)),
            "brier": float(
                np.mean(np.sum((scores - onehot) ** 2, axis=1)) / (2 if average == "binary" else 1)
            ),
        }


def metrics_warning() -> type[Warning]:
    """scikit-learn's warning that a metric is not defined on the rows at hand."""
    from sklearn.exceptions import UndefinedMetricWarning

    return UndefinedMetricWarning


def score_labels(metric: str, y: np.ndarray, chosen: np.ndarray) -> float:
    """One of LABEL_METRICS of y and chosen classes int [rows], counted."""
    num_classes = max(y.max(), chosen.max(), 1) + 1
    counts = np.bincount(y * num_classes + chosen, minlength=num_classes**2).reshape(
        num_classes, num_classes
    )
    hits = counts.diagonal()
    true = counts.sum(axis=1)
    said = counts.sum(axis=0)
    if metric == "accuracy":
        return float(hits.sum() / len(y))
    if metric == "balanced_accuracy":
        return float(np.mean(hits[true > 0] / true[true > 0]))
    above, below = {"precision": (hits, said), "recall": (hits, true)}.get(
        metric, (2 * hits, true + said)
    )
    each = above / np.maximum(below, 1)  # 0 of 0 is 0
    if metric != "macro_f1" and num_classes == 2:
        return float(each[1])
    return float(np.mean(each[true + said > 0]))


def score_ranks(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Average precision and ROC-AUC as `score_classes` gives them, from one sort a class."""
    if y.min() == y.max():
        return {"average_precision": float("nan"), "roc_auc": float("nan")}
    found = [
        _ranked(y == each, scores[:, each])
        for each in ([1] if scores.shape[1] == 2 else np.unique(y))
    ]
    return dict(
        zip(("average_precision", "roc_auc"), map(float, np.mean(found, axis=0)), strict=True)
    )


def _ranked(is_class, scores):
    """(average precision, ROC-AUC), rows of one score taken together."""
    order = np.argsort(-scores)
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(is_class[order])[ends]
    misses = ends + 1 - hits
    new_hits = np.diff(hits, prepend=0)
    new_misses = np.diff(misses, prepend=0)
    return (
        np.sum(new_hits * (hits / (ends + 1))) / hits[-1],
        np.sum(new_misses * (hits - new_hits / 2)) / (hits[-1] * misses[-1]),
    )


def score_values(y: np.ndarray, values: np.ndarray) -> dict[str, float]:
    """MAE and RMSE in the target's unit, and R², of float [rows] each."""
    from sklearn import metrics

    return {
        "mae": float(metrics.mean_absolute_error(y, values)),
        "rmse": float(np.sqrt(metrics.mean_squared_error(y, values))),
        "r2": float(metrics.r2_score(y, values)) if len(y) > 1 else float("nan"),
    }


def score_anomalies(y: np.ndarray, flagged: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Of y float [rows], 1 of an anomaly, NaN where unknown; flagged bool [rows]; scores float
    [rows].

    `mae`: the mean score of windows that are not labelled as anomalies, and `flagged`: the share of
    them that is flagged. The others are of the rows with a known label; NaN where these are not of
    both kinds.
    """
    from sklearn import metrics

    calm = y != 1
    known = ~np.isnan(y)
    found = {"mae": float(scores[calm].mean()) if calm.any() else float("nan")}
    names = ("roc_auc", "average_precision", "f1", "precision", "recall", "balanced_accuracy")
    truth = y[known] == 1
    said = flagged[known]
    if truth.any() and not truth.all():
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            truth, said, average="binary", zero_division=0
        )
        found |= {
            "roc_auc": float(metrics.roc_auc_score(truth, scores[known])),
            "average_precision": float(metrics.average_precision_score(truth, scores[known])),
            "f1": float(f1),
            "precision": float(precision),
            "recall": float(recall),
            "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, said)),
        }
    return {
        **found,
        **{name: found.get(name, float("nan")) for name in names},
        "flagged": float(flagged[calm].mean()) if calm.any() else float("nan"),
    }


def loss_of(metric: str, before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """How much worse `after` is than `before`, ≥ 0 where it is worse. MAE and RMSE count as a share
    of `before`.
    """
    if metric in SMALLER_IS_BETTER:
        change = after[metric] - before[metric]
    else:
        change = before[metric] - after[metric]
    if metric in ("mae", "rmse") and before[metric] > 0:
        return change / before[metric]
    return change


def score_forecasts(
    y: np.ndarray, values: np.ndarray, quantiles: np.ndarray | None, target: Target
) -> dict[str, float]:
    """MASE (NaN where its scale is 0), MAE and RMSE in the target's unit; of quantiles the mean
    pinball loss, and the share of targets between the outer two, "coverage".
    """
    known = ~np.isnan(y)
    errors = np.abs(values - y)[known]
    if len(errors):
        mae = float(errors.mean())
    else:
        mae = math.nan
    scores = {
        "mase": mae / target.mase_scale if target.mase_scale else math.nan,
        "mae": mae,
        "rmse": float(np.sqrt(np.mean(errors**2))) if len(errors) else math.nan,
    }
    scores["pinball"] = scores["coverage"] = math.nan
    if quantiles is not None and len(errors):
        short = y[known][:, None] - quantiles[known]
        levels = np.asarray(target.quantiles)
        scores["pinball"] = float(np.maximum(levels * short, (levels - 1) * short).mean())
        if len(levels) > 1:
            inside = (short[:, 0] >= 0) & (short[:, -1] <= 0)
            scores["coverage"] = float(inside.mean())
    return scores


def error_by_step(y: np.ndarray, values: np.ndarray) -> np.ndarray:
    """float64 [horizon]: the mean absolute error of each step ahead; NaN where no target of it is
    known.
    """
    known = ~np.isnan(y)
    total = np.where(known, np.abs(values - np.where(known, y, 0)), 0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
