"""Convolutions whose channels have one scale: written once, the same outputs bit for bit."""

import keras
import numpy as np
import pytest

from pipelines.convert.fix_biases import fix_biases
from pipelines.convert.share_scales import share_scales
from pipelines.convert.write import tflite_bytes
from pipelines.device.runner import LiteRT

# The converter's own calibration uses an interpreter that it calls outdated.
pytestmark = pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter:UserWarning")


def converted(largest):
    """An int8 file of one convolution; `largest`: the largest weight of each of its filters."""
    random = np.random.default_rng(0)
    x = keras.Input((20, 1, 1), name="x")
    layer = keras.layers.Conv2D(len(largest), (9, 1), activation="relu6")
    model = keras.Model({"x": x}, keras.layers.Flatten()(layer(x)))
    kernel = random.uniform(-1, 1, (9, 1, 1, len(largest)))
    kernel[4] = 1.0
    layer.set_weights([kernel * largest, random.normal(0, 1, len(largest))])
    rows = {"x": random.normal(0, 1, (40, 20, 1, 1)).astype(np.float32)}
    return fix_biases(tflite_bytes(model, rows, form="int8"))


@pytest.mark.parametrize("kernels", ["xnnpack", "reference"])
def test_outputs_stay(kernels):
    content = converted([2.0] * 16)
    shared = share_scales(content)
    assert len(content) - len(shared) > 16 * (4 + 8)
    x = np.random.default_rng(1).integers(-128, 128, (50, 20, 1, 1)).astype(np.int8)
    outputs = [LiteRT(each, kernels=kernels).run({"x": x}) for each in (content, shared)]
    np.testing.assert_array_equal(*outputs)
    assert len(np.unique(outputs[0])) > 100
    assert share_scales(shared) is shared


def test_scales_that_differ_stay():
    content = converted([2.0, 2.0, 2.5])
    assert share_scales(content) is content
