"""The estimators in what scikit-learn does with many fits."""

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from pipelines.estimators import PipelineClassifier, PipelineForecaster, PipelineRegressor

from .sets import QUICK

pytestmark = pytest.mark.full


def test_folds_side_by_side(birds_of_ice):
    """In processes of joblib, which give the fitted estimators back."""
    rows = birds_of_ice.rows
    found = cross_validate(
        PipelineClassifier(knobs=QUICK),
        rows,
        birds_of_ice.sex,
        cv=3,
        n_jobs=2,
        return_estimator=True,
    )
    assert found["test_score"].min() > 0.5
    for each in found["estimator"]:
        assert set(each.predict(rows)) == {"FEMALE", "MALE"}
        assert each.bundle_.check()


def test_a_search_over_two_knobs(birds_of_ice):
    grid = {"training__epochs": [1, 8], "build__dropout": [0.0, 0.2]}
    search = GridSearchCV(PipelineRegressor(knobs=QUICK), grid, cv=2)
    search.fit(birds_of_ice.rows, birds_of_ice.grams)
    assert search.best_params_["training__epochs"] == 8
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.score(birds_of_ice.rows, birds_of_ice.grams) > 0.5


def test_behind_other_steps(birds_of_ice):
    rows = birds_of_ice.rows
    steps = ColumnTransformer(
        [
            ("words", OneHotEncoder(sparse_output=False), ["Species", "Island"]),
            ("numbers", SimpleImputer(), ["Flipper Length (mm)", "Delta 15 N (o/oo)"]),
        ]
    )
    model = make_pipeline(steps, PipelineClassifier(knobs=QUICK)).fit(rows, birds_of_ice.sex)
    assert model[-1].n_features_in_ == 8
    assert model.predict_proba(rows).shape == (len(rows), 2)


def test_groups_stay_together(birds_of_ice):
    groups = np.arange(len(birds_of_ice.rows)) // 3
    model = PipelineClassifier(knobs=QUICK)
    model.fit(birds_of_ice.rows, birds_of_ice.sex, groups=groups)
    assert model.bundle_.report["split"].startswith("SplitGrouped(")


def test_a_forecaster_in_folds_of_time(hours):
    knobs = {"training.epochs": 2, "frame.window": 12}
    model = PipelineForecaster(horizon=6, knobs=knobs)
    found = cross_validate(model, hours, cv=TimeSeriesSplit(2))
    assert (found["test_score"] < 0).all()
    assert (found["test_score"] > -15).all()
