"""Scores of several labels a row, by the field's names, counted label by label.

A macro-average is over the labels that a row has or an answer gives, one of ranks over the labels
that some rows have; what does not exist is NaN. Where every label has rows, each score is
scikit-learn's of the same name (Tsoumakas and Katakis 2007,
https://doi.org/10.4018/jdwm.2007070101, compare them).
"""

from collections.abc import Sequence

import numpy as np

# Of decisions, label by label or all together; the others are of scores.
DECIDED = ("macro_f1", "micro_f1", "exact_match", "hamming_loss", "precision", "recall")
_SMALLEST = 1e-7


def score_label_sets(y: np.ndarray, chosen: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Returns every metric of several labels a row.

    Args:
        y: int64 [rows, labels], 1 where a row has a label.
        chosen: bool [rows, labels], the answers.
        scores: float64 [rows, labels], probabilities.
    """
    return {**score_label_ranks(y, scores), **score_decided(y, chosen), **_distances(y, scores)}


def score_decided(y: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """Returns the metrics in DECIDED.

    `macro_f1`, `precision` and `recall` are means over labels, `micro_f1` is of all labels counted
    together, `exact_match` the share of rows whose labels are all right, `hamming_loss` the share
    of single answers that are wrong.
    """
    truth = y.astype(bool)
    hits = (truth & chosen).sum(axis=0)
    true = truth.sum(axis=0)
    given = chosen.sum(axis=0)
    seen = true + given > 0
    f1 = 2 * hits / np.maximum(true + given, 1)
    precision = hits / np.maximum(given, 1)
    recall = hits / np.maximum(true, 1)
    wrong = truth != chosen
    return {
        "macro_f1": _mean(f1[seen]),
        "micro_f1": float(2 * hits.sum() / max((true + given).sum(), 1)),
        "exact_match": float(np.mean(~wrong.any(axis=1))),
        "hamming_loss": float(wrong.mean()),
        "precision": _mean(precision[seen]),
        "recall": _mean(recall[seen]),
    }


def score_label_ranks(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Returns `mean_average_precision` and `roc_auc`, means over the labels that rows have (and
    lack).
    """
    each = [ranks_of_label(y[:, label] == 1, scores[:, label]) for label in range(y.shape[1])]
    table = np.array(each, np.float64).reshape(-1, 2)
    means = [_mean(column[~np.isnan(column)]) for column in table.T]
    return dict(zip(("mean_average_precision", "roc_auc"), means, strict=True))


def ranks_of_label(truth: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Returns the average precision and ROC-AUC of a label, NaN where they do not exist.

    Args:
        truth: bool [rows].
        scores: float64 [rows]; rows of one score are taken together.
    """
    if not truth.any():
        return float("nan"), float("nan")
    order = np.argsort(-scores)
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(truth[order])[ends]
    misses = ends + 1 - hits
    new_hits = np.diff(hits, prepend=0)
    new_misses = np.diff(misses, prepend=0)
    average_precision = np.sum(new_hits * (hits / (ends + 1))) / hits[-1]
    if not misses[-1]:
        return float(average_precision), float("nan")
    roc_auc = np.sum(new_misses * (hits - new_hits / 2)) / (hits[-1] * misses[-1])
    return float(average_precision), float(roc_auc)


def label_table(
    y: np.ndarray, chosen: np.ndarray, scores: np.ndarray, labels: Sequence[str]
) -> list[dict]:
    """Returns, for each label, its name and rows, and its precision, recall, F1, average precision
    and ROC-AUC; None where a score does not exist.
    """
    table = []
    for place, label in enumerate(labels):
        truth = y[:, place] == 1
        hits = int((truth & chosen[:, place]).sum())
        true = int(truth.sum())
        given = int(chosen[:, place].sum())
        average_precision, roc_auc = ranks_of_label(truth, scores[:, place])
        table.append(
            {
                "label": label,
                "precision": hits / max(given, 1),
                "recall": hits / max(true, 1),
                "f1": 2 * hits / max(true + given, 1),
                "rows": true,
                "average_precision": _or_none(average_precision),
                "roc_auc": _or_none(roc_auc),
            }
        )
    return table


def _distances(y, scores):
    """Log loss and Brier score, means over rows and labels."""
    likely = np.where(y == 1, scores, 1 - scores)
    return {
        "log_loss": float(-np.log(np.clip(likely, _SMALLEST, 1)).mean()),
        "brier": float(np.mean(np.square(scores - y))),
    }


def _mean(values):
    if len(values):
        return float(np.mean(values))
    return float("nan")


def _or_none(value):
    if np.isnan(value):
        return None
    return value
