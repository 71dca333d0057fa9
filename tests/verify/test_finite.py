"""NaN and infinity pass no gate: each refuses them, with the way out."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.device.answers import Answers
from pipelines.device.target import Target
from pipelines.errors import TrainError, VerifyError
from pipelines.recipe import tiny
from pipelines.rows.parts import HeldOut, Schema
from pipelines.run import frame, prepare, read, settle, split
from pipelines.targets.budgets import Cost
from pipelines.targets.micro.spec import TargetMicro
from pipelines.tasks.thresholds import anomaly_threshold
from pipelines.verify.agreement import labels_apart
from pipelines.verify.assess import assess
from pipelines.verify.ladder import Rung, climb
from pipelines.verify.tolerance import failed_step
from tests.own_model.test_own_faults import signature_of

INVALID = (math.nan, math.inf, -math.inf)
KERAS = Rung("keras", {"mae": 0.5, "accuracy": 0.9}, 1.0, 0.0, 1, 1.0, 1.0, 20)
INT8 = replace(KERAS, form="litert_int8")


def reported(error):
    """The parts of an error that every refusal has."""
    assert error.received and error.expected and error.fix
    return error.received


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_form_whose_score_is_no_number_fails(score):
    lost = replace(INT8, scores={"mae": score})
    assert failed_step([KERAS, INT8], "mae", 0.01) == ""
    assert "litert_int8 lost" in failed_step([KERAS, lost], "mae", 0.01)


def test_a_share_of_the_runner_that_is_no_number_fails():
    unknown = replace(INT8, runner_agreement=math.nan)
    assert "label to nan of 20 rows" in failed_step([KERAS, unknown], "accuracy", 1.0)
    unknown = replace(INT8, probability_difference=math.nan)
    assert "probabilities that differ" in failed_step([KERAS, unknown], "accuracy", 1.0)
    unknown = replace(INT8, agreement=math.nan)
    target = Target("y", "binary", ("no", "yes"))
    assert labels_apart([KERAS, INT8], 0.9, target) == ""
    assert "label of keras to nan" in labels_apart([KERAS, unknown], 0.9, target)


def test_rows_without_the_deciding_score_judge_nothing():
    """Both forms are NaN, so that none has lost anything."""
    scores = {"roc_auc": math.nan}
    rungs = [replace(KERAS, scores=scores), replace(INT8, scores=scores)]
    with pytest.raises(VerifyError) as caught:
        failed_step(rungs, "roc_auc", 0.01)
    assert "roc_auc of the test rows is nan" in reported(caught.value)


class Spoiled:
    """A runtime of which one output of one row is as given."""

    def __init__(self, value):
        self.signature = signature_of(2)
        self.value = value

    def predict_columns(self, columns):
        raw = np.zeros((4, 2), np.float32)
        raw[2, 1] = self.value
        return Answers(None, raw.astype(np.float64), raw)


@pytest.mark.parametrize("value", INVALID)
def test_a_runtime_that_answers_with_no_number_is_refused(value):
    rows = HeldOut(
        x={}, y=np.zeros((4, 2)), ids=np.arange(4), schema=Schema((), Target("y", "regression"))
    )
    with pytest.raises(VerifyError) as caught:
        climb("litert_float32", Spoiled(value), rows, keras_answers=None, size_bytes=1)
    said = reported(caught.value)
    assert said == "litert_float32 answers held-out rows with NaN or infinity: 1 of 4"


@pytest.fixture(scope="module")
def penguins():
    """The recipe, settled, and what its network is trained on."""
    recipe = tiny(catalog.RECIPES["penguins_mlp"])
    recipe = replace(recipe, judge=replace(recipe.judge, beside=False))
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    return recipe, prepare(recipe, splits.train, splits.valid)


@pytest.mark.parametrize("value", INVALID)
def test_a_network_whose_weights_are_no_numbers_is_refused(penguins, value):
    """The loss of the last epoch was finite; its last update was not."""
    recipe, inputs = penguins
    model = recipe.build.build(inputs.signature, seed=0, synchronized=False)
    bias = model.weights[-1]
    bias.assign(np.full(bias.shape, value, np.float32))
    with pytest.raises(TrainError) as caught:
        assess(recipe, model, inputs, history={})
    assert "with NaN or infinity" in reported(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_threshold_is_made_of_scores_that_are_no_numbers(value):
    scores = np.array([0.1, 0.2, value], np.float32)
    assert anomaly_threshold(scores[:2], 0.99)[0] < -0.2
    with pytest.raises(TrainError) as caught:
        anomaly_threshold(scores, 0.99)
    assert "of 3 training windows is" in reported(caught.value)


def test_a_budget_that_is_no_number_is_kept_by_nothing():
    cost = Cost(1000, latency_ms=1.0)
    assert TargetMicro(max_ms=2.0).broken_budget(cost) == ""
    assert "where the budget is nan" in TargetMicro(max_ms=math.nan).broken_budget(cost)
