"""What training starts from: the steps fitted on training rows, and the rows as model inputs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..device.errors import DeviceError
from ..device.rule_book import read_rules
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.joined import learned_from_both
from ..rows.parts import HeldOut, TrainSet
from ..steps import apply_steps, fit_steps, make_signature, to_ports, unlabelled_to_ports
from ..steps.gaps import refuse_gaps
from ..steps.ranges import value_ranges
from ..tasks import task_of
from .feed import TrainFeed

if TYPE_CHECKING:
    from ..recipe import Recipe

# Of the encoded rows of a stream that stay in memory, for the ranges of int8.
MAX_SAMPLE_BYTES = 64 * 2**20
MIN_SAMPLE_ROWS = 1000


@dataclass(frozen=True, eq=False)
class TrainingInputs:
    """Training and validation rows before a network learns from them. Test rows have no place here.

    Attributes:
        signature: what the model takes and gives, without a decision.
        feed: the rows that training draws its batches from, balanced and, under a teacher, with
            soft labels.
        calibration: the training rows as ports, as they were before balancing; int8 ranges are
            measured on them.
        valid: the validation rows as ports.
        train_rows: the raw training rows, the validation rows among them if the network decides by
            folds.
        valid_rows: the raw validation rows.
        prepared_rows: the training rows after `recipe.prepare`, which is what a balancer resamples.
        encoders: the fitted steps of `recipe.encode`.
        refused: the form of a target that is left out → the reason.
        out_of_fold: float32 [rows, outputs] of the rows of `calibration`, by models that did not
            learn from them; None where validation rows decide.
    """

    signature: Signature
    feed: TrainFeed
    calibration: TrainSet
    valid: HeldOut
    train_rows: TrainSet
    valid_rows: HeldOut
    prepared_rows: TrainSet
    encoders: tuple
    refused: dict[str, str] = field(default_factory=dict)
    out_of_fold: np.ndarray | None = None

    @property
    def decision_rows(self) -> HeldOut | TrainSet:
        """The rows, as ports, that a decision is chosen on."""
        if self.out_of_fold is not None:
            return self.calibration
        if task_of(self.signature.target).decides_on_training_rows:
            return self.calibration
        return self.valid

    @property
    def seen_ids(self) -> np.ndarray:
        """int64: the ids of the source rows that were learned from or chosen by."""
        return np.union1d(self.train_rows.ids, self.valid_rows.ids)

    def balanced_with(self, balancer) -> TrainSet:
        """Returns the training rows as ports under a balancer, or as they are under None."""
        if balancer is None:
            rows = self.calibration
        else:
            resampled = apply_steps(self.encoders, balancer.resample(self.prepared_rows))
            rows = to_ports(self.signature, resampled, encoded=True)
        return replace(rows, unlabelled=self.feed.rows.unlabelled)


def fit_inputs(recipe: Recipe, train: TrainSet, valid: HeldOut) -> TrainingInputs:
    """Fits every step of a recipe on raw training rows and applies it to both sets of rows. A
    network that decides by folds learns from the validation rows too; where it has no use for rows
    without a label, the steps have none either.

    Returns:
        Inputs whose feed draws from the training rows as they are: neither balanced nor softened.
    """
    if recipe.build.decides_by_folds:
        train = learned_from_both(train, valid)
    if not recipe.build.needs_unlabelled:
        train = replace(train, unlabelled=None)
    preparers, prepared_rows = fit_steps(recipe.prepare, train)
    encoders, prepared_rows, encoded = _fit_encoders(recipe.encode, prepared_rows)
    signature = make_signature(preparers, encoders, encoded)
    signature = recipe.build.with_inputs(signature)
    signature = _with_rules(signature, recipe.judge.rules)
    signature = replace(signature, ranges=value_ranges(signature, train))
    refuse_gaps(signature, train)
    calibration = to_ports(signature, encoded, encoded=True)
    unlabelled = unlabelled_to_ports(signature, train)
    return TrainingInputs(
        signature,
        TrainFeed(replace(calibration, unlabelled=unlabelled)),
        calibration,
        valid=to_ports(signature, valid),
        train_rows=train,
        valid_rows=valid,
        prepared_rows=prepared_rows,
        encoders=encoders,
    )


def _with_rules(signature, rules):
    """Returns the signature with the rules that answers keep. Raises RecipeError for one that reads
    what the model's rows do not have.
    """
    if not rules:
        return signature
    if signature.frame is not None:
        raise RecipeError(
            f"judge.rules={rules} for windows of steps in time",
            expected="plain rows, whose cells rules read",
            fix="--set 'judge.rules=()'",
        )
    try:
        read_rules(rules, signature.target, signature.columns)
    except DeviceError as error:
        raise RecipeError(error.received, expected=error.expected, fix=error.fix) from error
    return replace(signature, answer_rules=tuple(rules))


def _fit_encoders(steps, prepared):
    """Returns the fitted steps, and the prepared rows and the encoded ones that stay in memory: of
    streamed rows fewer than the steps were fitted on, as encoded rows are wide.
    """
    if prepared.whole is None:
        encoders, encoded = fit_steps(steps, prepared)
        return encoders, prepared, encoded
    encoders = fit_steps(steps, prepared, applies_last=False)[0]
    one_row = apply_steps(encoders, prepared.smaller_sample(1))
    num_bytes = sum(x.nbytes for x in one_row.x.values())
    kept = prepared.smaller_sample(max(MAX_SAMPLE_BYTES // num_bytes, MIN_SAMPLE_ROWS))
    return encoders, kept, apply_steps(encoders, kept)
