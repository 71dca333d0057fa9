"""Estimators that are fitted once for many tests."""

import pytest

from pipelines.estimators import PipelineClassifier, PipelineForecaster, PipelineRegressor

from .sets import QUICK, penguins, temperatures


@pytest.fixture(scope="package")
def birds_of_ice():
    return penguins()


@pytest.fixture(scope="package")
def classifier(birds_of_ice):
    return PipelineClassifier(knobs=QUICK).fit(birds_of_ice.rows, birds_of_ice.sex)


@pytest.fixture(scope="package")
def regressor(birds_of_ice):
    return PipelineRegressor(knobs=QUICK).fit(birds_of_ice.rows, birds_of_ice.grams)


@pytest.fixture(scope="package")
def hours():
    return temperatures(400)


@pytest.fixture(scope="package")
def forecaster(hours):
    knobs = {"training.epochs": 3, "frame.window": 24}
    return PipelineForecaster(horizon=6, knobs=knobs).fit(hours[:300])
