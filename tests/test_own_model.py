"""Bring your own Keras model: the converter's traps are mended or named before anything is converted."""

import numpy as np
import pytest

from pipelines.device import Runner
from pipelines.export.bundle import read_golden_rows
from pipelines.export.own_model import export_model


@pytest.fixture(scope="module")
def numbers():
    """Two hundred rows of four columns of unlike scales, float64."""
    return np.random.default_rng(0).normal(size=(200, 4)) * [1, 100, 1e-3, 5] + [0, 2500, 0, 1]


def check(bundle, forms=("keras", "litert_float32", "litert_int8", "micro_int8")):
    """The bundle is whole and its ladder is about one model."""
    assert bundle.check()
    report, runner = bundle.report, bundle.runner()
    assert [rung["form"] for rung in report["ladder"]] == list(forms)
    assert report["gate"]["passed"] and all(rung["agreement"] >= 0.9 for rung in report["ladder"])
    assert len(runner.predict(read_golden_rows(bundle.folder)).scores) == 10
    return report




def answers_of(parts):
    """What the model that would ship says, and the given one."""
    from pipelines.export.own_model import _activated
    prepared = Runner(parts.signature, None, form="float32").prepare(parts.columns)
    return _activated(KerasInterpreter(parts.model).run(prepared), parts.activation), parts.said


def apart(model, rows, labels=()):
    import keras
    keras.utils.set_random_seed(0)
    rows = read_rows(model, rows)
    return take_apart(model, rows, np.arange(len(next(iter(rows.values())))), labels=labels)


def normalized(x):
    import keras
    layer = keras.layers.Normalization()
    layer.adapt(x)
    return layer
