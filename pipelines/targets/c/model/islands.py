"""Float islands: int8 to float32, functions of one value, and back to int8. A table does it all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .network import Network, Operation, Tensor
from .tables import Table

ISLAND = -1
_DEQUANTIZE = 6
_QUANTIZE = 114


def _square(value):
    return value * value


def _elu(value):
    below = np.expm1(np.minimum(value, 0).astype(np.float64))
    return np.where(
        value < 0,
        below.astype(np.float32),
        value,
    )


# By the number of the operator in the schema.
_FUNCTIONS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    59: np.negative,
    75: np.sqrt,
    92: _square,
    101: np.abs,
    111: _elu,
}


class FloatIsland(Table):
    """What `with_islands` joined."""

    codes = (ISLAND,)

    def table(self, operation):
        one, output = operation.input, operation.output
        steps = np.arange(-128, 128) - one.zero_point
        values = (np.float64(one.scale) * steps).astype(np.float32)
        for each in operation.options:
            values = _FUNCTIONS[each.code](values)
        scaled = values / np.float32(output.scale)
        rounded = np.copysign(np.floor(np.abs(scaled) + np.float32(0.5)), scaled)
        return np.clip(
            rounded + output.zero_point,
            -128,
            127,
        ).astype(np.int8)


def with_islands(network: Network) -> Network:
    """Returns a network whose float islands of known functions are one operation each."""
    readers: dict[int, list[Operation]] = {}
    for operation in network.operations:
        for tensor in operation.computed():
            readers.setdefault(tensor.place, []).append(operation)
    joined = {}
    left_out = set()
    for operation in network.operations:
        if operation.code == _DEQUANTIZE and operation.input.dtype == "int8":
            chain = _chain(
                operation,
                readers,
                network.outputs,
            )
            if chain:
                joined[operation.place] = _island(operation, chain)
                left_out |= {each.place for each in chain}
    operations = []
    for operation in network.operations:
        if operation.place not in left_out:
            operations.append(joined.get(operation.place, operation))
    return Network(
        network.inputs,
        network.outputs,
        tuple(operations),
    )


def _chain(
    operation: Operation, readers: dict[int, list[Operation]], outputs: tuple[Tensor, ...]
) -> list[Operation]:
    """Returns the operations from the one after DEQUANTIZE to QUANTIZE; none if it is no island."""
    chain: list[Operation] = []
    wanted = {each.place for each in outputs}
    while operation.code != _QUANTIZE:
        followers = readers.get(operation.output.place, [])
        if len(followers) != 1 or operation.output.place in wanted:
            return []
        operation = followers[0]
        if operation.code not in (*_FUNCTIONS, _QUANTIZE):
            return []
        chain.append(operation)
    return chain


def _island(operation, chain):
    """Returns the operations of an island as one."""
    kind = " ".join([operation.kind, *(each.kind for each in chain)])
    inside = tuple(chain[:-1])
    outputs = chain[-1].outputs
    return Operation(
        ISLAND,
        kind,
        operation.place,
        inside,
        operation.inputs,
        outputs,
    )
