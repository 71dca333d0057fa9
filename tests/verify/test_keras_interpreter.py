"""The Keras model as a runtime: rows in pieces where feature maps are wide, the same answers."""

import keras
import numpy as np

from pipelines.verify import keras_interpreter
from pipelines.verify.keras_interpreter import KerasInterpreter


def test_wide_feature_maps_are_computed_for_some_rows_at_a_time(monkeypatch):
    x = keras.Input((50, 1), name="x")
    wide = keras.layers.Conv1D(64, 3)(x)
    model = keras.Model({"x": x}, keras.layers.GlobalAveragePooling1D()(wide))
    rows = {"x": np.random.default_rng(0).normal(size=(23, 50, 1)).astype(np.float32)}
    whole = KerasInterpreter(model).run(rows)
    monkeypatch.setattr(keras_interpreter, "MOST_VALUES", 5 * 48 * 64)
    sizes = []

    class Counting(KerasInterpreter):
        def _call(self, inputs):
            sizes.append(len(inputs["x"]))
            return super()._call(inputs)

    pieces = Counting(model).run(rows)
    assert sizes == [5, 5, 5, 5, 3]
    np.testing.assert_allclose(pieces, whole, atol=1e-6)
    assert whole.shape == (23, 64)
    assert KerasInterpreter(model).run({"x": rows["x"][:0]}).shape == (0, 64)
