"""Leaks that do not type-check: mypy must report an error on each marked line, and no other.

Nothing here is run. `# error: CODE` names the error of mypy that the line must have.
"""

import numpy as np

from pipelines.balance import OversampleRandom, Smote
from pipelines.convert.convert import convert
from pipelines.rows.parts import BalancedSet, Dataset, HeldOut, Splits, TrainSet
from pipelines.rows.split import SplitRandom, split
from pipelines.steps import ImputeMedian, ScaleStandard, apply_steps, fit_steps
from pipelines.steps.step import FittedStep
from pipelines.training.feed import TrainFeed


def steps_learn_from_training_rows_only(train: TrainSet, held_out: HeldOut, data: Dataset) -> None:
    ImputeMedian().fit(train)
    ImputeMedian().fit(held_out)  # error: arg-type
    ScaleStandard().fit(data)  # error: arg-type
    fit_steps((ImputeMedian(),), held_out)  # error: arg-type


def an_unfitted_step_cannot_be_applied(train: TrainSet, held_out: HeldOut) -> None:
    ImputeMedian().apply(train)  # error: attr-defined
    ImputeMedian().fit_transform(train)  # error: attr-defined
    apply_steps((ImputeMedian(),), held_out)  # error: arg-type


def a_fitted_step_cannot_be_fitted_again(fitted: FittedStep, train: TrainSet) -> None:
    fitted.fit(train)  # error: attr-defined


def a_fitted_step_keeps_the_kind_of_rows(
    fitted: FittedStep, train: TrainSet, held_out: HeldOut, data: Dataset
) -> None:
    one: TrainSet = fitted.apply(train)
    other: HeldOut = fitted.apply(held_out)
    one = fitted.apply(held_out)  # error: assignment
    other = apply_steps((fitted,), train)  # error: assignment
    fitted.apply(data)  # error: type-var
    print(one, other)


def balancers_redraw_training_rows_only(train: TrainSet, held_out: HeldOut) -> None:
    balanced: BalancedSet = OversampleRandom().resample(train)
    OversampleRandom().resample(held_out)  # error: arg-type
    Smote().resample(held_out)  # error: arg-type
    print(balanced)


def held_out_rows_are_not_redrawn(held_out: HeldOut, data: Dataset) -> None:
    held_out.take(np.arange(3))  # error: attr-defined
    data.take(np.arange(3))  # error: attr-defined
    data.with_columns({})  # error: attr-defined


def held_out_rows_are_not_augmented(train: TrainSet, held_out: HeldOut) -> None:
    TrainFeed(train)
    TrainFeed(held_out)  # error: arg-type


def parts_keep_their_places(train: TrainSet, valid: HeldOut, test: HeldOut, data: Dataset) -> None:
    splits = Splits(train, valid, test)
    Splits(valid, train, test)  # error: arg-type, arg-type
    split(data, SplitRandom())
    split(train, SplitRandom())  # error: arg-type
    splits.train = train  # error: misc


def int8_ranges_are_of_training_rows(model: object, train: TrainSet, test: HeldOut) -> None:
    convert(model, train)
    convert(model, test)  # error: arg-type
