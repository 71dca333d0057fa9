"""Knobs of a recipe as parameters."""

import numpy as np
import pytest
from sklearn.base import clone

from pipelines.balance import WeightByClass
from pipelines.errors import RecipeError
from pipelines.estimators import PipelineClassifier, PipelineForecaster
from pipelines.estimators.knobs import turned
from pipelines.tabular import BIRDS, Mlp


def test_a_knob_is_turned_by_its_parameter():
    model = PipelineClassifier(knobs={"training.epochs": 9})
    model.set_params(build__dropout=0.25, balance=WeightByClass(), runs_on="micro")
    assert model.knobs == {
        "training.epochs": 9,
        "build.dropout": 0.25,
        "balance": WeightByClass(),
    }
    assert model.runs_on == "micro"
    assert model.get_params()["build__dropout"] == 0.25
    assert "build__dropout" not in model.get_params(deep=False)


def test_a_clone_has_knobs_of_its_own():
    model = PipelineForecaster(horizon=3, knobs={"training.epochs": 9})
    copy = clone(model).set_params(training__epochs=2)
    assert copy.horizon == 3
    assert model.knobs == {"training.epochs": 9}
    assert copy.knobs == {"training.epochs": 2}


def test_a_parameter_that_is_none_is_refused():
    with pytest.raises(ValueError, match="Invalid parameter 'epochs'"):
        PipelineClassifier().set_params(epochs=3)


def test_values_of_grids_and_specs():
    knobs = {
        "training.epochs": np.int64(5),
        "build": Mlp(widths=(8,), dropout=0.5),
        "teacher": None,
        "judge.threshold": "none",
    }
    recipe = turned(BIRDS, knobs)
    assert recipe.training.epochs == 5
    assert recipe.build == Mlp(widths=(8,), dropout=0.5)
    assert recipe.teacher is None
    assert recipe.judge.threshold == "none"


def test_an_unknown_knob():
    with pytest.raises(RecipeError, match="no knob 'training.epoch'"):
        turned(BIRDS, {"training.epoch": 5})
