"""scikit-learn's own checks over the estimators of tables."""

import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import SkipTestWarning

from pipelines.estimators import PipelineClassifier, PipelineForecaster, PipelineRegressor

from .checks import OF_CLASSES, checks_of, name_of
from .sets import SMALL

CASES = [
    (PipelineClassifier(knobs={"build": SMALL}), OF_CLASSES),
    (PipelineRegressor(knobs={"build": SMALL}), {}),
]
QUICK_CHECKS = [case for one, _ in CASES for case in checks_of(one, trains=False)]
QUICK_CHECKS += checks_of(PipelineForecaster(), trains=False)
LONG_CHECKS = [
    (one, check, expected) for one, expected in CASES for _, check in checks_of(one, trains=True)
]


def id_of(value):
    """Returns a short name of an estimator or a check."""
    if isinstance(value, BaseEstimator):
        return type(value).__name__
    if isinstance(value, dict):
        return ""
    return name_of(value)


@pytest.mark.parametrize(("estimator", "check"), QUICK_CHECKS, ids=id_of)
def test_checks_that_train_nothing(estimator, check):
    assert check(estimator) is None


@pytest.mark.full
@pytest.mark.filterwarnings("ignore", f"ignore::{SkipTestWarning.__module__}.SkipTestWarning")
@pytest.mark.parametrize(("estimator", "check", "expected"), LONG_CHECKS, ids=id_of)
def test_checks_that_train(estimator, check, expected):
    name = name_of(check)
    if name not in expected:
        assert check(estimator) is None
        return
    with pytest.raises((AssertionError, ValueError)):
        check(estimator)
