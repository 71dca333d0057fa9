"""Answers against truth: every metric of the task, with bootstrap intervals."""

import math
from dataclasses import dataclass

import numpy as np

from ..device.answers import Answers
from ..device.target import Target
from .forecast import score_forecasts
from .metrics import (
    LABEL_METRICS,
    SMALLER_IS_BETTER,
    bootstrap_intervals,
    score_anomalies,
    score_classes,
    score_labels,
    score_ranks,
    score_values,
)

RANK_METRICS = ("average_precision", "roc_auc")
LABEL_INTERVALS = ("balanced_accuracy", "macro_f1", "accuracy")
VALUE_INTERVALS = ("mae", "rmse", "r2", "mase", "coverage")


def score(y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
    """Every metric of the task of true y (int [rows], float [rows] or [rows, horizon]) and answers
    to the same rows.
    """
    if target.task == "forecast":
        return score_forecasts(y, answers.scores, answers.quantiles, target)
    if target.task == "regression":
        return score_values(y, answers.scores)
    if target.task == "anomaly":
        return score_anomalies(y, answers.labels == target.labels[1], answers.scores)
    return score_classes(y, class_places(answers, target.labels), answers.scores)


def score_plain_rule(y: np.ndarray, said: np.ndarray, target: Target) -> dict[str, float]:
    """What `score` gives, of a plain rule: forecasts [rows, horizon], or how odd it finds each
    window, float [rows], which has no threshold and no unit to share with a model's scores.
    """
    if target.task == "forecast":
        return score_forecasts(y, said, None, target)
    scores = score_anomalies(y, np.zeros(len(y), bool), said)
    return {
        name: value if name in ("roc_auc", "average_precision") else math.nan
        for name, value in scores.items()
    }


def intervals(
    y: np.ndarray, answers: Answers, target: Target, *, seed: int, num_draws: int = 200
) -> dict[str, list[float]]:
    """95 % bootstrap interval of each metric in RANK_METRICS, LABEL_INTERVALS and VALUE_INTERVALS
    that the task has.
    """
    if target.task in ("binary", "multiclass"):
        chosen = class_places(answers, target.labels)
    else:
        chosen = None

    def draw(places):
        if chosen is None:
            scores = score(y[places], answers.take(places), target)
            return {name: value for name, value in scores.items() if name in VALUE_INTERVALS}
        return {
            **score_ranks(y[places], answers.scores[places]),
            **{
                metric: score_labels(metric, y[places], chosen[places])
                for metric in LABEL_INTERVALS
            },
        }

    return bootstrap_intervals(draw, len(y), num_draws=num_draws, seed=seed)


@dataclass(frozen=True)
class Margin:
    """By how much one model is ahead of another in a metric on the same rows (negative: behind),
    and the 95 % interval of a paired bootstrap.
    """

    metric: str
    value: float
    interval: list[float]


def margin(
    y: np.ndarray,
    one: Answers,
    other: Answers,
    target: Target,
    *,
    metric: str,
    seed: int,
    num_draws: int = 200,
) -> Margin:
    """The Margin of answers over other answers to the same rows."""
    if metric in LABEL_METRICS:
        chosen = [class_places(answers, target.labels) for answers in (one, other)]
    else:
        chosen = []

    def ahead(places):
        if chosen:
            scores = [score_labels(metric, y[places], each[places]) for each in chosen]
        else:
            scores = [
                (
                    score_ranks(y[places], each.scores[places])
                    if metric in RANK_METRICS
                    else score(y[places], each.take(places), target)
                )[metric]
                for each in (one, other)
            ]
        return (scores[0] - scores[1]) * (-1 if metric in SMALLER_IS_BETTER else 1)

    drawn = bootstrap_intervals(
        lambda places: {metric: ahead(places)}, len(y), num_draws=num_draws, seed=seed
    )
    return Margin(metric, float(ahead(np.arange(len(y)))), drawn[metric])


def class_places(answers: Answers, labels: tuple[str, ...]) -> np.ndarray:
    """int64 [rows]: the place of each answer's label among the labels."""
    place = {label: index for index, label in enumerate(labels)}
    return np.fromiter((place[label] for label in answers.labels), np.int64, len(answers.labels))


def agreement(one: Answers, other: Answers, target: Target) -> float:
    """Share of rows with the same label; for real numbers, of values that differ by at most 5 % of
    the first one's standard deviation.
    """
    if not target.labels:
        spread = float(np.std(one.scores)) or 1.0
        return float(np.mean(np.abs(one.scores - other.scores) <= 0.05 * spread))
    return float(np.mean(one.labels == other.labels))
