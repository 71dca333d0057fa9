"""Where each tensor lies in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from .network import Operation, Tensor


@dataclass(frozen=True)
class Places:
    """Where each tensor lies.

    Attributes:
        roots: Place of a tensor → the tensor whose memory it is a part of, and where in it, in
            bytes. A tensor with memory of its own is missing.
        found: Place of a root → the C expression of where its memory begins.
        arena_bytes: The memory that is free between two calls.
        library_bytes: The same where CMSIS-NN computes.
        state_bytes: The memory that keeps its values between two calls.
        readers: Place of a tensor → how many operations take it.
        scratches: Place of an operation → where in the arena the memory begins that it needs while
            it runs, of its own C and of CMSIS-NN; None if it needs none.
    """

    roots: dict[int, tuple[Tensor, int]]
    found: dict[int, str]
    arena_bytes: int
    library_bytes: int
    state_bytes: int
    readers: dict[int, int]
    scratches: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)

    def root(self, tensor: Tensor) -> tuple[Tensor, int]:
        """Returns the tensor whose memory another one is a part of, and where in it, in bytes."""
        return self.roots.get(tensor.place, (tensor, 0))

    def expression(self, tensor: Tensor) -> str:
        """Returns the C expression of where a computed tensor begins, a pointer to int8_t."""
        root, start = self.root(tensor)
        begin = self.found[root.place]
        if start:
            return f"({begin} + {start})"
        return begin

    def num_readers(self, tensor: Tensor) -> int:
        """Returns how many operations take a tensor."""
        return self.readers.get(tensor.place, 0)

    def scratch(self, operation: Operation) -> tuple[int | None, int | None]:
        """Returns where the memory begins that an operation needs while it runs."""
        return self.scratches.get(operation.place, (None, None))
