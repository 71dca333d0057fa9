"""Leaks that do not type-check: mypy must report an error on each marked line, and no other.

Nothing here is run. `# error: CODE` names the error of mypy that the line must have.
"""

import numpy as np

from pipelines import run
from pipelines.balance import OversampleRandom, Smote
from pipelines.convert.convert import convert
from pipelines.peers import FittedPeer, Peer
from pipelines.peers.alongside import fit_peer
from pipelines.recipe import Recipe
from pipelines.rows.parts import BalancedSet, Dataset, HeldOut, Splits, TrainSet
from pipelines.rows.split import SplitRandom, split
from pipelines.steps import ImputeMedian, ScaleStandard, apply_steps, fit_steps
from pipelines.steps.step import FittedStep
from pipelines.targets.export import ShippedModel
from pipelines.training.feed import TrainFeed
from pipelines.training.inputs import TrainingInputs
from pipelines.training.trained import ComparisonModel, TrainedModel
from pipelines.verify.evaluation import Evaluation
from pipelines.verify.peers import FittedPeers


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


def stages_split_once(recipe: Recipe, data: Dataset, train: TrainSet, held_out: HeldOut) -> None:
    splits: Splits = run.split(recipe, data)
    run.split(recipe, train)  # error: arg-type
    run.split(recipe, held_out)  # error: arg-type
    run.frame(recipe, held_out)  # error: arg-type
    print(splits)


def stages_that_learn_take_training_rows(
    recipe: Recipe, train: TrainSet, valid: HeldOut, test: HeldOut, data: Dataset
) -> None:
    inputs: TrainingInputs = run.prepare(recipe, train, valid)
    run.prepare(recipe, test, valid)  # error: arg-type
    run.prepare(recipe, data, valid)  # error: arg-type
    trained: TrainedModel = run.fit(recipe, train, valid)
    run.fit(recipe, test, valid)  # error: arg-type
    run.fit(recipe, data, valid)  # error: arg-type
    run.fit(recipe, valid, train)  # error: arg-type, arg-type
    print(inputs, trained)


def stages_decide_by_held_out_rows(recipe: Recipe, train: TrainSet, data: Dataset) -> None:
    run.prepare(recipe, train, train)  # error: arg-type
    run.fit(recipe, train, train)  # error: arg-type
    run.fit(recipe, train, data)  # error: arg-type


def what_ships_is_not_handed_test_rows(
    recipe: Recipe, trained: TrainedModel, test: HeldOut
) -> None:
    shipped: ShippedModel = run.ship(recipe, trained)
    run.ship(recipe, test)  # error: arg-type
    run.ship(recipe, trained, test)  # error: call-arg
    run.compress(recipe, trained, test)  # error: call-arg
    run.export(recipe, trained, test)  # error: call-arg, arg-type
    compared: ComparisonModel | None = run.compare(recipe, trained)
    run.compare(recipe, test)  # error: arg-type
    run.compare(recipe, trained, test)  # error: call-arg
    print(shipped, compared)


def peers_learn_from_training_rows_only(
    peer: Peer, train: TrainSet, valid: HeldOut, splits: Splits, recipe: Recipe
) -> None:
    fitted: FittedPeer = peer.fit(train)
    peer.fit(valid)  # error: arg-type
    fitted.answers(valid)
    fitted.answers(train)  # error: arg-type
    fit_peer(peer, train, valid, threshold="none", most=1)
    fit_peer(peer, valid, train, threshold="none", most=1)  # error: arg-type, arg-type
    found: FittedPeers | None = run.peers(recipe, splits)
    run.peers(recipe, train)  # error: arg-type
    print(found)


def what_ships_is_judged_on_held_out_rows(
    recipe: Recipe, shipped: ShippedModel, trained: TrainedModel, train: TrainSet, test: HeldOut
) -> None:
    evaluation: Evaluation = run.judge(recipe, shipped, test)
    run.judge(recipe, shipped, train)  # error: arg-type
    run.judge(recipe, trained, test)  # error: arg-type
    print(evaluation)
