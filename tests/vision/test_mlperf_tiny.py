"""The four nets of MLPerf Tiny (Banbury et al. 2021, https://arxiv.org/abs/2106.07597) with drawn
weights: their int8 files are at most as large as the published ones and run in TFLM.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.quantize import Quantize
from pipelines.device.runner import LiteRT
from pipelines.rows.parts import Schema, TrainSet
from pipelines.targets.micro.runner import Micro, micro_available
from pipelines.training.members import average_members
from pipelines.vision.mobile import MobileNetV1
from pipelines.vision.networks import DsCnn, ResNet8
from tests.vision.test_networks import signature_of

if not micro_available():
    pytest.skip("pip install tflite-micro", allow_module_level=True)

# Name → the net, what it reads, its number of classes, the bytes published and at most so many of
# TFLM's arena: what was measured, and a tenth more.
NETS = {
    "image classification": (ResNet8(), (32, 32, 3), 10, 98_496, 61_000),
    "keyword spotting": (DsCnn(stem_kernel=(10, 4)), (49, 10, 1), 12, 53_936, 27_000),
    "person detection": (MobileNetV1(), (96, 96, 3), 2, 333_288, 114_000),
}


def drawn(model, random):
    """The model with statistics, factors and offsets as after training: no bias that is zero and
    would be left out.
    """
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.set_weights(
                [random.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()]
            )
    return model


def autoencoder():
    """The anomaly detector: 640 numbers of a spectrogram through four dense layers of 128 to a code
    of 8, and back.
    """
    import keras

    x = inputs = keras.Input((640,), name="spectrogram")
    for width in (*(128,) * 4, 8, *(128,) * 4):
        x = keras.layers.Dense(width)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    return keras.Model(
        {"spectrogram": inputs}, keras.layers.Dense(640, bias_initializer="random_normal")(x)
    )


def check(model, rows, quantize, *, most_bytes, most_arena):
    name = next(iter(rows.x))
    content = convert(model, rows, copies=1, quantize=quantize, files=TfliteFiles(("int8",)))[
        "int8"
    ]
    plain = LiteRT(content, kernels="reference")
    micro = Micro(content, plain.port_names())
    x = np.random.default_rng(1).integers(-128, 128, (2, *rows.x[name].shape[1:])).astype(np.int8)
    steps = np.abs(micro.run({name: x}).astype(int) - plain.run({name: x}))
    print(f"{len(content):,} bytes of {most_bytes:,}, arena {micro.arena_bytes():,} bytes")
    assert len(content) <= most_bytes and micro.arena_bytes() <= most_arena and steps.max() <= 2


def rows_of(**x):
    num_rows = len(next(iter(x.values())))
    signature = signature_of((1, 1, 1))
    return TrainSet(
        x,
        np.zeros(num_rows, np.int64),
        np.arange(num_rows),
        Schema(signature.columns, signature.target),
    )


@pytest.mark.parametrize("name", NETS)
def test_pictures_and_keywords(name):
    net, shape, num_labels, most_bytes, most_arena = NETS[name]
    random = np.random.default_rng(0)
    signature = signature_of(shape)
    labels = tuple(f"class {place}" for place in range(num_labels))
    signature = replace(
        signature,
        target=replace(signature.target, labels=labels),
        output=replace(signature.output, shape=(num_labels,)),
    )
    model = drawn(average_members(net.build(signature)), random)
    rows = rows_of(picture=random.integers(0, 256, (8, *shape)).astype(np.uint8))
    check(model, rows, Quantize(), most_bytes=most_bytes, most_arena=most_arena)


def test_anomalies():
    random = np.random.default_rng(0)
    rows = rows_of(spectrogram=random.normal(size=(8, 640)).astype(np.float32))
    # A scale for each of 1,672 outputs and their biases would take more than what is left to the
    # published bytes.
    check(
        drawn(autoencoder(), random),
        rows,
        Quantize(dense_weights="per_tensor"),
        most_bytes=276_976,
        most_arena=18_000,
    )
