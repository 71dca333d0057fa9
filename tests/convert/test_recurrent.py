"""Recurrent layers in int8: states in the scale that kernels expect, and ranges of every step."""

import numpy as np
import pytest

from pipelines.convert.convert import convert
from pipelines.convert.fix_lstms import fix_lstms
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.full_windows import MAX_ROWS, with_full_windows
from pipelines.device.runner import LiteRT
from pipelines.rows.parts import Schema, TrainSet
from pipelines.targets.micro.runner import Micro, micro_available

NUM_STEPS = 12


def train_set(x):
    return TrainSet(x, np.zeros(len(next(iter(x.values()))), int), np.arange(40), Schema((), None))


def lstm_both_ways(size):
    """A model whose two LSTMs go into a concatenation, the second turned around before it, and
    series [40, steps, 3] of that size.
    """
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    series = keras.Input((NUM_STEPS, 3), name="series")
    ways = []
    for name, backwards in (("forward", False), ("backward", True)):
        layer = layers.LSTM(4, return_sequences=True, go_backwards=backwards, name=name)
        ways.append(layer(series))
    ways[1] = keras.ops.flip(ways[1], axis=1)
    both = layers.Concatenate(name="both")([*ways, layers.Rescaling(2.0, name="twice")(series)])
    flat = layers.Flatten(name="flat")(both)
    model = keras.Model({"series": series}, layers.Dense(2, name="logits")(flat))
    rows = np.random.default_rng(0).normal(size=(40, NUM_STEPS, 3)) * size
    return model, rows.astype(np.float32)


@pytest.mark.parametrize("size", [1.0, 0.05], ids=["usual", "small"])
def test_lstms_that_are_joined_answer_as_keras_does(size):
    model, rows = lstm_both_ways(size)
    content = convert(model, train_set({"series": rows}), files=TfliteFiles(("int8",)), copies=1)
    int8 = content["int8"]
    plain = LiteRT(int8, kernels="reference")
    scale, zero_point = plain.quantization()["series"]
    steps = np.round(rows / scale + zero_point)
    x = {"series": np.clip(steps, -128, 127).astype(np.int8)}
    scale, zero_point = plain.quantization()["output"]
    wanted = np.asarray(model({"series": rows}))
    answers = {"LiteRT": LiteRT(int8).run(x), "reference": plain.run(x)}
    if micro_available():
        answers["TFLM"] = Micro(int8, plain.port_names()).run(x)
    for runtime, found in answers.items():
        errors = (found.astype(np.float64) - zero_point) * scale - wanted
        lost = np.mean(errors**2) / wanted.var()
        assert lost < 0.01, runtime
    assert fix_lstms(int8) is int8


def test_steps_that_no_text_reaches_get_a_range():
    import keras

    ids = np.zeros((40, 10), np.int32)
    ids[:, 7:] = np.random.default_rng(0).integers(1, 6, (40, 3))
    tokens = keras.Input((10,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(6, 4, name="table")(tokens)
    for kind, is_filled in (("GRU", True), ("SimpleRNN", True), ("LSTM", False)):
        layer = getattr(keras.layers, kind)(4, name="cell")
        model = keras.Model({"tokens": tokens}, layer(x))
        filled = with_full_windows(model, {"tokens": ids})["tokens"]
        np.testing.assert_array_equal(filled[: len(ids)], ids)
        assert len(filled) == len(ids) + is_filled * min(MAX_ROWS, len(ids))
        if is_filled:
            assert filled[len(ids) :].all()
            assert set(filled[-1]) == set(ids[-1]) - {0}


def test_rows_that_use_their_window_stay_as_they_are():
    import keras

    ids = np.ones((40, 10), np.int32)
    tokens = keras.Input((10,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(6, 4, name="table")(tokens)
    model = keras.Model({"tokens": tokens}, keras.layers.GRU(4, name="cell")(x))
    rows = {"tokens": ids}
    assert with_full_windows(model, rows) is rows
