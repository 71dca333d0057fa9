"""The decision: what is added to the logits before the label is taken, chosen on validation rows
only. (To the quantiles of a forecast: see `forecast.conformal_offsets`.) A threshold of anomalies
is of training rows: no labelled ones are needed, and the validation rows that training stopped by
keep nothing to say.

Two classes: minus the threshold in log-odds. More: -strength * log(class share in training), one
number for all classes (post-hoc logit adjustment, Menon et al. 2021,
https://arxiv.org/abs/2007.07314): a threshold a class would be fitted to the few validation rows
that rare classes have.
"""

from dataclasses import replace

import numpy as np

from ..device.calibration import positive_or_largest
from ..device.runner import answer
from ..device.signature import Signature
from ..device.target import Target
from ..recipe import Recipe
from ..rows.parts import HeldOut, TrainSet
from .forecast import conformal_offsets, standardized_steps
from .metrics import score_labels
from .probabilities import fit_calibration

STRENGTHS = np.linspace(-0.5, 1.5, 21)
# Scores on validation rows that differ by less are ties; see choose_offsets.
TIE = 0.005
# By how much of itself a score may differ from runtime to runtime, which sum float32 in other
# orders.
ROUNDING = 1e-4


def decide(
    recipe: Recipe,
    signature: Signature,
    train_rows: TrainSet,
    valid: HeldOut | TrainSet,
    *,
    form: str,
    raw: np.ndarray,
) -> Signature:
    """The signature with the decision of a form, chosen on the raw output for validation rows; of
    anomalies, for training rows. `valid`: those rows as ports.
    """
    target = signature.target
    if target.task == "anomaly":
        scores = answer(signature, raw, form=form, prepared=valid.x).scores
        return replace(
            signature,
            decisions={
                **signature.decisions,
                form: threshold_offset(scores, recipe.judge.quantile),
            },
        )
    if target.task == "forecast" and len(target.quantiles) > 1:
        offsets = conformal_offsets(
            signature.output.to_float(raw),
            standardized_steps(valid.y, target),
            target.quantiles,
            overlap=max(recipe.frame.horizon // recipe.frame.stride, 1),
        )
        return replace(signature, decisions={**signature.decisions, form: offsets})
    if not target.labels:
        return signature
    logits = signature.output.to_float(raw)
    fitted = fit_calibration(logits, valid.y, how=recipe.shipping.probabilities)
    signature = replace(signature, calibrations={**signature.calibrations, form: fitted})
    if recipe.judge.threshold == "none":
        return replace(
            signature, decisions={**signature.decisions, form: (0.0,) * signature.output.shape[0]}
        )
    shares = np.bincount(train_rows.y, minlength=len(target.labels)) / len(train_rows)
    if form == "int8":
        near = signature.decisions.get("float32")
    else:
        near = None
    offsets = choose_offsets(
        logits,
        valid.y,
        metric=recipe.judge.threshold,
        target=target,
        class_shares=shares,
        near=near,
    )
    return replace(signature, decisions={**signature.decisions, form: offsets})


def threshold_offset(scores: np.ndarray, quantile: float) -> tuple[float, ...]:
    """What to add to the score of a window so that no more than 1 - `quantile` of training rows,
    whose `scores` float [rows] are given, come to 0 and above. The threshold lies above the
    quantile by as much as runtimes may differ in float32 sums: of windows that are all alike none
    is flagged.
    """
    highest = np.float32(np.quantile(scores, quantile, method="higher"))
    return (
        -float(max(np.nextafter(highest, np.float32(np.inf)), highest * np.float32(1 + ROUNDING))),
    )


def choose_offsets(
    logits: np.ndarray,
    y: np.ndarray,
    *,
    metric: str,
    target: Target,
    class_shares: np.ndarray,
    near: tuple[float, ...] | None = None,
) -> tuple[float, ...]:
    """The offsets that make the label `metric` of validation rows largest.

    logits: float32 [rows, outputs]; y: int [rows]; class_shares: float [classes], of training rows.
    With `near` (the decision of another form), the nearest to it of all decisions that tie with the
    best is taken: a form may decide otherwise only where that pays. Without it, of more than two
    classes the nearest to no offset, so that what a model says is left alone where the rows show no
    gain (after the one-standard-error rule, Breiman et al. 1984); of two the middle of the run of
    ties around the best, which moves least when the rows change. Scores tie within TIE, or within
    half a standard error where few rows say less than that.
    """
    if target.task == "binary":
        candidates = _thresholds(logits)
    else:
        candidates = _adjustments(class_shares)
    scores = np.array(
        [score_labels(metric, y, positive_or_largest(logits, tuple(each))) for each in candidates]
    )
    standard_error = np.sqrt(scores.max() * (1 - scores.max()) / len(y))
    good = np.flatnonzero(scores >= scores.max() - max(TIE, standard_error / 2))
    if target.task != "binary" and near is None:
        near = (0.0,) * logits.shape[1]
    if near is not None:
        distance = np.abs(candidates[good] - np.asarray(near)).sum(axis=1)
        return _plain(candidates[good[distance.argmin()]])
    runs = np.split(good, np.flatnonzero(np.diff(good) > 1) + 1)
    best = next(run for run in runs if scores.argmax() in run)
    return _plain(candidates[best[len(best) // 2]])


def _thresholds(logits):
    """Offsets [candidates, 1] between neighbouring scores: every labelling that a threshold can
    make, at most 512.
    """
    values = np.unique(logits[:, 0].astype(np.float64))
    if len(values) > 1:
        between = (values[1:] + values[:-1]) / 2
    else:
        between = values
    if len(between) > 512:
        between = np.quantile(between, np.linspace(0, 1, 512))
    return -between[:, None]


def _adjustments(class_shares):
    logs = np.log(np.maximum(class_shares, 1e-6))
    return np.stack([-strength * logs for strength in STRENGTHS])


def _plain(offsets):
    return tuple(float(np.float32(each)) for each in offsets)
