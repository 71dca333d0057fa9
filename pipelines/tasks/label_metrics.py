"""Scores of several labels a row, by the field's names, counted label by label.

A macro-average is over the labels that a row has or an answer gives, one of ranks over the labels
that some rows have; what does not exist is NaN. Where every label has rows, each score is
scikit-learn's of the same name (Tsoumakas and Katakis 2007,
https://doi.org/10.4018/jdwm.2007070101, compare them).
"""

import math
from collections.abc import Sequence

import numpy as np

from .metrics import ranks_of_class

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
    return {
        **score_label_ranks(y, scores),
        **score_decided(y, chosen),
        **_distances(y, scores),
    }


def score_decided(y: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """Returns the metrics in DECIDED.

    `macro_f1`, `precision` and `recall` are means over labels, `micro_f1` is of all labels counted
    together, `exact_match` the share of rows whose labels are all right, `hamming_loss` the share
    of single answers that are wrong.

    Args:
        y: int64 [rows, labels], 1 where a row has a label.
        chosen: bool [rows, labels], the answers.
    """
    truth = y.astype(bool)
    hits = (truth & chosen).sum(axis=0)
    true = truth.sum(axis=0)
    given = chosen.sum(axis=0)
    both = true + given
    seen = both > 0
    f1 = 2 * hits / np.maximum(both, 1)
    precision = hits / np.maximum(given, 1)
    recall = hits / np.maximum(true, 1)
    micro_f1 = 2 * hits.sum() / max(both.sum(), 1)
    wrong = truth != chosen
    is_exact = ~wrong.any(axis=1)
    return {
        "macro_f1": _mean(f1[seen]),
        "micro_f1": float(micro_f1),
        "exact_match": float(np.mean(is_exact)),
        "hamming_loss": float(wrong.mean()),
        "precision": _mean(precision[seen]),
        "recall": _mean(recall[seen]),
    }


def score_label_ranks(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Returns `mean_average_precision` and `roc_auc`, means over the labels that rows have (and
    lack).

    Args:
        y: int64 [rows, labels], 1 where a row has a label.
        scores: float64 [rows, labels], probabilities.
    """
    each = []
    for label in range(y.shape[1]):
        each.append(ranks_of_class(y[:, label] == 1, scores[:, label]))
    table = np.array(each, np.float64).reshape(-1, 2)
    precisions, areas = table.T
    return {
        "mean_average_precision": _mean_of_known(precisions),
        "roc_auc": _mean_of_known(areas),
    }


def label_table(
    y: np.ndarray, chosen: np.ndarray, scores: np.ndarray, labels: Sequence[str]
) -> list[dict]:
    """Returns, for each label, its name and rows, and its precision, recall, F1, average precision
    and ROC-AUC; None where a score does not exist.

    Args:
        y: int64 [rows, labels], 1 where a row has a label.
        chosen: bool [rows, labels], the answers.
        scores: float64 [rows, labels], probabilities.
        labels: their names.
    """
    table = []
    for place, label in enumerate(labels):
        truth = y[:, place] == 1
        answers = chosen[:, place]
        hits = int((truth & answers).sum())
        true = int(truth.sum())
        given = int(answers.sum())
        average_precision, roc_auc = ranks_of_class(truth, scores[:, place])
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
    """Returns log loss and Brier score, means over rows and labels."""
    likely = np.where(y == 1, scores, 1 - scores)
    clipped = np.clip(likely, _SMALLEST, 1)
    log_loss = -np.log(clipped).mean()
    brier = np.mean(np.square(scores - y))
    return {"log_loss": float(log_loss), "brier": float(brier)}


def _mean(values):
    if len(values):
        return float(np.mean(values))
    return math.nan


def _mean_of_known(values):
    return _mean(values[~np.isnan(values)])


def _or_none(value):
    if np.isnan(value):
        return None
    return value
