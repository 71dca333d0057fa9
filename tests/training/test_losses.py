"""Losses: each equal to the formula of its source, of logits or of values that may be unknown."""

import numpy as np
import pytest

from pipelines.errors import RecipeError
from pipelines.rows.sketch import DataSketch
from pipelines.tasks import TASKS
from pipelines.training.losses import (
    CrossEntropy,
    Focal,
    Huber,
    Pinball,
    SquaredError,
    UsualLoss,
    member_loss,
)
from pipelines.training.training import Training
from tests.training.test_fit import TARGETS, fit

RANDOM = np.random.default_rng(0)


def value_of(loss, task, truth, outputs, target=None):
    """The loss of each row, float [rows]; outputs: [rows, members, outputs]."""
    built = member_loss(loss, target or TARGETS[task])
    return np.asarray(built.call(np.float32(truth), np.float32(outputs)))


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def softmax(logits):
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_losses_of_classes_are_their_formulas(gamma, smoothing):
    if gamma:
        loss = Focal(gamma=gamma, label_smoothing=smoothing)
    else:
        loss = CrossEntropy(label_smoothing=smoothing)
    logits = RANDOM.normal(size=(8, 3, 1))
    truth = RANDOM.integers(0, 2, (8, 1)).astype(float)
    p = sigmoid(logits)
    y = truth[:, None] * (1 - smoothing) + smoothing / 2
    hit = y * p + (1 - y) * (1 - p)
    entropy = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    expected = ((1 - hit) ** gamma * entropy).mean(axis=(1, 2))
    np.testing.assert_allclose(value_of(loss, "binary", truth, logits), expected, rtol=1e-4)

    logits = RANDOM.normal(size=(8, 3, 3))
    truth = np.eye(3)[RANDOM.integers(0, 3, 8)]
    p = softmax(logits)
    y = truth[:, None] * (1 - smoothing) + smoothing / 3
    expected = ((1 - p) ** gamma * -y * np.log(p)).sum(axis=2).mean(axis=1)
    np.testing.assert_allclose(value_of(loss, "multiclass", truth, logits), expected, rtol=1e-4)


def test_losses_of_numbers_pass_over_what_is_unknown():
    from dataclasses import replace

    target = replace(TARGETS["forecast"], quantiles=())
    truth = np.array([[0.0, 1.0], [np.nan, 3.0], [np.nan, np.nan]])
    outputs = np.array([[[0.5, 3.0]], [[9.0, 3.5]], [[1.0, 1.0]]])
    share = np.array([1.0, 20.0]) / 10.5
    expected = [(0.25 * share[0] ** 2 + 4 * share[1] ** 2) / 2, 0.25 * share[1] ** 2, 0]
    squared = value_of(SquaredError(), "", truth, outputs, target)
    np.testing.assert_allclose(squared, expected, rtol=1e-5)
    np.testing.assert_allclose(squared, value_of(None, "", truth, outputs, target), rtol=1e-6)
    expected = [(0.125 * share[0] + 1.5 * share[1]) / 2, 0.125 * share[1], 0]
    huber = value_of(Huber(delta=1.0), "", truth, outputs, target)
    np.testing.assert_allclose(huber, expected, rtol=1e-5)
    np.testing.assert_array_equal(
        value_of(Pinball(), "forecast", truth, np.repeat(outputs, 3, axis=2)),
        value_of(None, "forecast", truth, np.repeat(outputs, 3, axis=2)),
    )


@pytest.mark.parametrize(
    "loss, task",
    [
        (CrossEntropy(), "binary"),
        pytest.param(CrossEntropy(), "multiclass", marks=pytest.mark.full),
        pytest.param(SquaredError(), "regression", marks=pytest.mark.full),
        (Pinball(), "forecast"),
    ],
)
def test_the_task_s_own_loss_has_a_name(loss, task):
    plain = fit(task, epochs=1)
    named = fit(task, epochs=1, loss=loss)
    assert named.history["loss"] == pytest.approx(plain.history["loss"], rel=1e-5)
    assert fit(task, epochs=1, loss=UsualLoss()).history == plain.history


@pytest.mark.parametrize(
    "loss, task, words",
    [
        (Focal(), "regression", "Focal is a loss of classes, and 'y' has none"),
        (CrossEntropy(), "forecast", "CrossEntropy is a loss of classes, and 'y' has none"),
        (SquaredError(), "binary", "SquaredError is a loss of numbers, and 'y' has none"),
        (Huber(), "forecast", "Huber learns one value a step"),
        (Pinball(), "regression", "Pinball is a loss of quantiles"),
    ],
)
def test_a_loss_that_does_not_suit_the_target_is_refused_in_words(loss, task, words):
    with pytest.raises(RecipeError, match=words):
        fit(task, loss=loss)


@pytest.mark.parametrize("loss, suiting", [(Focal(), "binary"), (Huber(), "regression")])
def test_a_loss_names_the_task_that_it_does_not_suit(loss, suiting):
    other = {"binary": "regression", "regression": "binary"}[suiting]
    training = Training(loss=loss)
    assert training.suits(DataSketch(tasks=(TASKS[suiting],))) == ""
    assert training.suits(DataSketch()) == Training().suits(DataSketch(tasks=(TASKS[other],))) == ""
    assert f"the task is {other}" in training.suits(DataSketch(tasks=(TASKS[other],)))
