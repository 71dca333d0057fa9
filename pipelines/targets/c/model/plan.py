"""Plans the memory of a network: tensors that are not needed at the same time share places."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .lifetimes import KernelOf, Lifetimes, find_lifetimes
from .network import Network, Tensor, port_name
from .places import Places

_WORD = 4
# Comparisons of two tensors that random orders may take.
_MOST_COMPARISONS = 3_000_000
_RANDOM_ORDERS = 300
_SEED = 0


@dataclass(frozen=True)
class _Piece:
    """Memory that is needed from one operation to another."""

    place: int
    size: int
    first: int
    last: int

    def meets(self, other: _Piece) -> bool:
        return self.first <= other.last and other.first <= self.last


def plan(network: Network, kernel_of: KernelOf) -> Places:
    """Returns where each tensor lies.

    Args:
        network: The operations.
        kernel_of: Returns the kernel of an operation.
    """
    lifetimes = find_lifetimes(network, kernel_of)
    found = _given(network, lifetimes)
    state_bytes = 0
    for tensor in network.variables():
        found[tensor.place] = _at("state", state_bytes)
        state_bytes += _padded(tensor.num_bytes)
    tensors = []
    for place, tensor in _roots(network, lifetimes).items():
        if place not in found:
            first = lifetimes.first[place]
            tensors.append(
                _Piece(
                    place,
                    _padded(tensor.num_bytes),
                    first,
                    lifetimes.last[place],
                )
            )
    needs = [kernel_of(each).scratch_bytes(each) for each in network.operations]
    own = _scratch_pieces([need for need, _ in needs])
    offsets, arena_bytes = arrange(tensors + own)
    for tensor in tensors:
        found[tensor.place] = _at("arena", offsets[tensor.place])
    library = _scratch_pieces([need for _, need in needs])
    library_offsets, library_bytes = _placed(library, tensors, offsets)
    scratches = {}
    for number, operation in enumerate(network.operations):
        place = _scratch_place(number)
        scratches[operation.place] = (offsets.get(place), library_offsets.get(place))
    return Places(
        lifetimes.roots,
        found,
        arena_bytes,
        library_bytes,
        state_bytes,
        lifetimes.readers,
        scratches,
    )


def _scratch_place(number):
    """Returns the key of the memory that an operation needs while it runs; tensors have 0 and up."""
    return -1 - number


def _scratch_pieces(needs):
    """Returns the memory that each operation needs while it runs, from its number of bytes."""
    pieces = []
    for number, need in enumerate(needs):
        if need:
            pieces.append(
                _Piece(
                    _scratch_place(number),
                    _padded(need),
                    number,
                    number,
                )
            )
    return pieces


def output_expression(network: Network, tensor: Tensor) -> str:
    """Returns the C expression of where an output is wanted, a pointer to int8_t."""
    if len(network.outputs) == 1:
        return "output"
    return f"outputs->{port_name(tensor)}"


def _given(network: Network, lifetimes: Lifetimes) -> dict[int, str]:
    """Returns root → C expression of the memory that the caller gives."""
    found = {}
    for tensor in network.inputs:
        expression = f"inputs->{port_name(tensor)}"
        if tensor.dtype != "int8":
            expression = f"(const int8_t *){expression}"
        found[tensor.place] = expression
    for tensor in network.outputs:
        root, start = lifetimes.root(tensor)
        is_whole = start == 0 and root.num_bytes == tensor.num_bytes
        if is_whole and root.is_computed and root.place not in found:
            found[root.place] = output_expression(network, tensor)
    return found


def _roots(network, lifetimes):
    """Returns place → tensor of all memory that operations write."""
    roots = {}
    for operation in network.operations:
        for tensor in operation.outputs:
            root, _ = lifetimes.root(tensor)
            if root.is_computed:
                roots[root.place] = root
    return roots


def arrange(pieces: list[_Piece]) -> tuple[dict[int, int], int]:
    """Returns the offset of each piece, and the bytes that all of them take.

    The best of four orders, and of random changes of it, until the lower bound is reached.
    """
    orders = [
        sorted(pieces, key=lambda piece: -piece.size),
        sorted(pieces, key=lambda piece: (piece.first, -piece.size)),
        sorted(pieces, key=lambda piece: piece.first - piece.last),
        sorted(pieces, key=lambda piece: -piece.size * (piece.last - piece.first + 1)),
    ]
    bound = lower_bound(pieces)
    best_order = orders[0]
    best, least = _placed(best_order)
    for order in orders[1:]:
        offsets, size = _placed(order)
        if size < least:
            best, least, best_order = offsets, size, order
    comparisons = len(pieces) ** 2 + 1
    tries = min(_RANDOM_ORDERS, _MOST_COMPARISONS // comparisons)
    generator = random.Random(_SEED)
    for _ in range(tries):
        if least <= bound:
            break
        order = list(best_order)
        one, other = generator.randrange(len(order)), generator.randrange(len(order))
        order[one], order[other] = order[other], order[one]
        offsets, size = _placed(order)
        if size <= least:
            best, least, best_order = offsets, size, order
    return best, least


def lower_bound(pieces: list[_Piece]) -> int:
    """Returns the most bytes that are needed at one time."""
    most = 0
    for each in pieces:
        alive = [piece.size for piece in pieces if piece.first <= each.first <= piece.last]
        most = max(most, sum(alive))
    return most


def _placed(order, before=(), given=None):
    """Returns the offsets of pieces, each in the first gap that it fits into, and the size.

    Args:
        order: The pieces, in the order in which they are placed.
        before: Pieces that have their places.
        given: Place → offset of these.
    """
    offsets: dict[int, int] = {}
    placed: list[tuple[int, _Piece]] = []
    size = 0
    for piece in before:
        placed.append((given[piece.place], piece))
        size = max(size, given[piece.place] + piece.size)
    placed.sort(key=lambda pair: pair[0])
    for piece in order:
        offset = 0
        for start, other in placed:
            if not piece.meets(other):
                continue
            if start >= offset + piece.size:
                break
            offset = max(offset, start + other.size)
        offsets[piece.place] = offset
        placed.append((offset, piece))
        placed.sort(key=lambda pair: pair[0])
        size = max(size, offset + piece.size)
    return offsets, size


def _padded(num_bytes):
    """Returns a number of bytes, up to the next word."""
    return -(-num_bytes // _WORD) * _WORD


def _at(memory, offset):
    if not offset:
        return memory
    return f"({memory} + {offset})"
