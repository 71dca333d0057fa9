"""Each operator of a TFLite file as a file of its own."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

from .graph import Graph


@dataclass(frozen=True)
class SingleOperator:
    """A TFLite file of one operator of another file.

    Attributes:
        name: As the schema has it.
        place: Of the operator in the whole file.
        content: The file; what is constant in the whole file is constant here.
        inputs: The tensors of the whole file that it takes, in the order of its inputs.
        output: The tensor of the whole file that it gives first.
    """

    name: str
    place: int
    content: bytes
    inputs: tuple[int, ...]
    output: int


def single_operators(content: bytes) -> Iterator[SingleOperator]:
    """Yields the operators of a TFLite file that compute something of its inputs, in their order.

    Raises:
        ExportError: The file holds more than one subgraph.
    """
    graph = Graph(content)
    model = graph.model
    whole = graph.subgraph
    operators = list(whole.operators)
    tensors = list(whole.tensors)
    buffers = list(model.buffers)
    codes = list(model.operatorCodes)
    for place, operator in enumerate(operators):
        whole.tensors = tensors
        model.buffers = buffers
        model.operatorCodes = codes
        name = graph.kind(operator)
        inputs = _taken(graph, operator)
        if not inputs:
            continue
        alone = _alone(graph, operator, inputs)
        yield SingleOperator(name, place, alone, inputs, int(operator.outputs[0]))


def _taken(graph, operator):
    """Returns the tensors that an operator takes and that are not constant, each once."""
    taken = {}
    for place in operator.inputs:
        place = int(place)
        if place < 0 or graph.tensor(place).isVariable:
            continue
        buffer = graph.model.buffers[graph.tensor(place).buffer]
        is_constant = buffer.data is not None and len(buffer.data) > 0
        if not is_constant:
            taken[place] = None
    return tuple(taken)


def _alone(graph, operator, inputs):
    """Writes a graph of one operator; the graph's tensors and buffers are others afterwards."""
    intermediates = _places(operator.intermediates)
    outputs = _places(operator.outputs)
    used = {place for place in (*operator.inputs, *outputs, *intermediates) if place >= 0}
    order = sorted(int(place) for place in used)
    new_place = {old: new for new, old in enumerate(order)}
    new_place[-1] = -1
    tensors = [copy.copy(graph.tensor(place)) for place in order]
    buffers = [graph.model.buffers[0]]
    for tensor in tensors:
        if tensor.buffer:
            buffers.append(graph.model.buffers[tensor.buffer])
            tensor.buffer = len(buffers) - 1
    alone = copy.copy(operator)
    alone.inputs = [new_place[int(place)] for place in operator.inputs]
    alone.outputs = [new_place[place] for place in outputs]
    if intermediates:
        alone.intermediates = [new_place[place] for place in intermediates]
    alone.opcodeIndex = 0
    model = graph.model
    model.operatorCodes = [model.operatorCodes[operator.opcodeIndex]]
    model.buffers = buffers
    model.metadata = []
    graph.subgraph.tensors = tensors
    graph.subgraph.operators = [alone]
    graph.subgraph.inputs = [new_place[place] for place in inputs]
    graph.subgraph.outputs = alone.outputs
    return graph.to_bytes()


def _places(tensors):
    """Returns places of tensors as a list, empty where the schema has none."""
    if tensors is None:
        return []
    return [int(place) for place in tensors]
