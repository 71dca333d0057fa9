"""Concatenations of many tensors as several of few: TFLM's kernel joins at most ten."""

import copy

from .graph import name_text
from .packed import packed

MAX_JOINED = 10  # kMaxInputNum of tensorflow/lite/micro/kernels/concatenation.cc


def group_joins(content: bytes) -> bytes:
    """The bytes of a TFLite file in which no CONCATENATION reads more than ten tensors; those that
    read more read what others have joined before them. What the file computes stays, bit for bit:
    kernels copy, and every group has the scale of the whole.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    num_grouped = 0
    for graph in model.subgraphs:
        operators = []
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex].builtinCode
            if code == schema.BuiltinOperator.CONCATENATION and len(operator.inputs) > MAX_JOINED:
                operators += _joins(graph, operator)
                num_grouped += 1
            operators.append(operator)
        graph.operators = operators
    if not num_grouped:
        return content
    return packed(model)


def _joins(graph, operator):
    """The concatenations that go before one, which reads their outputs from then on."""
    before = []
    inputs = list(operator.inputs)
    while len(inputs) > MAX_JOINED:
        inputs = [_joined(graph, operator, group, before) for group in groups_of(inputs)]
    operator.inputs = inputs
    return before


def groups_of(inputs: list[int]) -> list[list[int]]:
    """The inputs in order, in groups of at most ten, of which no more are joined than are
    too many.
    """
    groups = []
    rest = list(inputs)
    while rest and len(groups) + len(rest) > MAX_JOINED:
        size = min(MAX_JOINED, len(groups) + len(rest) - MAX_JOINED + 1)
        groups.append(rest[:size])
        rest = rest[size:]
    return groups + [[each] for each in rest]


def _joined(graph, operator, group, before):
    """The place of the tensor that a group becomes; the operator that joins it is added to
    `before`.
    """
    from ai_edge_litert import schema_py_generated as schema

    if len(group) == 1:
        return group[0]
    whole = graph.tensors[operator.outputs[0]]
    tensor = copy.copy(whole)
    join = copy.copy(operator)
    axis = operator.builtinOptions.axis
    tensor.shape = [int(size) for size in whole.shape]
    tensor.shape[axis] = sum(int(graph.tensors[place].shape[axis]) for place in group)
    tensor.name, tensor.shapeSignature, tensor.buffer = (
        f"{name_text(whole.name)}/joined{len(graph.tensors)}",
        None,
        0,
    )
    graph.tensors.append(tensor)
    join.inputs, join.outputs = list(group), [len(graph.tensors) - 1]
    join.builtinOptions = copy.copy(operator.builtinOptions)
    join.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.NONE
    before.append(join)
    return len(graph.tensors) - 1
