"""Splits of int8 that the converter left in float32."""

import copy
from collections import defaultdict

from .packed import packed
from .unused import drop_unused

# Kind → the place of what is split among the operator's inputs.
_SPLITS = {"SPLIT": 1, "SPLIT_V": 0, "UNPACK": 0}


def fix_splits(content: bytes) -> bytes:
    """Lets every split that stands between DEQUANTIZE and QUANTIZE split int8.

    A result that nothing reads, such as a gate in the first step of a GRU, whose state is 0, makes
    TensorFlow 2.21 choose by chance: it writes the split in int8, or in float32 between conversions
    of type. One model gave both files in one process, three of six conversions each.

    Args:
        content: Of a TFLite file.

    Returns:
        The content of the fixed file, which has the same answers; `content` itself if none needs
        it.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    num_fixed = 0
    for graph in model.subgraphs:
        uses = _Uses(model, graph)
        for operator in list(graph.operators):
            if _fix(uses, operator):
                num_fixed += 1
                uses = _Uses(model, graph)
    if not num_fixed:
        return content
    drop_unused(model)
    return packed(model)


class _Uses:
    """Who writes and who reads each tensor of a graph."""

    def __init__(self, model, graph):
        self.graph = graph
        self._codes = model.operatorCodes
        self.writers = {}
        self.readers = defaultdict(list)
        for operator in graph.operators:
            for place in operator.outputs:
                self.writers[place] = operator
            for place in operator.inputs:
                self.readers[place].append(operator)

    def kind(self, operator) -> str:
        """Returns the name of an operator in the schema, "" for none."""
        from .operators import name_of

        if operator is None:
            return ""
        return name_of(self._codes[operator.opcodeIndex])

    def quantizers(self, operator):
        """Returns the operators that quantize the results of a split, or None if something else
        reads one of them.
        """
        found = []
        for place in operator.outputs:
            if place in self.graph.outputs:
                return None
            found += self.readers[place]
        if any(self.kind(each) != "QUANTIZE" for each in found):
            return None
        return found


def _fix(uses, operator):
    """Lets a split of float32 split int8; reports whether that was necessary."""
    from ai_edge_litert import schema_py_generated as schema

    place = _SPLITS.get(uses.kind(operator))
    if place is None:
        return False
    before = uses.writers.get(operator.inputs[place])
    if uses.kind(before) != "DEQUANTIZE":
        return False
    taken = uses.graph.tensors[before.inputs[0]]
    quantizers = uses.quantizers(operator)
    if taken.type != schema.TensorType.INT8 or quantizers is None:
        return False
    operator.inputs = [int(each) for each in operator.inputs]
    operator.inputs[place] = int(before.inputs[0])
    for output in operator.outputs:
        tensor = uses.graph.tensors[output]
        tensor.type = taken.type
        tensor.quantization = copy.deepcopy(taken.quantization)
    for each in quantizers:
        _leave_out(uses, each)
    if len(uses.readers[before.outputs[0]]) == 1:
        uses.graph.operators.remove(before)
    return True


def _leave_out(uses, quantizer):
    """Lets the readers of what a QUANTIZE gives read what it takes, if that is the same."""
    (source,), (result,) = quantizer.inputs, quantizer.outputs
    one, other = (uses.graph.tensors[place].quantization for place in (source, result))
    is_alike = one.scale[0] == other.scale[0] and one.zeroPoint[0] == other.zeroPoint[0]
    if not is_alike or result in uses.graph.outputs:
        return
    for reader in uses.readers[result]:
        reader.inputs = [int(source if place == result else place) for place in reader.inputs]
    uses.graph.operators.remove(quantizer)
