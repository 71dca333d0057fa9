"""Biases of int8 layers in the scale that kernels take them to have."""

import numpy as np

from .packed import packed

_OPERATORS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_PLACES = {"TRANSPOSE_CONV": (2, 1, 3)}  # of input, weights and bias among what the operator reads
_TOLERANCE = 1e-4  # of a scale: what float32 rounds is less


def fix_biases(content: bytes) -> bytes:
    """Gives the bias of every int8 convolution and dense layer the scale that kernels expect.

    That is the scale of its input times its weights, as the specification demands
    (https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec).

    Where a layer reads a concatenation or a pooling whose range was set, TensorFlow 2.21 quantizes
    the bias by the range that calibration saw instead; kernels add it as if it had not, and answers
    are off by a constant.

    Args:
        content: of a TFLite file.

    Returns:
        The content of the fixed file; `content` itself if no bias needs it.
    """
    from ai_edge_litert import schema_py_generated as schema

    names = {getattr(schema.BuiltinOperator, name): name for name in _OPERATORS}
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    num_fixed = 0
    for graph in model.subgraphs:
        for operator in graph.operators:
            name = names.get(model.operatorCodes[operator.opcodeIndex].builtinCode)
            places = _PLACES.get(name, (0, 1, 2))
            if name is None or len(operator.inputs) <= places[2] or operator.inputs[places[2]] < 0:
                continue
            x, weights, bias = (graph.tensors[operator.inputs[place]] for place in places)
            if x.type == schema.TensorType.INT8 and bias.type == schema.TensorType.INT32:
                num_fixed += _fix(
                    model,
                    bias,
                    x.quantization.scale * weights.quantization.scale,
                )
    if not num_fixed:
        return content
    return packed(model)


def _fix(model, bias, wanted):
    """Writes a bias in the wanted scale; reports whether that was necessary."""
    found = bias.quantization.scale
    if np.allclose(wanted, found, rtol=_TOLERANCE, atol=0):
        return False
    buffer = model.buffers[bias.buffer]
    values = np.frombuffer(buffer.data.tobytes(), np.int32)
    factor = found.astype(np.float64) / wanted
    numbers = np.round(values * factor)
    numbers = numbers.astype(np.int32)
    buffer.data = np.frombuffer(numbers.tobytes(), np.uint8)
    bias.quantization.scale = wanted.astype(np.float32)
    return True
