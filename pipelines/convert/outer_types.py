"""What an int8 file takes and gives in other types: it is calibrated once for all of them."""

import copy

from ..device.litert import plain_name
from .graph import Graph, name_text

# Of QUANTIZE and DEQUANTIZE, from which on they know int8.
_VERSION = 2


def with_outer_types(content: bytes, pictures: tuple[str, ...] = ()) -> bytes:
    """Writes operators at both ends of a TFLite file that takes and gives int8.

    What stands between stays as it was, bit for bit.

    Args:
        content: Of the file, its inputs by their names.
        pictures: The inputs that are taken as uint8, which an operator shifts by 128; others of
            int8 are taken as float32, and rounded. Inputs of other types stay.

    Returns:
        The content of the file that gives float32.
    """
    graph = Graph(content)
    ends = graph.subgraph
    ends.inputs = [_outer_input(graph, place, pictures) for place in ends.inputs]
    ends.outputs = [_outer_output(graph, place) for place in ends.outputs]
    return graph.to_bytes()


def _is_int8(tensor):
    from ai_edge_litert import schema_py_generated as schema

    return tensor.type == schema.TensorType.INT8


def _outer_input(graph, place, pictures):
    """Returns the place of what is taken instead of an input, by its plain name: the file has no
    signature any more, and LiteRT.js does not look behind a name.
    """
    inner = graph.tensor(place)
    inner.name = plain_name(name_text(inner.name))
    if not _is_int8(inner):
        return place
    outer = _renamed(graph, place)
    tensor = graph.tensor(outer)
    if tensor.name in pictures:
        _make_uint8(tensor)
    else:
        _make_float(tensor)
    graph.add_operator("QUANTIZE", [outer], place, version=_VERSION, first=True)
    return outer


def _outer_output(graph, place):
    """Returns the place of what is given instead of an output, named as it was."""
    if not _is_int8(graph.tensor(place)):
        return place
    outer = _renamed(graph, place)
    _make_float(graph.tensor(outer))
    graph.add_operator("DEQUANTIZE", [place], outer, version=_VERSION)
    return outer


def _renamed(graph, place):
    """Returns the place of a new tensor like one at an end, whose name goes to it."""
    inner = graph.tensor(place)
    outer = graph.add_like(place, shape=tuple(inner.shape))
    graph.tensor(outer).name = inner.name
    inner.name = plain_name(name_text(inner.name)) + "_int8"
    return outer


def _make_uint8(tensor):
    from ai_edge_litert import schema_py_generated as schema

    tensor.type = schema.TensorType.UINT8
    tensor.quantization = copy.copy(tensor.quantization)
    tensor.quantization.zeroPoint = [int(tensor.quantization.zeroPoint[0]) + 128]


def _make_float(tensor):
    from ai_edge_litert import schema_py_generated as schema

    tensor.type = schema.TensorType.FLOAT32
    tensor.quantization = None
