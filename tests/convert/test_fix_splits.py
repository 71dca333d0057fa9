"""Splits with a result that nothing reads: in int8, however the converter chose."""

import numpy as np
import pytest

from pipelines.convert.convert import convert
from pipelines.convert.fix_splits import fix_splits
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.operators import operator_sequence
from pipelines.rows.parts import Schema, TrainSet
from pipelines.targets.c.model.reference import NumpyModel
from tests.targets.c.small_files import SmallFile

SCALES = {"scale": 0.05, "zero_point": 3}


def file_of(*, in_float, last_scale=0.05):
    """A row of six is split into three, of which the middle is not read; the others are joined."""
    file = SmallFile()
    x = file.input(1, 6, **SCALES)
    axis = file.numbers(1)
    parts = {"shape": (1, 2), **SCALES}
    if not in_float:
        outputs = [new(file, **parts) for _ in range(3)]
        split(file, axis, x, outputs)
        return joined(file, outputs[0], outputs[2])
    floats = new(file, shape=(1, 6), dtype="float32")
    file.operator("DEQUANTIZE", [x], floats, "DequantizeOptions")
    outputs = [new(file, shape=(1, 2), dtype="float32") for _ in range(3)]
    split(file, axis, floats, outputs)
    first = new(file, **parts)
    last = new(file, **{**parts, "scale": last_scale})
    file.operator("QUANTIZE", [outputs[0]], first, "QuantizeOptions")
    file.operator("QUANTIZE", [outputs[2]], last, "QuantizeOptions")
    return joined(file, first, last, scale=last_scale)


def new(file, *, shape, dtype="int8", scale=0.05, zero_point=3):
    return file.output(*shape, dtype=dtype, scale=scale, zero_point=zero_point)


def split(file, axis, taken, outputs):
    file.operator("SPLIT", [axis, taken], outputs[0], "SplitOptions", numSplits=3)
    file._operators[-1].outputs = outputs


def joined(file, first, last, *, scale=0.05):
    y = new(file, shape=(1, 4), scale=scale)
    return file.of("CONCATENATION", [first, last], y, "ConcatenationOptions", axis=1)


def test_a_split_in_float_becomes_one_of_int8():
    fixed = fix_splits(file_of(in_float=True))
    assert operator_sequence(fixed) == ["SPLIT", "CONCATENATION"]
    row = np.arange(6, dtype=np.int8).reshape(1, 6)
    np.testing.assert_array_equal(NumpyModel(fixed).run({"x0": row}), [[0, 1, 4, 5]])


def test_a_result_of_another_scale_is_still_quantized():
    fixed = fix_splits(file_of(in_float=True, last_scale=0.1))
    assert operator_sequence(fixed) == ["SPLIT", "QUANTIZE", "CONCATENATION"]


def test_a_file_without_such_a_split_stays_as_it_is():
    content = file_of(in_float=False)
    assert fix_splits(content) is content


@pytest.mark.full
def test_one_model_gives_one_file():
    """A gate of the first step is not read, as the state is 0: of six conversions half differed."""
    import keras

    keras.utils.set_random_seed(0)
    series = keras.Input((3, 2), name="series")
    model = keras.Model({"series": series}, keras.layers.Dense(2)(keras.layers.GRU(4)(series)))
    rows = np.random.default_rng(0).normal(size=(40, 3, 2)).astype(np.float32)
    train = TrainSet({"series": rows}, np.zeros(40, int), np.arange(40), Schema((), None))
    contents = set()
    for _ in range(6):
        contents.add(convert(model, train, files=TfliteFiles(("int8",)), copies=1)["int8"])
    (content,) = contents
    assert "DEQUANTIZE" not in operator_sequence(content)
