"""The range of every activation by itself, without what other operators write into its memory.

TensorFlow 2.21 computes a sum in the memory of what it adds up, where nothing else reads that. Its
calibration looks at what an operator has read after the operator ran, so that a small branch of a
residual block gets the range of the sum too, and is rounded as coarsely as this.
"""

from collections.abc import Iterable

import numpy as np

from .operators import operators
from .packed import packed

# What is computed value by value from two tensors, and so may be written over one of them.
_IN_PLACE = {"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"}

# Of a range: what kernels of two packages round otherwise is less.
_TOLERANCE = 1e-4


def with_own_ranges(content: bytes, rows: Iterable[dict[str, np.ndarray]]) -> bytes:
    """Narrows the ranges of a calibrated file to what each operator gives, held in memory of its
    own.

    What a fused operator holds inside keeps the range that calibration found.

    Args:
        content: Of a TFLite file in float32, with the ranges that calibration found.
        rows: One after the other, input → float32 [1, ...].

    Returns:
        The content of the file; `content` itself if no range is too wide.
    """
    from ai_edge_litert import schema_py_generated as schema

    if _IN_PLACE.isdisjoint(operators(content)):
        return content
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    places = [place for place in _outputs(graph) if _has_range(graph.tensors[place])]
    num_narrowed = 0
    for place, (low, high) in _measured(content, places, rows).items():
        num_narrowed += _narrow(graph.tensors[place].quantization, low, high)
    if not num_narrowed:
        return content
    return packed(model)


def _outputs(graph):
    """The places of the tensors that operators give."""
    return sorted({place for operator in graph.operators for place in operator.outputs})


def _has_range(tensor):
    found = tensor.quantization
    return found is not None and found.min is not None and len(found.min) == 1


def _narrow(quantization, low, high):
    """Sets a range where it is wider than what was measured; returns whether it was."""
    found = quantization.max[0] - quantization.min[0]
    if found - (high - low) <= _TOLERANCE * found:
        return False
    quantization.min = np.array([low], np.float32)
    quantization.max = np.array([high], np.float32)
    return True


def _measured(content, places, rows):
    """Place → (smallest, largest) value over all rows."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        # The kernels of calibration.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    run = interpreter.get_signature_runner()
    ranges = {}
    for row in rows:
        run(**row)
        for place in places:
            values = interpreter.get_tensor(place)
            low, high = ranges.get(place, (np.inf, -np.inf))
            ranges[place] = (min(low, values.min()), max(high, values.max()))
    return ranges
