"""The generated C of a streaming form, compiled by the machine's own compiler and given raw steps."""

import ctypes
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...device.answers import Answers
from ...device.signature import Signature
from ...errors import VerifyError
from .past_steps import step_fields
from .runner import TYPES, cell_in_c, compiled_library, port_fields, structure

_HEADERS = ("signature.h", "stream.h", "model.h")
_SOURCES = ("prepare.c", "stream.c", "model.c")
_INT8_POINTER = ctypes.POINTER(ctypes.c_int8)
_DOUBLE_POINTER = ctypes.POINTER(ctypes.c_double)


class CStream:
    """prepare.c, stream.c and model.c: raw steps to forecasts, all of it in C.

    A `RawStream` of the ladder.
    """

    def __init__(
        self,
        files: Mapping[str, bytes | str],
        signature: Signature,
        output_names: Sequence[str],
    ):
        """Compiles the code.

        Args:
            files: Name → text, of the bundle's folder c/stream/.
            signature: Of the model, with a streaming form.
            output_names: What the model gives, in the order of the file.

        Raises:
            VerifyError: It cannot be compiled.
        """
        stream = signature.stream
        if stream is None:
            raise ValueError("a signature without a streaming form")
        self._signature = signature
        self._stream = stream
        self._library = compiled_library(files, _HEADERS, dict.fromkeys(_SOURCES, "-O2"))
        self._step_fields = step_fields(signature)
        self._step = structure(self._types_of_fields())
        self._inputs = structure(port_fields((*stream.inputs, *stream.states)))()
        given = {port.name: port for port in stream.states}
        given["output"] = stream.output
        # A struct of arrays of int8, one behind the other.
        self._outputs = {}
        num_outputs = sum(_size(each) for each in given.values())
        self._memory = np.zeros(num_outputs, np.int8)
        start = 0
        for name in output_names:
            behind = start + _size(given[name])
            self._outputs[name] = self._memory[start:behind]
            start = behind

    def reset(self) -> None:
        """Forgets every step."""
        self._library.stream_reset()

    def push(self, row: Mapping[str, Any]) -> Answers | None:
        """Takes a step.

        Args:
            row: Typed cells by column, as `raw_steps` gives them.

        Returns:
            The forecast after it; None as long as there were fewer than the net looks back on.

        Raises:
            VerifyError: C refuses the step.
        """
        time = row[self._signature.windows().time]
        cells = [int(time.astype("datetime64[s]").astype(np.int64))]
        kept = []
        for each in self._step_fields:
            kind = each.column.kind
            if each.is_kept:
                kind = "numeric"
            value, memory = cell_in_c(
                row[each.column.name],
                kind,
            )
            cells.append(value)
            kept.append(memory)
        code = self._library.stream_push(ctypes.byref(self._step(*cells)))
        if code:
            raise VerifyError(
                f"C refuses a step of the stream with {code}",
                expected="steps that Python takes too",
                fix="report this with the step",
            )
        while self._library.stream_next(ctypes.byref(self._inputs)):
            self.run_model()
            states = [self._outputs[port.name] for port in self._stream.states]
            self._library.stream_keep(*map(_pointer, states))
        if not self._library.stream_ready():
            return None
        return self._answer()

    def run_model(self) -> None:
        """Runs the model on the inputs of the newest step."""
        self._library.model_run(
            ctypes.byref(self._inputs),
            _pointer(self._memory),
        )

    def _answer(self):
        """Returns the forecast of the newest outputs."""
        output = self._outputs["output"]
        values = np.empty(output.size)
        into = values.ctypes.data_as(_DOUBLE_POINTER)
        self._library.stream_forecast(_pointer(output), into)
        raw = output.copy()[None]
        target = self._signature.target
        if not target.quantiles:
            return Answers(None, values[None], raw)
        quantiles = values.reshape(1, -1, len(target.quantiles))
        return Answers(None, quantiles[:, :, target.middle()], raw, quantiles)

    def _types_of_fields(self):
        """Returns the fields of a step as `structure` takes them."""
        fields: list[tuple[str, Any]] = [("time", ctypes.c_int64)]
        for each in self._step_fields:
            kind: Any = ctypes.c_float
            if not each.is_kept:
                kind = TYPES[each.column.kind]
            fields.append((each.name, kind))
        return fields


def _size(port):
    return math.prod(port.shape)


def _pointer(values):
    return values.ctypes.data_as(_INT8_POINTER)
