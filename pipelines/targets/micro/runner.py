"""The microcontroller interpreter (TFLM), through the `tflite-micro` package."""

import re
import tempfile
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

from ...convert.graph import with_unknown_operator
from ...convert.refusals import micro_reason
from ...device.errors import DeviceError
from ...device.quiet import quiet
from ...device.runner import LiteRT
from ...errors import VerifyError
from ...installed import import_fault

# Ample from the start: TFLM has ended the process where the arena was too small. What a model needs
# is read after.
ARENA_BYTES = (2**23, 2**26)


def check_kernels(content: bytes) -> tuple[LiteRT, str]:
    """LiteRT with the plain kernels that TFLM is compared with, and what they are called: its
    reference kernels or, where these lack an operator that TFLM may have (ELU, TILE), its optimized
    ones.
    """
    try:
        return LiteRT(content, kernels="reference"), "LiteRT's reference kernels"
    except DeviceError:
        return LiteRT(content, kernels="optimized"), "LiteRT's optimized kernels"


def micro_available() -> bool:
    """Whether `tflite-micro` can be imported; it has wheels for Linux only."""
    return not import_fault("tflite_micro.python.tflite_micro.runtime")


class Micro:
    """A TFLite file under the TFLM interpreter; one row a call. Has the `run` of
    `device.runner.Interpreter`.
    """

    def __init__(
        self, content: bytes, port_names: list[str], output_names: tuple[str, ...] = ("output",)
    ):
        """`port_names`, `output_names`: the model's inputs and outputs in the order of the file.
        Raises VerifyError where TFLM refuses it.
        """
        from tflite_micro.python.tflite_micro import runtime

        self._names, self._outputs, self._invoked = port_names, output_names, False
        for size in ARENA_BYTES:
            try:
                with _standard_error() as printed:
                    self._interpreter = runtime.Interpreter.from_bytes(
                        content,
                        arena_size=size,
                    )
                return
            except (RuntimeError, ValueError) as refused:
                error = refused
        _raise_reason(printed.text)
        if printed.text.strip() and not re.search(
            "Requested: |too small", printed.text
        ):  # no memory: a kernel's own limit
            raise VerifyError(
                f"TFLM refuses the model: {' '.join(printed.text.split())[-400:]}",
                expected="layers within the limits of TFLM's kernels",
                fix="build the net with another layer, or leave the targets micro and c out",
            )
        raise VerifyError(
            f"TFLM cannot hold the model in {ARENA_BYTES[-1]:,} bytes: {error}",
            expected="operators that TFLM has, and tensors that fit",
            fix="make the model smaller",
        )

    def run(self, inputs):
        """Port → int8 (or int32 ids) [rows, ...] to int8 [rows, outputs]."""
        results = []
        for row in range(len(next(iter(inputs.values())))):
            self.reset()
            for place, name in enumerate(self._names):
                self._interpreter.set_input(inputs[name][row : row + 1], place)
            self._invoke()
            results.append(self._interpreter.get_output(0)[0])
        return np.stack(results)

    def reset(self) -> None:
        """Forgets the rows before, as a recurrent net must."""
        self._interpreter.reset()

    def call(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One row, all outputs by name, as LiteRT.call."""
        for place, name in enumerate(self._names):
            self._interpreter.set_input(inputs[name], place)
        self._invoke()
        return {
            name: self._interpreter.get_output(place) for place, name in enumerate(self._outputs)
        }

    def _invoke(self):
        try:
            if self._invoked:
                self._interpreter.invoke()
                return
            # Of the first row only: catching takes longer than a small net.
            with _standard_error() as printed:
                self._interpreter.invoke()
            self._invoked = True
        except RuntimeError as error:
            _raise_reason(printed.text if not self._invoked else "")
            raise VerifyError(
                f"TFLM fails on a row: {error}",
                expected="an answer to every row",
                fix="leave the targets micro and c out",
            ) from error

    def arena_bytes(self) -> int:
        """What the model needs of the arena, as TFLM itself counts it (on standard error, which is
        caught).
        """
        with _standard_error() as printed:
            self._interpreter.print_allocations()
        found = re.search(r"Arena allocation total (\d+) bytes", printed.text)
        if not found:
            raise VerifyError(
                f"TFLM printed no arena size: {printed.text[:200]!r}",
                expected="'Arena allocation total'",
                fix="install the tflite-micro version of constraints.txt",
            )
        return int(found.group(1))


def arena_bytes_of(content: bytes) -> int | None:
    """Returns the memory that TFLM takes for a TFLite file; None if `tflite-micro` is not
    installed, or if TFLM cannot run the file.
    """
    if not micro_available():
        return None
    try:
        require_operators(content)
        return Micro(content, LiteRT(content).port_names()).arena_bytes()
    except VerifyError:
        return None


def _raise_reason(text):
    """Raises VerifyError with TFLM's own words, where they name an operator."""
    reason = micro_reason(text)
    if reason:
        raise VerifyError(
            reason,
            expected="layers and activations that TFLM has operators for",
            fix="build the net with another, leave the targets micro and c out, or make them "
            "optional: 'micro?,c?'",
        )


def require_operators(content: bytes) -> None:
    """Checks that TFLM has every operator of a TFLite file, before any memory is laid out.

    TFLM looks up every operator first, and then stops at one that is appended here and that no
    runtime has.

    Raises:
        VerifyError: TFLM lacks an operator; the error names the first.
    """
    from tflite_micro.python.tflite_micro import runtime

    with _standard_error() as printed:
        try:
            runtime.Interpreter.from_bytes(
                with_unknown_operator(content), arena_size=ARENA_BYTES[0]
            )
        except (RuntimeError, ValueError):
            pass  # always: what it lacks is in its words
    if "find op for builtin opcode" in printed.text:
        _raise_reason(printed.text)


@contextmanager
def _standard_error():
    """Catches what C++ writes to standard error, in `text` afterwards: TFLM reports there only."""
    printed = SimpleNamespace(text="")
    with tempfile.TemporaryFile() as caught:
        try:
            with quiet(caught.fileno()):
                yield printed
        finally:
            caught.seek(0)
            printed.text = caught.read().decode(errors="replace")
