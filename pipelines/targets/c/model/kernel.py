"""The contract of what writes C for one kind of operator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .network import Operation, Tensor
from .source import Source

Values = list[np.ndarray]


@dataclass(frozen=True)
class Alias:
    """Outputs that are parts of the memory of an input.

    Attributes:
        tensor: The input.
        starts: Where in it each output begins, in bytes.
    """

    tensor: Tensor
    starts: list[int]


class Kernel(ABC):
    """One kind of operator in C, and the same in numpy.

    Attributes:
        codes: The numbers of the operators of the schema that it stands for.
    """

    codes: ClassVar[tuple[int, ...]]

    @abstractmethod
    def check(self, operation: Operation) -> str:
        """Returns why an operation of this kind cannot be written, or ""."""

    @abstractmethod
    def write(self, operation: Operation, source: Source) -> None:
        """Adds the constants and the call of an operation to the C that is written."""

    @abstractmethod
    def run(self, operation: Operation, values: Values) -> Values:
        """Computes the outputs of an operation in numpy.

        Args:
            operation: With the shapes and scales of its tensors.
            values: An array for each input, in its shape and type; constants too.

        Returns:
            An array for each output, in its shape and type.
        """

    def alias(self, operation: Operation) -> Alias | None:
        """Returns whose memory the outputs are parts of; None if they have memory of their own."""
        return None

    def scratch_bytes(self, operation: Operation) -> tuple[int, int]:
        """Returns the memory that an operation needs while it runs: its own C, and CMSIS-NN."""
        return 0, 0

    def overwritable(self, operation: Operation) -> list[Tensor]:
        """Returns the inputs whose memory the output may take, as each value is read last before
        its place is written.
        """
        return []


def require_int8(operation: Operation) -> str:
    """Returns which computed tensor of an operation is not int8, or ""."""
    for each in [*operation.computed(), *operation.outputs]:
        if each.dtype != "int8":
            return f"a tensor of {each.dtype}, where only int8 is computed with"
    return ""


def require_same_scale(operation: Operation) -> str:
    """Returns that inputs and output have unequal scales, or "", of what passes bytes on."""
    output = operation.output
    if not len(output.scales):
        return ""
    for each in operation.inputs:
        if each is None or each.dtype != output.dtype or not len(each.scales):
            continue
        if each.scale != output.scale or each.zero_point != output.zero_point:
            return "inputs and output of unequal scales"
    return ""
