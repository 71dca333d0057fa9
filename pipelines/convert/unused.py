"""Tensors and kinds of operators that an edit of a TFLite file left without use."""


def drop_unused(model) -> None:
    """Removes tensors that no operator reads or writes, and codes that no operator has.

    Args:
        model: A ModelT of the schema, which is changed.
    """
    for number, graph in enumerate(model.subgraphs):
        kept = _used_tensors(graph)
        renumbered = {place: new for new, place in enumerate(kept)}
        graph.tensors = [graph.tensors[place] for place in kept]
        _renumber(graph, renumbered)
        for signature in model.signatureDefs or []:
            if signature.subgraphIndex == number:
                for port in [*signature.inputs, *signature.outputs]:
                    port.tensorIndex = renumbered[port.tensorIndex]
    _drop_codes(model)


def _used_tensors(graph):
    """Returns the places of the tensors that are read, written, given or taken, in their order."""
    used = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        used.update(operator.inputs)
        used.update(operator.outputs)
        if operator.intermediates is not None:
            used.update(operator.intermediates)
    used.discard(-1)
    return sorted(int(place) for place in used)


def _renumber(graph, renumbered):
    """Writes the new places of tensors; -1, an input that is left out, stays."""

    def new(places):
        return [renumbered.get(int(place), -1) for place in places]

    graph.inputs = new(graph.inputs)
    graph.outputs = new(graph.outputs)
    for operator in graph.operators:
        operator.inputs = new(operator.inputs)
        operator.outputs = new(operator.outputs)
        if operator.intermediates is not None:
            operator.intermediates = new(operator.intermediates)


def _drop_codes(model):
    """Removes the codes that no operator has."""
    used = set()
    for graph in model.subgraphs:
        used.update(operator.opcodeIndex for operator in graph.operators)
    kept = sorted(used)
    model.operatorCodes = [model.operatorCodes[place] for place in kept]
    for graph in model.subgraphs:
        for operator in graph.operators:
            operator.opcodeIndex = kept.index(operator.opcodeIndex)
