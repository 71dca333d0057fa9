"""Concatenations that TFLM can read: in groups, with the same outputs bit for bit."""

import numpy as np
import pytest

from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.group_joins import MAX_JOINED, group_joins, groups_of
from pipelines.convert.operators import operator_sequence
from pipelines.device.runner import LiteRT
from pipelines.errors import VerifyError
from pipelines.rows.parts import Schema, TrainSet
from pipelines.targets.micro.runner import Micro, micro_available

needs_micro = pytest.mark.skipif(not micro_available(), reason="needs tflite-micro (Linux)")


def join_of(widths, *, axis=1, dtype="INT8"):
    """A TFLite file of one CONCATENATION of inputs [1, width, 2], or [1, 2, width] for axis 2."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name, width):
        made = schema.TensorT()
        made.name, made.shape = name, [1, width, 2] if axis == 1 else [1, 2, width]
        made.type, made.buffer = getattr(schema.TensorType, dtype), 0
        if dtype == "INT8":
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [0.25], [3]
        return made

    model = schema.ModelT()
    graph = schema.SubGraphT()
    code = schema.OperatorCodeT()
    operator = schema.OperatorT()
    graph.tensors = [
        *(tensor(f"x{place}", width) for place, width in enumerate(widths)),
        tensor("y", sum(widths)),
    ]
    graph.inputs, graph.outputs = list(range(len(widths))), [len(widths)]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONCATENATION
    code.version = 1
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, graph.inputs, graph.outputs
    operator.builtinOptions, operator.builtinOptionsType = (
        schema.ConcatenationOptionsT(),
        schema.BuiltinOptions.ConcatenationOptions,
    )
    operator.builtinOptions.axis = axis
    graph.operators = [operator]
    empty = schema.BufferT()
    empty.data = []
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [empty]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def rows_for(widths, *, axis=1, dtype=np.int8):
    random = np.random.default_rng(0)
    shapes = [(3, width, 2) if axis == 1 else (3, 2, width) for width in widths]
    return {
        f"x{place}": random.integers(-128, 128, shape).astype(dtype)
        for place, shape in enumerate(shapes)
    }


@needs_micro
@pytest.mark.parametrize("num_inputs", [11, 19, 20, 25, 100, 101, 250])
def test_what_tflm_refuses_it_runs_in_groups(num_inputs):
    widths = [1 + place % 3 for place in range(num_inputs)]
    content = join_of(widths)
    rows = rows_for(widths)
    said = "TFLM fails to prepare the operator CONCATENATION .*num_inputs <= kMaxInputNum"
    with pytest.raises(VerifyError, match=said):
        Micro(content, list(rows))
    grouped = group_joins(content)
    assert set(operator_sequence(grouped)) == {"CONCATENATION"}
    wanted = LiteRT(content).run(rows)
    np.testing.assert_array_equal(wanted, np.concatenate(list(rows.values()), axis=1))
    np.testing.assert_array_equal(LiteRT(grouped).run(rows), wanted)
    np.testing.assert_array_equal(LiteRT(grouped, kernels="reference").run(rows), wanted)
    np.testing.assert_array_equal(Micro(grouped, list(rows)).run(rows), wanted)


@needs_micro
@pytest.mark.parametrize("axis", [2, -1])
def test_along_the_last_axis_and_of_real_numbers(axis):
    widths = [2, 1, 3] * 5
    content = join_of(widths, axis=axis, dtype="FLOAT32")
    rows = rows_for(widths, axis=2, dtype=np.float32)
    wanted = LiteRT(content).run(rows)
    np.testing.assert_array_equal(Micro(group_joins(content), list(rows)).run(rows), wanted)


def test_ten_stay_as_they_are():
    content = join_of([1] * MAX_JOINED)
    assert group_joins(content) is content


@pytest.mark.parametrize("num_inputs", range(1, 130))
def test_groups_keep_the_order_and_join_no_more_than_they_must(num_inputs):
    groups = groups_of(list(range(num_inputs)))
    assert sum(groups, []) == list(range(num_inputs)) and max(map(len, groups)) <= MAX_JOINED
    if num_inputs <= MAX_JOINED**2:
        assert len(groups) == min(num_inputs, MAX_JOINED)


@needs_micro
def test_twelve_embeddings_run_under_tflm():
    import keras

    names = [f"id{place}" for place in range(12)]
    inputs = {name: keras.Input((1,), dtype="int32", name=name) for name in names}
    parts = [keras.layers.Flatten()(keras.layers.Embedding(5, 3)(each)) for each in inputs.values()]
    model = keras.Model(
        inputs, keras.layers.Dense(2, name="logits")(keras.layers.Concatenate()(parts))
    )
    random = np.random.default_rng(0)
    rows = {name: random.integers(0, 5, (40, 1)).astype(np.int32) for name in names}
    train = TrainSet(rows, np.zeros(40, int), np.arange(40), Schema((), None))
    int8 = convert(model, train, files=TfliteFiles(("int8",)))["int8"]
    plain = LiteRT(int8, kernels="reference")
    assert operator_sequence(int8).count("CONCATENATION") == 2
    steps = Micro(int8, plain.port_names()).run(rows).astype(int) - plain.run(rows)
    assert np.abs(steps).max() <= 1  # of the dense layer, which rounds ties in another way
