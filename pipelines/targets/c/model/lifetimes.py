"""Which memory each tensor of a network has, and from which operation to which it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .kernel import Kernel
from .network import Network, Operation, Tensor

KernelOf = Callable[[Operation], Kernel]


@dataclass
class Lifetimes:
    """The memory of the tensors of a network.

    Attributes:
        roots: Place of a tensor → the tensor whose memory it is a part of, and where in it, in
            bytes.
        first: Place of a root → the operation that writes it first.
        last: Place of a root → the last operation that takes it.
        readers: Place of a tensor → how many operations take it.
    """

    roots: dict[int, tuple[Tensor, int]] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    readers: dict[int, int] = field(default_factory=dict)

    def root(self, tensor: Tensor) -> tuple[Tensor, int]:
        """Returns the tensor whose memory another one is a part of, and where in it."""
        return self.roots.get(tensor.place, (tensor, 0))

    def use(self, tensor: Tensor, number: int) -> None:
        """Notes that an operation uses a tensor."""
        root, _ = self.root(tensor)
        self.first.setdefault(root.place, number)
        self.last[root.place] = max(self.last.get(root.place, number), number)


def find_lifetimes(network: Network, kernel_of: KernelOf) -> Lifetimes:
    """Finds the memory of each tensor: its own, or a part of another's.

    Args:
        network: The operations.
        kernel_of: Returns the kernel of an operation.
    """
    found = Lifetimes()
    for operation in network.operations:
        alias = kernel_of(operation).alias(operation)
        if alias is not None:
            root, offset = found.root(alias.tensor)
            for output, start in zip(
                operation.outputs,
                alias.starts,
                strict=True,
            ):
                found.roots[output.place] = (root, offset + start)
    _use_all(network, found)
    _overwrite(
        network,
        kernel_of,
        found,
    )
    return found


def _use_all(network, found):
    """Notes every use of a tensor."""
    for number, operation in enumerate(network.operations):
        for tensor in (*operation.inputs, *operation.outputs):
            if tensor is not None:
                found.use(tensor, number)
        for tensor in operation.inputs:
            if tensor is not None:
                found.readers[tensor.place] = found.readers.get(tensor.place, 0) + 1
    for tensor in network.outputs:
        found.use(tensor, len(network.operations))


def _overwrite(network, kernel_of, found):
    """Lets operations write over inputs that nothing needs after them."""
    fixed = {found.root(each)[0].place for each in (*network.inputs, *network.outputs)}
    for number, operation in enumerate(network.operations):
        output, _ = found.root(operation.output)
        if output is not operation.output or output.place in fixed:
            continue
        for taken in kernel_of(operation).overwritable(operation):
            root, start = found.root(taken)
            is_free = root.is_computed and root.place not in fixed
            ends_here = found.last[root.place] == number
            fits = start == 0 and root.num_bytes == output.num_bytes
            if (
                is_free
                and ends_here
                and fits
                and _is_only(
                    found,
                    operation,
                    root,
                    taken,
                )
            ):
                _join(
                    found,
                    root,
                    output,
                )
                break


def _is_only(found, operation, root, taken):
    """Tests whether an operation takes no other part of a root."""
    for each in operation.inputs:
        if each is not None and each is not taken and found.root(each)[0] is root:
            return False
    return True


def _join(found, root, output):
    """Makes a tensor a part of the memory of another."""
    for place, (other, start) in list(found.roots.items()):
        if other is output:
            found.roots[place] = (root, start)
    found.roots[output.place] = (root, 0)
    found.last[root.place] = found.last.pop(output.place)
    found.first.pop(output.place)
