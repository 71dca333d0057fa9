"""The forecaster: what follows a series, by the int8 file."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from pipelines.errors import EstimatorError
from pipelines.estimators import PipelineForecaster
from pipelines.estimators.steps import steps_of


def test_the_steps_that_follow(forecaster, hours):
    ahead = forecaster.predict()
    assert ahead.name == "temp"
    np.testing.assert_array_equal(ahead.index, hours.index[300:306])
    assert np.abs(ahead.to_numpy() - hours[300:306].to_numpy()).mean() < 15


def test_a_newer_history(forecaster, hours):
    ahead = forecaster.predict(hours[200:350])
    np.testing.assert_array_equal(ahead.index, hours.index[350:356])
    np.testing.assert_array_equal(forecaster.predict(hours[:300]), forecaster.predict())


def test_quantiles_rise_around_the_forecast(forecaster):
    found = forecaster.predict_quantiles()
    assert list(found.columns) == [0.1, 0.5, 0.9]
    assert (found.diff(axis="columns").iloc[:, 1:] >= 0).all(axis=None)
    np.testing.assert_array_equal(found[0.5], forecaster.predict())


def test_the_score_is_of_forecasts_that_start_one_horizon_apart(forecaster, hours):
    errors = []
    for place in range(300, 320, 6):
        truth = hours[place : min(place + 6, 320)]
        ahead = forecaster.predict(hours[:place])[: len(truth)]
        errors.append(np.abs(truth.to_numpy() - ahead.to_numpy()))
    score = forecaster.score(hours[300:320])
    assert score == pytest.approx(-np.concatenate(errors).mean())


def test_a_fitted_forecaster_is_pickled(forecaster):
    other = pickle.loads(pickle.dumps(forecaster))
    pd.testing.assert_series_equal(other.predict(), forecaster.predict())


def test_the_history_that_is_kept_is_that_of_two_windows(forecaster):
    assert len(forecaster.steps_.frame) == 2 * (24 + 6)


def test_a_clone_is_not_fitted(forecaster):
    with pytest.raises(NotFittedError):
        clone(forecaster).predict()


def test_steps_of_periods_zones_and_counts():
    months = pd.period_range("2020-01", periods=3, freq="M")
    steps = steps_of(pd.Series([1.0, 2.0, 3.0], index=months))
    assert (steps.target, steps.time) == ("y", "time")
    ahead = steps.index_of(np.array(["2020-04-01", "2020-05-01"], "datetime64[s]"))
    assert list(ahead) == list(pd.period_range("2020-04", periods=2, freq="M"))
    local = pd.date_range("2024-01-01", periods=3, freq="h", tz="Europe/Berlin")
    steps = steps_of(pd.Series([1.0, 2.0, 3.0], index=local))
    assert steps.frame["time"].iloc[0] == pd.Timestamp("2023-12-31T23:00")
    assert steps.index_of(np.array(["2024-01-01T02:00"], "datetime64[s]"))[0] == local[-1] + (
        pd.Timedelta("1h")
    )
    steps = steps_of(np.array([1.0, 2.0, 3.0]))
    following = steps.frame["time"].to_numpy().astype("datetime64[s]")[-1:] + np.timedelta64(1, "s")
    assert list(steps.index_of(following)) == [3]


def test_other_columns_and_the_order_of_time():
    days = pd.to_datetime(["2024-01-02", "2024-01-01"])
    steps = steps_of(pd.DataFrame({"rain": [2.0, 1.0]}, index=days), np.array([20.0, 10.0]))
    assert steps.frame[["rain", "y"]].to_numpy().tolist() == [[1.0, 10.0], [2.0, 20.0]]


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.ones((30, 2)), None, "without y"),
        (pd.Series([1.0], index=["Monday"]), None, "an index of"),
        (pd.DataFrame({"y": [1.0]}), np.ones(1), "the column 'y' in X"),
        (np.arange(8.0), None, "at least 10"),
        (np.ones(50), None, "is 1 in all steps"),
    ],
)
def test_what_is_no_series_to_forecast(X, y, words):
    with pytest.raises(EstimatorError, match=words):
        PipelineForecaster().fit(X, y)
