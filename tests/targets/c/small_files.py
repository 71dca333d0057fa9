"""int8 TFLite files of one operator with shapes, strides and scales that are all unlike, written
without a converter.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.graph import Graph
from pipelines.convert.packed import packed
from pipelines.rows.parts import Schema, TrainSet

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
RELU, RELU6 = schema.ActivationFunctionType.RELU, schema.ActivationFunctionType.RELU6
_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int8": schema.TensorType.INT8,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
}


class SmallFile:
    """Collects tensors and operators."""

    def __init__(self):
        self._random = np.random.default_rng(7)
        self._tensors = []
        self._buffers = [schema.BufferT()]
        self._operators = []
        self._codes = []
        self.inputs = []

    def input(self, *shape, scale=0.05, zero_point=3, dtype="int8"):
        """A tensor that each row gives."""
        place = self._tensor(f"x{len(self.inputs)}", shape, dtype, [scale], zero_point)
        self.inputs.append(place)
        return place

    def output(self, *shape, scale=0.1, zero_point=-5, dtype="int8"):
        return self._tensor("output", shape, dtype, [scale], zero_point)

    def weights(self, *shape, scales=(0.01,), axis=0):
        """Random int8 about 0, with a scale for each channel along an axis."""
        values = self._random.integers(-127, 128, shape).astype(np.int8)
        return self._tensor("weights", shape, "int8", scales, 0, values, axis)

    def constant(self, values, *, scale, zero_point=0):
        """A constant of any type."""
        dtype = str(values.dtype)
        return self._tensor("constant", values.shape, dtype, [scale], zero_point, values)

    def bias(self, size, scales=(0.0005,)):
        values = self._random.integers(-2000, 2000, size).astype(np.int32)
        return self._tensor("bias", (size,), "int32", scales, 0, values)

    def numbers(self, values):
        """A constant of int32, such as axes."""
        values = np.array(values, np.int32)
        return self._tensor("numbers", values.shape, "int32", [], 0, values)

    def operator(self, kind, inputs, output, options="", **fields):
        """Adds an operator of a kind."""
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._operators)
        operator.inputs = inputs
        operator.outputs = [output]
        if options:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            operator.builtinOptions = getattr(schema, f"{options}T")()
            for name, value in fields.items():
                assert name in vars(operator.builtinOptions), name
                setattr(operator.builtinOptions, name, value)
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = 1
        self._operators.append(operator)
        self._codes.append(code)

    def of(self, kind, inputs, output, options="", **fields):
        """The content of a file that ends with an operator of a kind."""
        self.operator(kind, inputs, output, options, **fields)
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self._tensors, self._operators
        graph.inputs, graph.outputs = self.inputs, [output]
        model = schema.ModelT()
        model.version = 3
        model.operatorCodes, model.subgraphs, model.buffers = self._codes, [graph], self._buffers
        return packed(model)

    def _tensor(self, name, shape, dtype, scales, zero_point, values=None, axis=0):
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = list(shape)
        tensor.type = _TYPES[dtype]
        tensor.buffer = 0
        if len(scales):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array(scales, np.float32)
            tensor.quantization.zeroPoint = np.full(len(scales), zero_point, np.int64)
            tensor.quantization.quantizedDimension = axis
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            self._buffers.append(buffer)
            tensor.buffer = len(self._buffers) - 1
        self._tensors.append(tensor)
        return len(self._tensors) - 1


def _scales(size):
    return np.linspace(0.004, 0.02, size)


def conv(
    padding,
    *,
    kernel=(2, 3),
    strides=(2, 1),
    dilations=(1, 1),
    activation=RELU,
    size=(7, 6, 5),
    groups=1,
    depth=4,
):
    file = SmallFile()
    height, width, outputs = size
    x = file.input(1, height, width, depth)
    weights = file.weights(outputs, *kernel, depth // groups, scales=_scales(outputs))
    bias = file.bias(outputs, scales=_scales(outputs) * 0.05)
    places = _places((height, width), kernel, strides, dilations, padding)
    y = file.output(1, *places, outputs)
    return file.of(
        "CONV_2D",
        [x, weights, bias],
        y,
        "Conv2DOptions",
        padding=padding,
        strideH=strides[0],
        strideW=strides[1],
        dilationHFactor=dilations[0],
        dilationWFactor=dilations[1],
        fusedActivationFunction=activation,
    )


def depthwise(padding, *, strides=(1, 2), dilations=(1, 1), multiples=2, depth=3):
    file = SmallFile()
    x = file.input(1, 6, 7, depth)
    outputs = depth * multiples
    weights = file.weights(1, 2, 3, outputs, scales=_scales(outputs), axis=3)
    bias = file.bias(outputs, scales=_scales(outputs) * 0.05)
    y = file.output(1, *_places((6, 7), (2, 3), strides, dilations, padding), outputs, scale=0.04)
    return file.of(
        "DEPTHWISE_CONV_2D",
        [x, weights, bias],
        y,
        "DepthwiseConv2DOptions",
        padding=padding,
        strideH=strides[0],
        strideW=strides[1],
        dilationHFactor=dilations[0],
        dilationWFactor=dilations[1],
        depthMultiplier=multiples,
    )


def transposed(padding, kernel=(3, 2)):
    file = SmallFile()
    weights = file.weights(3, *kernel, 4, scales=_scales(3))
    x = file.input(1, 4, 3, 4)
    bias = file.bias(3, scales=_scales(3) * 0.05)
    height, width = (8, 3) if padding == SAME else (9, 4)
    shape = file.numbers([1, height, width, 3])
    y = file.output(1, height, width, 3, scale=0.08)
    return file.of(
        "TRANSPOSE_CONV",
        [shape, weights, x, bias],
        y,
        "TransposeConvOptions",
        padding=padding,
        strideH=2,
        strideW=1,
    )


def dense(*, with_bias=True, by_channel=True, rows=2, depth=9, outputs=7):
    file = SmallFile()
    x = file.input(1, rows, depth)
    scales = _scales(outputs) if by_channel else (0.01,)
    weights = file.weights(outputs, depth, scales=scales)
    bias = file.bias(outputs, scales=np.array(scales) * 0.05) if with_bias else -1
    y = file.output(1, rows, outputs, scale=0.08)
    return file.of(
        "FULLY_CONNECTED", [x, weights, bias], y, "FullyConnectedOptions", keepNumDims=True
    )


def dense_twice():
    """Two layers share their weights, so that what zero points add is not in their biases."""
    file = SmallFile()
    weights = file.weights(5, 9, scales=_scales(5))
    results = []
    for zero_point in (3, -9):
        x = file.input(1, 9, zero_point=zero_point)
        y = file.output(1, 5, scale=0.08)
        bias = file.bias(5, scales=_scales(5) * 0.05)
        options = "FullyConnectedOptions"
        file.operator("FULLY_CONNECTED", [x, weights, bias], y, options, keepNumDims=True)
        results.append(y)
    return file.of("ADD", results, file.output(1, 5, scale=0.15), "AddOptions")


def matmul():
    file = SmallFile()
    left = file.input(1, 2, 3, 5)
    right = file.input(1, 2, 5, 4, scale=0.03, zero_point=-4)
    y = file.output(1, 2, 3, 4, scale=0.05)
    return file.of("BATCH_MATMUL", [left, right], y, "BatchMatMulOptions", adjX=False, adjY=False)


def matmul_turned():
    file = SmallFile()
    left = file.input(1, 2, 3, 5)
    right = file.input(1, 2, 4, 5, scale=0.03, zero_point=-4)
    y = file.output(1, 2, 3, 4, scale=0.05)
    return file.of("BATCH_MATMUL", [left, right], y, "BatchMatMulOptions", adjX=False, adjY=True)


def pair(kind, options="", *, scale=0.08, zero_point=-5, spread=False, **fields):
    """Two inputs; `spread`: the second one stands for all values of two axes."""
    file = SmallFile()
    left = file.input(1, 3, 2, 4)
    right = file.input(*((1, 1, 2, 1) if spread else (1, 3, 2, 4)), scale=0.031, zero_point=-7)
    y = file.output(1, 3, 2, 4, scale=scale, zero_point=zero_point)
    return file.of(kind, [left, right], y, options, **fields)


def crossed(left, right, both):
    """Each input stands for all values of other axes."""
    file = SmallFile()
    one = file.input(*left)
    other = file.input(*right, scale=0.031, zero_point=-7)
    y = file.output(*both, scale=0.08)
    return file.of("ADD", [one, other], y, "AddOptions")


def divided():
    """Divisors that are constant, as one may not be 0."""
    file = SmallFile()
    left = file.input(1, 3, 2, 4)
    values = np.arange(-6, 19, dtype=np.int8)[1:]
    values[values == 0] = 127
    right = file.constant(values.reshape(1, 3, 2, 4), scale=0.04)
    y = file.output(1, 3, 2, 4, scale=0.01, zero_point=2)
    return file.of("DIV", [left, right], y, "DivOptions", fusedActivationFunction=0)


def equal_pair(kind, options):
    file = SmallFile()
    left, right = file.input(1, 3, 2, 4), file.input(1, 3, 2, 4)
    y = file.output(1, 3, 2, 4, scale=0.05, zero_point=3)
    return file.of(kind, [left, right], y, options)


def prelu():
    file = SmallFile()
    x = file.input(1, 3, 2, 4)
    weights = file.weights(1, 1, 4, scales=(0.008,))
    y = file.output(1, 3, 2, 4, scale=0.04)
    return file.of("PRELU", [x, weights], y)


def pool(kind, padding, *, kernel=(3, 2), strides=(2, 3), size=(7, 6), activation=0):
    file = SmallFile()
    x = file.input(1, *size, 3)
    places = _places(size, kernel, strides, (1, 1), padding)
    y = file.output(1, *places, 3, scale=0.05, zero_point=3)
    return file.of(
        kind,
        [x],
        y,
        "Pool2DOptions",
        padding=padding,
        strideH=strides[0],
        strideW=strides[1],
        filterHeight=kernel[0],
        filterWidth=kernel[1],
        fusedActivationFunction=activation,
    )


def reduced(kind, axes, *, scale=0.03, zero_point=-2, sizes=(1, 5, 3, 4)):
    file = SmallFile()
    x = file.input(*sizes)
    kept = [size for axis, size in enumerate(sizes) if axis not in axes]
    y = file.output(*kept, scale=scale, zero_point=zero_point)
    return file.of(kind, [x, file.numbers(axes)], y, "ReducerOptions", keepDims=False)


def softmax(depth=7, scale=0.04):
    file = SmallFile()
    x = file.input(1, 3, depth, scale=scale)
    y = file.output(1, 3, depth, scale=1 / 256, zero_point=-128)
    return file.of("SOFTMAX", [x], y, "SoftmaxOptions", beta=1.0)


def curve(kind, scale, zero_point, options="", *, input_zero=3, **fields):
    file = SmallFile()
    x = file.input(1, 64, scale=0.05, zero_point=input_zero)
    y = file.output(1, 64, scale=scale, zero_point=zero_point)
    return file.of(kind, [x], y, options, **fields)


def gather():
    file = SmallFile()
    table = file.weights(2, 5, scales=(0.05,))
    ids = file.input(1, 4, scale=1.0, zero_point=0, dtype="int32")
    y = file.output(1, 4, 5, scale=0.05, zero_point=0)
    return file.of("GATHER", [table, ids], y, "GatherOptions", axis=0)


def turned():
    file = SmallFile()
    x = file.input(1, 3, 4, 5)
    y = file.output(1, 4, 5, 3, scale=0.05, zero_point=3)
    return file.of("TRANSPOSE", [x, file.numbers([0, 2, 3, 1])], y, "TransposeOptions")


def turned_whole():
    """No two axes lie together afterwards."""
    file = SmallFile()
    x = file.input(1, 2, 3, 4, 5)
    order = file.numbers([0, 4, 2, 1, 3])
    y = file.output(1, 5, 3, 2, 4, scale=0.05, zero_point=3)
    return file.of("TRANSPOSE", [x, order], y, "TransposeOptions")


def padded_whole():
    file = SmallFile()
    x = file.input(1, 2, 3, 4, 5)
    around = file.numbers([[0, 0], [1, 0], [0, 2], [1, 1], [2, 1]])
    y = file.output(1, 3, 5, 6, 8, scale=0.05, zero_point=3)
    return file.of("PAD", [x, around], y, "PadOptions")


def padded():
    file = SmallFile()
    x = file.input(1, 3, 4, 2)
    around = file.numbers([[0, 0], [1, 2], [0, 1], [0, 0]])
    return file.of(
        "PAD", [x, around], file.output(1, 6, 5, 2, scale=0.05, zero_point=3), "PadOptions"
    )


def joined():
    file = SmallFile()
    parts = [file.input(1, 3, 2, 4), file.input(1, 3, 5, 4)]
    y = file.output(1, 3, 7, 4, scale=0.05, zero_point=3)
    return file.of("CONCATENATION", parts, y, "ConcatenationOptions", axis=2)


def resized(kind, options, size=(7, 5), taken=(3, 4), **fields):
    file = SmallFile()
    x = file.input(1, *taken, 2)
    y = file.output(1, *size, 2, scale=0.05, zero_point=3)
    return file.of(kind, [x, file.numbers(size)], y, options, **fields)


def lstm():
    """Written by the converter: an LSTM has 24 inputs and five tensors between its gates."""
    import keras

    keras.utils.set_random_seed(3)
    series = keras.Input((5, 3), name="series")
    layer = keras.layers.LSTM(4, return_sequences=True, bias_initializer="glorot_normal")
    model = keras.Model({"series": series}, layer(series))
    rows = np.random.default_rng(0).normal(size=(60, 5, 3)).astype(np.float32)
    train = TrainSet({"series": rows * 3}, np.zeros(60, int), np.arange(60), Schema((), None))
    return convert(model, train, files=TfliteFiles(("int8",)), copies=1)["int8"]


def lstm_with(*, cell_exponent=-11, clip=10.0, steepness=1.0):
    """The same with cells of another scale, which are kept between other bounds, and with what the
    answer gives to the gates so many times as large.
    """
    graph = Graph(lstm())
    (operator,) = (
        each
        for each in graph.subgraph.operators
        if graph.kind(each) == "UNIDIRECTIONAL_SEQUENCE_LSTM"
    )
    operator.builtinOptions.cellClip = clip
    cells = graph.tensor(operator.inputs[19])
    cells.quantization.scale = np.array([2.0**cell_exponent], np.float32)
    for place in range(5, 9):
        recurrent = graph.tensor(operator.inputs[place])
        recurrent.quantization.scale = recurrent.quantization.scale * np.float32(steepness)
    return graph.to_bytes()


def _places(size, kernel, strides, dilations, padding):
    """Height and width of what a kernel gives."""
    found = []
    for length, kernel_length, stride, dilation in zip(
        size, kernel, strides, dilations, strict=True
    ):
        if padding == VALID:
            length -= (kernel_length - 1) * dilation
        found.append(-(-length // stride))
    return found


FILES = {
    "conv, same": lambda: conv(SAME),
    "conv, valid, dilated": lambda: conv(VALID, strides=(1, 1), dilations=(1, 2), activation=RELU6),
    "conv, same, dilated": lambda: conv(SAME, strides=(1, 1), dilations=(2, 3), activation=0),
    "conv, same, wide": lambda: conv(SAME, strides=(1, 1), dilations=(1, 3), activation=0),
    "conv, same, high": lambda: conv(SAME, kernel=(3, 2), strides=(1, 2), activation=0),
    "conv, groups": lambda: conv(SAME, size=(5, 6, 2), groups=2, activation=0),
    "conv, deep, dilated": lambda: conv(
        SAME, strides=(1, 1), dilations=(1, 2), activation=0, depth=16
    ),
    "conv, row": lambda: conv(SAME, kernel=(1, 3), strides=(1, 2), activation=0, size=(5, 8, 5)),
    "conv, row, dilated": lambda: conv(
        SAME, kernel=(1, 3), strides=(1, 1), dilations=(1, 2), activation=0
    ),
    "conv, large": lambda: conv(SAME, strides=(3, 2), activation=0, size=(9, 11, 17)),
    "depthwise, same": lambda: depthwise(SAME),
    "depthwise, valid": lambda: depthwise(VALID, strides=(2, 1), multiples=1),
    "depthwise, dilated": lambda: depthwise(SAME, strides=(1, 1), dilations=(2, 1), multiples=1),
    "depthwise, nine channels": lambda: depthwise(
        SAME, strides=(1, 1), dilations=(1, 2), multiples=1, depth=9
    ),
    "transposed, same": lambda: transposed(SAME),
    "transposed, high": lambda: transposed(SAME, kernel=(5, 2)),
    "transposed, wide": lambda: transposed(SAME, kernel=(5, 3)),
    "transposed, valid": lambda: transposed(VALID),
    "dense": dense,
    "dense without bias": lambda: dense(with_bias=False),
    "dense, one scale": lambda: dense(by_channel=False, rows=1),
    "dense, even": lambda: dense(depth=10, outputs=8),
    "dense twice": dense_twice,
    "matmul": matmul,
    "matmul, turned": matmul_turned,
    "add": lambda: pair("ADD", "AddOptions"),
    "add, spread": lambda: pair("ADD", "AddOptions", spread=True, fusedActivationFunction=RELU),
    "add, crossed": lambda: crossed((1, 3, 1, 4), (1, 1, 2, 1), (1, 3, 2, 4)),
    "add, five axes": lambda: crossed((1, 2, 1, 4, 1, 3), (1, 1, 3, 1, 2, 1), (1, 2, 3, 4, 2, 3)),
    "add, five other axes": lambda: crossed(
        (1, 1, 3, 1, 2, 1), (1, 2, 1, 4, 1, 3), (1, 2, 3, 4, 2, 3)
    ),
    "subtract": lambda: pair("SUB", "SubOptions", spread=True),
    "multiply": lambda: pair("MUL", "MulOptions", scale=0.02, spread=True),
    "squared difference": lambda: pair("SQUARED_DIFFERENCE", "SquaredDifferenceOptions", scale=0.3),
    "divide": divided,
    "maximum": lambda: equal_pair("MAXIMUM", "MaximumMinimumOptions"),
    "minimum": lambda: equal_pair("MINIMUM", "MaximumMinimumOptions"),
    "prelu": prelu,
    "largest of a pool": lambda: pool("MAX_POOL_2D", SAME),
    "mean of a pool": lambda: pool("AVERAGE_POOL_2D", SAME),
    "mean of a pool, valid": lambda: pool("AVERAGE_POOL_2D", VALID),
    "largest of a wide pool": lambda: pool(
        "MAX_POOL_2D", SAME, kernel=(4, 3), strides=(1, 1), size=(5, 8), activation=RELU
    ),
    "mean of a wide pool": lambda: pool(
        "AVERAGE_POOL_2D", SAME, kernel=(4, 3), strides=(1, 1), size=(5, 8), activation=RELU
    ),
    "mean of two": lambda: pool("AVERAGE_POOL_2D", VALID, kernel=(1, 2), strides=(1, 1)),
    "mean": lambda: reduced("MEAN", (1, 2)),
    "sum": lambda: reduced("SUM", (2,), scale=0.12),
    "largest": lambda: reduced("REDUCE_MAX", (1,), scale=0.05, zero_point=3),
    "largest of six axes": lambda: reduced(
        "REDUCE_MAX", (1, 3, 5), scale=0.05, zero_point=3, sizes=(1, 2, 3, 4, 5, 2)
    ),
    "sum of six axes": lambda: reduced("SUM", (2, 4), scale=0.2, sizes=(1, 2, 3, 4, 2, 5)),
    "smallest of six axes": lambda: reduced(
        "REDUCE_MIN", (2, 4), scale=0.05, zero_point=3, sizes=(1, 2, 3, 4, 2, 5)
    ),
    "largest of few": lambda: reduced(
        "REDUCE_MAX", (2, 4), scale=0.05, zero_point=3, sizes=(1, 2, 3, 4, 2, 5)
    ),
    "smallest": lambda: reduced("REDUCE_MIN", (1, 3), scale=0.05, zero_point=3),
    "softmax": softmax,
    "softmax, coarse": lambda: softmax(scale=0.6),
    "softmax of eight": lambda: softmax(8),
    "sigmoid": lambda: curve("LOGISTIC", 1 / 256, -128),
    "tanh": lambda: curve("TANH", 1 / 128, 0),
    "relu": lambda: curve("RELU", 0.04, -128),
    "relu to 6": lambda: curve("RELU6", 0.05, 3),
    "leaky relu": lambda: curve("LEAKY_RELU", 0.04, -9, "LeakyReluOptions", alpha=0.3),
    "hard swish": lambda: curve("HARD_SWISH", 0.04, -100),
    "absolute": lambda: curve("ABS", 0.06, -128),
    "reciprocal root": lambda: curve("RSQRT", 0.03, -128, input_zero=-128),
    "requantized": lambda: curve("QUANTIZE", 0.07, -9, "QuantizeOptions"),
    "lstm": lstm,
    "lstm of fine cells": lambda: lstm_with(cell_exponent=-15, clip=0.0),
    "lstm of whole cells": lambda: lstm_with(cell_exponent=-12, clip=2.0),
    "lstm of coarse cells": lambda: lstm_with(cell_exponent=-10, clip=10.0),
    "lstm of steep gates": lambda: lstm_with(steepness=32.0),
    "gather": gather,
    "transpose": turned,
    "transpose of five axes": turned_whole,
    "pad": padded,
    "pad of five axes": padded_whole,
    "concatenation": joined,
    "bilinear": lambda: resized("RESIZE_BILINEAR", "ResizeBilinearOptions", halfPixelCenters=True),
    "bilinear, large": lambda: resized(
        "RESIZE_BILINEAR",
        "ResizeBilinearOptions",
        size=(97, 91),
        taken=(30, 40),
        halfPixelCenters=True,
    ),
    "bilinear, corners": lambda: resized(
        "RESIZE_BILINEAR", "ResizeBilinearOptions", alignCorners=True
    ),
    "nearest": lambda: resized("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
}
