"""The plainest rule of all, to hold a model against: the same answer to every row."""

import numpy as np

from ..device.target import Target
from ..rows.parts import HeldOut, TrainSet
from ..tasks.metrics import score_labels, score_values


def score_constant(train: TrainSet, test: HeldOut, target: Target) -> dict | None:
    """{"answer": in words, "scores": metric → score on test rows} of always answering the class
    that is most frequent among training rows, or their mean (of "mae", their median); None for
    tasks that have other plain rules.
    """
    if target.task in ("binary", "multiclass"):
        most = int(np.bincount(train.y, minlength=len(target.labels)).argmax())
        chosen = np.full(len(test), most)
        scores = {
            metric: score_labels(metric, test.y, chosen) for metric in ("accuracy", "macro_f1")
        }
        return {"answer": target.labels[most], "scores": scores}
    if target.task == "regression":
        mean = float(train.y.mean())
        median = float(np.median(train.y))
        scores = {
            **score_values(test.y, np.full(len(test), mean)),
            "mae": score_values(test.y, np.full(len(test), median))["mae"],
        }
        return {"answer": f"{mean:.6g}", "scores": scores}
    return None
