"""TFLite files with other scales and zero points than they were made with, within what TFLM takes."""

import numpy as np

from pipelines.convert.graph import Graph

# What passes bytes on: all its int8 tensors have one scale.
_SAME = {
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "GATHER",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MINIMUM",
    "PAD",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "RELU6",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "TRANSPOSE",
}
_FIXED_OUTPUT = {"LOGISTIC", "SOFTMAX", "TANH"}
_FIXED_ZERO = {"RSQRT"}
# Kind → the places of its input, its weights and its bias.
_SUMS = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
_LSTM, _LSTM_ANSWER = "UNIDIRECTIONAL_SEQUENCE_LSTM", 18
_INT8 = 9


def with_altered_scales(content, seed):
    """The file with scales up to four times larger or smaller, and any zero points."""
    random = np.random.default_rng(seed)
    graph = Graph(content)
    groups = _groups(graph)
    fixed = _fixed(graph, groups)
    drawn = {}
    for place, tensor in enumerate(graph.subgraph.tensors):
        scales = _scales(tensor)
        if tensor.type != _INT8 or not len(scales) or groups[place] in fixed:
            continue
        is_constant = graph.model.buffers[tensor.buffer].data is not None
        if groups[place] not in drawn:
            factors = 2 ** random.uniform(-2, 2, len(scales))
            drawn[groups[place]] = factors, int(random.integers(-128, 128))
        factors, zero_point = drawn[groups[place]]
        tensor.quantization.scale = (scales * factors).astype(np.float32)
        if not is_constant and not _keeps_zero(graph, place):
            tensor.quantization.zeroPoint = np.array([zero_point], np.int64)
    _rescale_biases(graph)
    return graph.to_bytes()


def _scales(tensor):
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None:
        return np.zeros(0)
    return np.asarray(quantization.scale, np.float64)


def _groups(graph):
    """For each tensor, the first one of those that have one scale with it."""
    groups = list(range(len(graph.subgraph.tensors)))
    for operator in graph.subgraph.operators:
        kind = graph.kind(operator)
        joined = []
        if kind in _SAME:
            joined = [place for place in (*operator.inputs, *operator.outputs) if place >= 0]
        elif kind == _LSTM:
            joined = [operator.inputs[_LSTM_ANSWER], operator.outputs[0]]
        joined = [place for place in joined if graph.tensor(place).type == _INT8]
        firsts = {groups[place] for place in joined}
        groups = [min(firsts) if first in firsts else first for first in groups]
    return groups


def _fixed(graph, groups):
    fixed = set()
    for operator in graph.subgraph.operators:
        if graph.kind(operator) in _FIXED_OUTPUT:
            fixed.add(groups[operator.outputs[0]])
        if graph.kind(operator) == _LSTM:
            fixed |= {groups[place] for place in operator.intermediates}
    return fixed


def _keeps_zero(graph, place):
    for operator in graph.subgraph.operators:
        if graph.kind(operator) in _FIXED_ZERO and place in operator.inputs:
            return True
    return False


def _rescale_biases(graph):
    """Gives each bias the scales of the product that it is added to."""
    for operator in graph.subgraph.operators:
        places = _SUMS.get(graph.kind(operator))
        if places is None or len(operator.inputs) <= places[2] or operator.inputs[places[2]] < 0:
            continue
        x, weights, bias = (graph.tensor(operator.inputs[place]) for place in places)
        scales = _scales(x) * _scales(weights)
        bias.quantization.scale = scales.astype(np.float32)
        bias.quantization.zeroPoint = np.zeros(len(scales), np.int64)
