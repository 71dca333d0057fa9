"""Names of layers in a TFLite file, for Netron and profilers: of what an operator gives, that of
its Keras layer.
"""

import re
from collections import Counter
from collections.abc import Sequence

MAX_CHARACTERS = 40
# Names that tell the operators of one layer apart are written where they take no more of the file
# than this.
MAX_SHARE = 0.03
_TEXT_BYTES = 8  # length, end and padding of a text in a flatbuffer


def layer_names(content: bytes, layers: Sequence[str], lstms: Sequence[str] = ()) -> dict[int, str]:
    """Place of a tensor → its name, of what the operators of a converted TFLite file give.

    `layers`: the names of the Keras model's layers; `lstms`: of those that become one fused
    operator each, which the converter does not name. What a layer gives in several operators is
    numbered from the second on (conv0, conv0:1); in files of which these numbers would be more than
    3 %, such as those of unrolled layers, all have the layer's name. Inputs and outputs of the file
    are not among them.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    known = set(layers)
    found = []
    graph = model.subgraphs[0]
    ports = {*graph.inputs, *graph.outputs}
    fused = _fused_names(model, lstms)
    for row, operator in enumerate(graph.operators):
        for place in operator.outputs:
            if place not in ports:
                name = fused.get(row) or _layer_of(graph.tensors[place].name, known)
                found.append((int(place), name[:MAX_CHARACTERS]))
    numbered = _numbered(found)
    num_bytes = sum(len(name.encode("utf-8")) + _TEXT_BYTES for name in numbered.values())
    if num_bytes <= MAX_SHARE * len(content):
        return numbered
    return dict(found)


def _fused_names(model, lstms):
    """Place of an operator → name, of the fused LSTMs, where there are as many as layers."""
    from ai_edge_litert import schema_py_generated as schema

    code = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_LSTM
    rows = [
        row
        for row, operator in enumerate(model.subgraphs[0].operators)
        if model.operatorCodes[operator.opcodeIndex].builtinCode == code
    ]
    if len(rows) == len(lstms):
        return dict(zip(rows, lstms, strict=True))
    return {}


def _numbered(found):
    seen = Counter()
    names = {}
    for place, name in found:
        if seen[name]:
            names[place] = f"{name}:{seen[name]}"
        else:
            names[place] = name
        seen[name] += 1
    return names


def _layer_of(name, known):
    """The layer in a name such as "conv0_1/convolution;relu_1/Relu"; without one, the name's first
    part.
    """
    if isinstance(name, bytes):
        text = name.decode("utf-8", "replace")
    else:
        text = name or ""
    for scope in (scope for part in text.split(";") for scope in part.split("/")):
        # Each call of a layer gets a number behind the layer's name, which may end in one itself.
        called = re.fullmatch(r"(.+)_\d+", scope)
        if called and called[1] in known:
            return called[1]
        if scope in known:
            return scope
    return text.split(";")[0]
