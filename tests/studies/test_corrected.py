"""The corrected resampled t-test."""

import math

import numpy as np
import pytest
from scipy import stats

from pipelines.studies.corrected import mean_over_folds, score_over_folds


def test_by_hand():
    values = [0.80, 0.82, 0.79, 0.85, 0.81]
    found = mean_over_folds(values, test_share=1 / 4)
    error = math.sqrt((1 / 5 + 1 / 4) * np.var(values, ddof=1))
    assert found.mean == pytest.approx(0.814)
    assert found.high - found.mean == pytest.approx(2.7764451 * error)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)


@pytest.mark.parametrize(
    ("metric", "values", "low", "high"),
    [
        ("accuracy", [0.5, 0.9, 0.99], 0, 1),
        ("rmse", [200, 900, 300], 0, math.inf),
        ("r2", [-0.5, 0.9, 0.99], -math.inf, 1),
        ("cost", [-200, 900, 300], -math.inf, math.inf),
    ],
)
def test_an_interval_ends_where_its_metric_does(metric, values, low, high):
    found = score_over_folds(metric, values, test_share=0.5)
    plain = mean_over_folds(values, test_share=0.5)
    assert found.mean == plain.mean and found.p_value == plain.p_value
    assert found.low == max(plain.low, low) and found.high == min(plain.high, high)


def test_without_shared_rows_it_is_students():
    values = [0.3, -0.1, 0.4, 0.2]
    found = mean_over_folds(values, test_share=0)
    assert found.p_value == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_it_claims_less_than_the_plain_test():
    values = [0.02, 0.01, 0.03, 0.015, 0.02]
    plain = mean_over_folds(values, test_share=0)
    corrected = mean_over_folds(values, test_share=0.25)
    assert corrected.p_value > plain.p_value
    assert corrected.low < plain.low < plain.high < corrected.high


def test_resampled_noise_is_seldom_called_a_difference():
    """Two models that answer alike, on ten shuffles of the same rows: the plain test finds a
    difference in far more than 5 % of the trials, the corrected one does not.
    """
    generator = np.random.default_rng(0)
    trials = 300
    called = {0.0: 0, 0.25: 0}
    for _ in range(trials):
        rows = generator.normal(0, 1, 100)
        means = [rows[generator.permutation(100)[:20]].mean() for _ in range(10)]
        for share in called:
            called[share] += mean_over_folds(means, test_share=share).p_value < 0.05
    assert called[0.0] / trials > 0.15
    assert called[0.25] / trials < 0.11


@pytest.mark.parametrize("values, p_value", [([0.5], 1.0), ([0.5, 0.5], 0.0), ([0.0, 0.0], 1.0)])
def test_few_or_equal_folds(values, p_value):
    found = mean_over_folds(values, test_share=0.25)
    assert found.p_value == p_value
    assert found.mean == values[0]
    assert len(values) > 1 or found.high == math.inf
