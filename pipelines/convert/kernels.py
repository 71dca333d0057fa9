"""What runs a TFLite file: the kernels of a runtime, on which a fresh file is tried.

A runtime states its own as a class without arguments; a child process imports it by its place.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import ClassVar

import numpy as np

from ..device.runner import LiteRT

_INT8_FORMS = ("int8", "stream_int8")


@dataclass(frozen=True)
class Kernels(ABC):
    """The kernels of a runtime.

    Attributes:
        name: One word, for the stage that a child process reports.
        runtime: What they are called in an error.
        fix: What to do if they refuse a file.
        is_decisive: Whether their refusal means that the file cannot ship. If not, they only show
            whether the file ends the process.
    """

    name: ClassVar[str]
    runtime: ClassVar[str]
    fix: ClassVar[str]
    is_decisive: ClassVar[bool] = True

    @classmethod
    def place(cls) -> str:
        """Returns where a process imports them from: "module:class"."""
        return f"{cls.__module__}:{cls.__qualname__}"

    def is_installed(self) -> bool:
        """Tests whether they can run here."""
        return True

    def takes(self, form: str) -> bool:
        """Tests whether they run the file of a form."""
        return form in _INT8_FORMS

    def require_operators(self, content: bytes) -> None:
        """Raises VerifyError for an operator that they lack, asked with the float32 file."""

    def run_once(self, content: bytes) -> None:
        """Loads a file and runs it on zeros; may end the process.

        Raises:
            DeviceError: LiteRT refuses the file.
            VerifyError: Another runtime refuses it.
        """
        plain = self.litert(content)
        zeros = {}
        for name, (shape, dtype) in plain.inputs().items():
            zeros[name] = np.zeros(shape, dtype)
        self.run(content, plain, zeros)

    def litert(self, content: bytes) -> LiteRT:
        """Loads the file into LiteRT, which knows its inputs."""
        return LiteRT(content)

    @abstractmethod
    def run(self, content: bytes, plain: LiteRT, rows: Mapping[str, np.ndarray]) -> None:
        """Runs the file on rows.

        Args:
            content: The TFLite file.
            plain: LiteRT with the file loaded.
            rows: Input → array [1, ...] in the type of the file.
        """


class XnnpackKernels(Kernels):
    """LiteRT's fastest kernels, which every device runner takes."""

    name = "xnnpack"
    runtime = "LiteRT"
    fix = "replace the layer, or give it another size"

    def takes(self, form):
        return True

    def run(self, content, plain, rows):
        plain.run(rows)


class ReferenceKernels(Kernels):
    """LiteRT's reference kernels, which TFLM is compared with.

    They lack operators that TFLM has, so that their refusal decides nothing.
    """

    name = "reference"
    runtime = "LiteRT's reference kernels"
    fix = "replace the layer, or leave the targets micro and c out"
    is_decisive = False

    def litert(self, content):
        return LiteRT(content, kernels="reference")

    def run(self, content, plain, rows):
        plain.run(rows)


def kernels_at(place: str) -> Kernels:
    """Imports kernels from what `Kernels.place` gave."""
    return resolve_name(place)()
