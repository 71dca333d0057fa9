"""A branch that is added to something larger has an int8 range of its own."""

import keras
import numpy as np
import pytest

from pipelines.convert.lower import lower
from pipelines.convert.write import tflite_bytes
from pipelines.targets.c.model.network import read_network

# The converter's own calibration uses an interpreter that it calls outdated.
pytestmark = pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter:UserWarning")

WIDTH = 16


def residual_net(kind):
    """(the net, its branch), which adds to x a hundredth of it."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    small = keras.initializers.RandomNormal(stddev=0.01)
    x = inputs = keras.Input((4, 8), name="x")
    x = layers.Dense(WIDTH, name="first")(x)
    if kind == "dense":
        branch = layers.Dense(WIDTH, kernel_initializer=small, name="branch")(x)
    else:
        convolve = layers.Conv1D(WIDTH, 3, padding="same", kernel_initializer=small, name="branch")
        branch = convolve(x)
    x = layers.Add(name="sum")([x, branch])
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(3, name="last")(x)
    return keras.Model({"x": inputs}, x), keras.Model({"x": inputs}, branch)


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_a_small_branch_is_rounded_in_small_steps(kind):
    net, branch = residual_net(kind)
    rows = {"x": np.random.default_rng(0).normal(size=(50, 4, 8)).astype(np.float32)}
    content = tflite_bytes(lower(net), rows, form="int8")
    values = branch.predict(rows, verbose=0)
    step = (values.max() - values.min()) / 255
    (add,) = [each for each in read_network(content).operations if each.kind == "ADD"]
    scales = sorted(float(tensor.scales[0]) for tensor in add.inputs)
    assert scales[0] == pytest.approx(step, rel=0.01)
    assert scales[1] > 10 * step
