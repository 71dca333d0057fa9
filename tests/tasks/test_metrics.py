"""Metrics against numbers worked out by hand, and the decision that validation rows choose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device.calibration import positive_or_largest, probabilities
from pipelines.tasks import TASKS
from pipelines.tasks.intervals import bootstrap_intervals
from pipelines.tasks.metrics import (
    LABEL_METRICS,
    loss_of,
    metric_words,
    score_classes,
    score_labels,
    score_ranks,
    score_values,
)
from pipelines.tasks.thresholds import choose_adjustment, choose_threshold


def test_binary_by_hand():
    y = np.array([0, 0, 1, 1])
    scores = np.array([0.1, 0.6, 0.4, 0.9])
    found = score_classes(y, np.array([0, 1, 0, 1]), np.stack([1 - scores, scores], axis=1))
    assert (
        found["accuracy"]
        == found["balanced_accuracy"]
        == found["precision"]
        == found["recall"]
        == 0.5
    )
    assert found["roc_auc"] == 0.75 and found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["brier"] == pytest.approx(np.mean((scores - y) ** 2))
    assert found["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.4, 0.4, 0.9])))


def test_several_classes_and_a_class_that_is_not_there():
    y = np.array([0, 0, 1, 1])
    scores = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    found = score_classes(y, scores.argmax(axis=1), scores)
    assert found["accuracy"] == 0.75 and found["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found["roc_auc"] == pytest.approx((1 + 3 / 4) / 2)
    one_class = score_classes(np.zeros(3, int), np.zeros(3, int), np.full((3, 2), 0.5))
    assert np.isnan(one_class["roc_auc"]) and one_class["accuracy"] == 1.0


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 5), st.integers(1, 60), st.sampled_from([1, 3, 10**6]), st.integers(0, 2**30))
def test_what_is_counted_is_what_scikit_learn_gives(num_classes, num_rows, num_levels, seed):
    """With classes that are not there, ties (few levels) and rows of one class."""
    random = np.random.default_rng(seed)
    y = random.integers(0, random.integers(1, num_classes + 1), num_rows)
    chosen = random.integers(0, random.integers(1, num_classes + 1), num_rows)
    scores = random.integers(1, num_levels + 1, (num_rows, num_classes)) / num_levels
    scores /= scores.sum(axis=1, keepdims=True)
    wanted = score_classes(y, chosen, scores)
    for metric, value in score_ranks(y, scores).items():
        assert value == pytest.approx(wanted[metric], abs=1e-12, nan_ok=True)
    for metric in (
        LABEL_METRICS if num_classes == 2 else ("balanced_accuracy", "macro_f1", "accuracy")
    ):
        assert score_labels(metric, y, chosen) == wanted[metric], metric


def test_values_and_losses():
    found = score_values(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 5.0]))
    assert found == {
        "mae": pytest.approx(2 / 3),
        "rmse": pytest.approx(np.sqrt(4 / 3)),
        "r2": pytest.approx(-1.0),
    }
    assert loss_of("roc_auc", {"roc_auc": 0.9}, {"roc_auc": 0.85}) == pytest.approx(0.05)
    assert loss_of("rmse", {"rmse": 10.0}, {"rmse": 11.0}) == pytest.approx(0.1)
    assert loss_of("mase", {"mase": 0.5}, {"mase": 0.51}) == pytest.approx(0.02)
    assert loss_of("cost", {"cost": 200.0}, {"cost": 201.0}) == pytest.approx(0.005)
    assert loss_of("log_loss", {"log_loss": 0.5}, {"log_loss": 0.4}) < 0


def test_bootstrap_interval_of_a_mean():
    values = np.random.default_rng(0).normal(3, 1, 400)
    low, high = bootstrap_intervals(lambda places: {"mean": float(values[places].mean())}, 400)[
        "mean"
    ]
    assert low < values.mean() < high and high - low == pytest.approx(4 * 0.05, rel=0.25)


def test_threshold_is_the_best_of_validation_rows():
    random = np.random.default_rng(0)
    y = (random.random(2000) < 0.1).astype(int)
    logits = (random.normal(size=2000) + 2 * y - 2).astype(np.float32)[:, None]
    for metric in ("macro_f1", "balanced_accuracy", "f1"):
        chosen = choose_threshold(logits, y, metric=metric)
        best = max(
            score_labels(metric, y, positive_or_largest(logits, (each,)))
            for each in np.linspace(-3, 6, 400)
        )
        assert score_labels(metric, y, positive_or_largest(logits, chosen)) >= best - 0.006
    near = choose_threshold(logits + np.float32(0.001), y, metric="f1", near=chosen)
    assert near[0] == pytest.approx(chosen[0], abs=0.02)


def test_several_classes_get_one_adjustment():
    random = np.random.default_rng(0)
    shares = np.array([0.9, 0.08, 0.02])
    y = random.choice(3, 3000, p=shares)
    logits = (random.normal(size=(3000, 3)) + 2 * np.eye(3)[y] + np.log(shares)).astype(np.float32)
    offsets = choose_adjustment(logits, y, metric="balanced_accuracy", class_shares=shares)
    plain, chosen = (
        score_labels("balanced_accuracy", y, positive_or_largest(logits, each))
        for each in ((0.0, 0.0, 0.0), offsets)
    )
    assert chosen > plain + 0.05 and offsets[2] > offsets[1] > offsets[0]
    np.testing.assert_allclose(probabilities(logits).sum(axis=1), 1)


@pytest.mark.parametrize(
    "task, metric, words",
    [
        ("regression", "rmse", "rmse of body_mass_g"),
        ("forecast", "mae", "mae of body_mass_g"),
        ("forecast", "mase", "mase"),
        ("anomaly", "mae", "mae"),
        ("binary", "average_precision", "average precision"),
    ],
)
def test_an_error_is_named_with_the_column_whose_unit_it_has(task, metric, words):
    assert TASKS[task].metric_words(metric, "body_mass_g") == words


def test_a_name_from_data_is_shortened_and_its_control_characters_are_escaped():
    assert metric_words("mae", "a\tb") == "mae of a\\tb"
    assert metric_words("mae", "a" * 100) == f"mae of {'a' * 40}…"
