"""The contract of an answer in C: how it is declared, computed, printed and called."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ..device.answers import Answers
from ..device.signature import Signature

# A pointer to the int8 outputs of a row, and its inputs as C keeps them.
CCall = tuple[Any, ctypes.Structure]


class CAnswer(ABC):
    """The part of a task that is written in C.

    Attributes:
        keeps_own_scale: Whether C keeps a row's base and spread alongside its inputs.
    """

    keeps_own_scale: ClassVar[bool] = False

    @abstractmethod
    def c_function(self, signature: Signature) -> str:
        """Returns the name of the C function that gives the answer."""

    @abstractmethod
    def c_declaration(self, signature: Signature) -> str:
        """Returns the lines of signature.h that declare the answer."""

    @abstractmethod
    def c_definition(self, signature: Signature) -> str:
        """Returns the functions of `c_declaration`, in C99 without allocation.

        They may call `int32_t fine_steps(const int8_t *output, int i)`: the sum of the staggered
        copies of an output, as a whole number of steps of `signature.output.step()`.
        """

    def c_loop(self, signature: Signature) -> tuple[str, str]:
        """Returns C that begins an answer by several calls of the model, and the condition, by
        `inputs` and `output`, under which it runs again; "" and "" where one call is enough.
        """
        return ("", "")

    @abstractmethod
    def c_example(self, signature: Signature) -> str:
        """Returns C99, which is C++ too, that prints the answer.

        It may use `output`, `inputs`, `print_value(number)` and `print_line(format, ...)`.
        """

    @abstractmethod
    def c_answers(
        self, library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[CCall]
    ) -> Answers:
        """Returns answers with the labels or values that compiled C gives.

        Args:
            library: The compiled functions of `c_definition`.
            signature: Of the model.
            answers: As Python gives them for the same outputs.
            calls: For each row, a pointer to the int8 outputs and the structure of its inputs.
        """
