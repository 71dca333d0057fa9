"""Starts learned over tasks: what each way moves them by, and that new classes are learned better
from there than from drawn weights.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.answers.frame.rows import softmax
from pipelines.errors import RecipeError, TrainError
from pipelines.sources.tensorflow import load_tensorflow
from pipelines.studies.learned_starts import ClassRows, FirstOrderMaml, Reptile, TaskNet
from pipelines.training.optimizers import Adam

NUM_VALUES = 16
TOLERANCE = {"rtol": 1e-4, "atol": 1e-6}


def made_net(width=0, num_values=NUM_VALUES):
    """A net of two classes, with batch normalization in it if it has a hidden layer."""
    load_tensorflow()
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    inputs = keras.Input((num_values,), name="x")
    x = inputs
    if width:
        x = layers.Dense(width)(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
    logits = layers.Dense(2)(x)
    stacked = layers.Reshape((1, 2))(logits)
    return keras.Model({"x": inputs}, stacked)


def made_rows(num_classes=12, num_rows=40):
    """Classes whose means differ in three of sixteen values, and noise in all of them."""
    random = np.random.default_rng(0)
    means = np.zeros((num_classes, NUM_VALUES))
    means[:, :3] = 2 * random.normal(size=(num_classes, 3))
    y = np.repeat(np.arange(num_classes), num_rows)
    noise = random.normal(size=(len(y), NUM_VALUES))
    x = means[y] + noise
    return ClassRows({"x": x.astype(np.float32)}, y)


def slopes_by_hand(kernel, bias, x, y):
    shares = softmax(x @ kernel + bias)
    shares[np.arange(len(y)), y] -= 1
    shares /= len(y)
    return x.T @ shares, shares.sum(axis=0)


def steps_by_hand(weights, x, y, *, steps, rate):
    for _ in range(steps):
        slopes = slopes_by_hand(*weights, x, y)
        weights = [each - rate * slope for each, slope in zip(weights, slopes, strict=True)]
    return weights


def test_a_task_has_rows_of_each_class_in_turns():
    rows = made_rows(num_classes=5, num_rows=6)
    x, y = rows.draw(3, 2, np.random.default_rng(1))
    assert y.tolist() == [0, 1, 2, 0, 1, 2] and x["x"].shape == (6, NUM_VALUES)
    places = [np.flatnonzero((rows.x["x"] == row).all(axis=1))[0] for row in x["x"]]
    classes = rows.y[places]
    assert classes[:3].tolist() == classes[3:].tolist() and len(set(classes)) == 3
    assert len(set(places)) == 6
    for num_ways, num_examples in ((6, 2), (3, 7)):
        with pytest.raises(RecipeError, match="as many classes"):
            rows.draw(num_ways, num_examples, np.random.default_rng(0))


def test_both_ways_move_the_start_as_by_hand():
    net = TaskNet(made_net(num_values=4))
    start = net.weights
    random = np.random.default_rng(2)
    halves = []
    for _ in range(2):
        x = random.normal(size=(6, 4)).astype(np.float32)
        halves.append(({"x": x}, np.array([0, 1] * 3, np.int32)))
    (x, y), (other, other_y) = halves
    knobs = {"num_steps": 3, "step_rate": 0.2}
    after = steps_by_hand(start, x["x"], y, steps=3, rate=0.2)
    wanted = slopes_by_hand(*after, other["x"], other_y)
    found = FirstOrderMaml(**knobs).directions(net, start, *halves)
    for one, another in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, another, **TOLERANCE)
    net.put(start)
    end = steps_by_hand(after, other["x"], other_y, steps=3, rate=0.2)
    found = Reptile(**knobs).directions(net, start, *halves)
    for direction, before, last in zip(found, start, end, strict=True):
        np.testing.assert_allclose(direction, before - last, **TOLERANCE)


def test_knobs_out_of_their_limits_are_refused():
    with pytest.raises(RecipeError, match="num_tasks"):
        Reptile(num_tasks=0).learn(None, made_rows(), num_ways=2, seed=0)


@pytest.mark.parametrize("way", [FirstOrderMaml(step_rate=10), Reptile(step_rate=10)])
def test_steps_that_run_away_are_named(way):
    rows = made_rows()
    rows.x["x"][:] *= 1e30
    with pytest.raises(TrainError, match="after task 1 of 400"):
        way.learn(TaskNet(made_net()), rows, num_ways=2, seed=0)


@pytest.mark.full
@pytest.mark.parametrize(
    "way", [FirstOrderMaml(optimizer=Adam(learning_rate=1e-2), step_rate=0.1), Reptile()]
)
def test_new_classes_are_learned_better_from_a_learned_start(way):
    """The claim of both papers: one example of two classes that no task had."""
    rows = made_rows()
    is_new = rows.y >= 8
    known, new = (ClassRows({"x": rows.x["x"][kept]}, rows.y[kept]) for kept in (~is_new, is_new))
    model = made_net(width=16)
    net = TaskNet(model)
    drawn = net.weights
    spec = replace(way, num_tasks=150)
    learned = spec.learn(net, known, num_ways=2, seed=0)
    found = []
    for start in (drawn, learned):
        random = np.random.default_rng(3)
        scores = []
        for _ in range(30):
            x, y = new.draw(2, 21, random)
            net.put(start)
            net.learn({"x": x["x"][:2]}, y[:2], steps=10, rate=spec.step_rate)
            logits = np.asarray(model({"x": x["x"][2:]}))[:, 0]
            scores.append(np.mean(logits.argmax(axis=1) == y[2:]))
        found.append(np.array(scores))
    gain = found[1] - found[0]
    assert gain.mean() > 2 * gain.std(ddof=1) / 30**0.5
    [moving] = [each for each in model.layers if each.name.startswith("batch")]
    assert np.array_equal(moving.moving_mean, np.zeros(16))
