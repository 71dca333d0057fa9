"""Every loss, optimizer and schedule: an object of Keras, and steps that are finite and the same
each time.
"""

import numpy as np
import pytest

from pipelines import slots
from pipelines.device.target import Target
from pipelines.rows.sketch import DataSketch
from pipelines.tasks import task_of
from pipelines.training.losses import member_loss
from pipelines.training.training import Training
from tests.contracts.samples import members, name_of, with_defaults

NUM_ROWS = 8
EPOCHS = 6
# A target of every kind of output, and the number of its outputs.
TARGETS = (
    (Target("y", "binary", ("no", "yes")), 1),
    (Target("y", "multiclass", ("a", "b", "c")), 3),
    (Target("y", "multilabel", ("a", "b", "c"), separator="|"), 3),
    (Target("y", "regression"), 1),
    (Target("y", "forecast", step_offsets=(0.0,) * 4, step_factors=(1.0,) * 4), 4),
    (
        Target(
            "y",
            "forecast",
            quantiles=(0.1, 0.5, 0.9),
            step_offsets=(0.0,) * 4,
            step_factors=(1.0,) * 4,
        ),
        12,
    ),
)
LOSSES = members(slots.Loss)


def truth_and_outputs(target, num_outputs):
    """float32 [rows, labels] and [rows, members, outputs]."""
    random = np.random.default_rng(0)
    outputs = random.normal(size=(NUM_ROWS, 2, num_outputs)).astype(np.float32)
    num_labels = num_outputs // max(len(target.quantiles), 1)
    if task_of(target).output_kind == "values":
        truth = random.normal(size=(NUM_ROWS, num_labels)).astype(np.float32)
    elif target.task == "multiclass":
        truth = np.eye(num_labels, dtype=np.float32)[np.arange(NUM_ROWS) % num_labels]
    else:
        truth = random.integers(0, 2, (NUM_ROWS, num_labels)).astype(np.float32)
    return truth, outputs


def descended(loss, target, num_outputs):
    """The loss before a step along its gradient, and after it."""
    import tensorflow as tf

    truth, outputs = truth_and_outputs(target, num_outputs)
    built = member_loss(loss, target)
    variable = tf.Variable(outputs)
    values = []
    for _ in range(2):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(built(truth, variable))
        gradient = tape.gradient(value, variable)
        assert np.isfinite(gradient.numpy()).all() and np.abs(gradient.numpy()).max() > 0
        variable.assign_sub(0.1 * gradient)
        values.append(float(value))
    return values


@pytest.mark.parametrize("kind", LOSSES, ids=name_of)
def test_a_loss_suits_a_target(kind):
    loss = with_defaults(kind)
    suited = [target for target, _ in TARGETS if not loss.suits_target(target)]
    assert suited
    for target in suited:  # what suits the target suits what is known before it
        assert loss.suits(DataSketch((task_of(target),))) == ""


@pytest.mark.parametrize("kind", LOSSES, ids=name_of)
def test_a_loss_falls_along_its_gradient(kind):
    import keras

    loss = with_defaults(kind)
    for target, num_outputs in TARGETS:
        if loss.suits_target(target):
            continue
        built = loss.build(target)
        assert isinstance(built, keras.losses.Loss) or callable(built)
        truth, outputs = truth_and_outputs(target, num_outputs)
        truth = np.broadcast_to(truth[:, None], (NUM_ROWS, 2, truth.shape[1]))
        assert tuple(built(truth, outputs).shape) == (NUM_ROWS, 2), "a loss a row and a member"
        before, after = descended(loss, target, num_outputs)
        assert np.isfinite([before, after]).all() and after < before
        assert [before, after] == descended(loss, target, num_outputs)


def weights_after_a_step(optimizer, rate):
    import tensorflow as tf

    weights = tf.Variable(np.linspace(-1, 1, 6, dtype=np.float32))
    built = optimizer.build(rate)
    built.apply_gradients([(tf.constant([1.0, -1.0, 0.5, 0.0, 2.0, -0.1]), weights)])
    return weights.numpy()


@pytest.mark.parametrize("kind", members(slots.Optimizer), ids=name_of)
def test_an_optimizer_goes_down(kind):
    import keras

    optimizer = with_defaults(kind)
    built = optimizer.build(optimizer.learning_rate)
    assert isinstance(built, keras.optimizers.Optimizer)
    assert float(built.learning_rate) == pytest.approx(optimizer.learning_rate)
    assert optimizer.build(0.1) is not optimizer.build(0.1)
    before = np.linspace(-1, 1, 6, dtype=np.float32)
    after = weights_after_a_step(optimizer, 0.1)
    assert np.isfinite(after).all()
    moved = after - before
    assert (moved[[0, 2, 4]] < 0).all() and (moved[[1, 5]] > 0).all()
    np.testing.assert_array_equal(after, weights_after_a_step(optimizer, 0.1))


@pytest.mark.parametrize("optimizer", members(slots.Optimizer), ids=name_of)
@pytest.mark.parametrize("kind", members(slots.Schedule), ids=name_of)
def test_a_schedule_gives_an_optimizer_its_rate(kind, optimizer):
    schedule = with_defaults(kind)
    rate = schedule.rate(0.1, epochs=EPOCHS, steps=10)
    built = with_defaults(optimizer).build(rate)
    assert float(built.learning_rate) <= 0.1 + 1e-6
    training = Training(optimizer=with_defaults(optimizer), schedule=schedule)
    assert training.optimizer == with_defaults(optimizer)


@pytest.mark.parametrize("kind", members(slots.Schedule), ids=name_of)
def test_the_rates_of_a_schedule(kind):
    import keras

    schedule = with_defaults(kind)
    rate = schedule.rate(0.1, epochs=EPOCHS, steps=10)
    if not isinstance(rate, float):
        assert isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)
        rates = [float(rate(step)) for step in range(EPOCHS * 10)]
        assert np.isfinite(rates).all() and min(rates) >= 0
        assert max(rates) == pytest.approx(0.1, rel=0.2)
        assert rates == [float(rate(step)) for step in range(EPOCHS * 10)]
    for callback in schedule.callbacks("val_loss", "min"):
        assert isinstance(callback, keras.callbacks.Callback)
