"""Pictures as uint8 next to inputs of other types: the converter itself gives all inputs of a file
one type.
"""

import copy

from ..errors import ExportError
from .graph import Graph


def with_uint8_inputs(content: bytes, names: tuple[str, ...]) -> bytes:
    """A TFLite file that is int8 inside and takes float32 → the same that takes the inputs `names`
    as uint8: the operator that rounded them to int8 shifts them by 128 instead. Other inputs stay
    as they are. Raises ExportError where something else reads such an input.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = Graph(content)
    for place in graph.subgraph.inputs:
        tensor = graph.tensor(place)
        if _plain_name(tensor.name) not in names:
            continue
        readers = [each for each in graph.subgraph.operators if place in each.inputs]
        if [graph.kind(each) for each in readers] != ["QUANTIZE"]:
            raise ExportError(
                f"the input {_plain_name(tensor.name)!r} goes to "
                f"{', '.join(map(graph.kind, readers)) or 'nothing'} before it is rounded",
                expected="a picture that one QUANTIZE operator reads",
                fix="let convolutions or dense layers read the picture, not an operation on floats",
            )
        scales = graph.tensor(readers[0].outputs[0]).quantization
        tensor.type, tensor.quantization = schema.TensorType.UINT8, copy.copy(scales)
        tensor.quantization.zeroPoint = [int(scales.zeroPoint[0]) + 128]
    return graph.to_bytes()


def _plain_name(name):
    if isinstance(name, bytes):
        text = name.decode("utf-8")
    else:
        text = name
    return text.removeprefix("serving_default_").removesuffix(":0")
