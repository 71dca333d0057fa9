"""A forecast step by step: one raw row a call, the net's states kept in between. numpy and LiteRT
only.

stream = Stream.load("saved_models/weather") answers = stream.push({"time_hour":
"2013-12-30T05:00:00Z", "temp": 39.0, ...})    # None at first
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from .answers import Answers
from .cells import SERIES, Column, shorten
from .checksums import read_checked
from .errors import DeviceError
from .history import as_cells, read_cells, refuse_days_without_steps
from .ports import Port
from .primitives import Columns, run_primitives
from .runner import LiteRT, answer
from .signature import Signature, read_signature

FORMS = ("int8", "float32")


class StepInterpreter(Protocol):
    """A runtime that holds one streaming form: arrays [1, ...] by port and state, to outputs by
    name.
    """

    def call(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]: ...


class Stream:
    """One series under a streaming form, "int8" or "float32". Many series want one Stream each.

    It gives what the form for windows gives for the same steps. The two fill a gap alike unless the
    window begins in it: a stream then has the value from before the gap still, which the window has
    not.
    """

    def __init__(self, signature: Signature, interpreter: StepInterpreter, *, form: str = "int8"):
        self.signature, self.interpreter, self.form = signature, interpreter, form
        self._known = signature.frame.known
        self.reset()

    @classmethod
    def load(cls, folder: str | Path, *, form: str = "int8") -> "Stream":
        """The stream of a bundle. Raises DeviceError where it has no streaming form or is
        damaged.
        """
        signature = read_signature(Path(folder))
        if form not in FORMS:
            raise DeviceError(
                f"form {form!r}", expected=" or ".join(FORMS), fix="name one of these"
            )
        path = Path(folder) / f"model_stream_{form}.tflite"
        if signature.stream is None or not path.is_file():
            raise DeviceError(
                f"no streaming form in {str(folder)!r}",
                expected=f"{path.name}, and its ports in signature.json",
                fix="make the bundle with --set 'build=Tcn(stream=True)', or ask for "
                "windows: Runner.load(folder)",
            )
        interpreter = LiteRT(read_checked(folder, path.name))
        _check_fit(signature, interpreter, form)
        return cls(signature, interpreter, form=form)

    def reset(self) -> None:
        """Forgets every step: the next one begins a series."""
        self._origin, self._num_steps = None, 0
        self._past = {
            column.name: np.full(column.shape, np.nan, np.float32)
            for column in self.signature.columns
            if column.kind == SERIES and column.name not in self._known
        }
        self._states = {port.name: self._zeros(port) for port in self.signature.stream.states}

    def push(self, row: Mapping[str, object]) -> Answers | None:
        """The raw cells of one step by column, with its time → the forecast of the steps after it
        (arrays of one row), or None while there are fewer steps since the reset than the net looks
        back on.

        A series has one value, empty where it is missing; one that is known beforehand has its
        values of the steps to forecast, as a list or text. Steps left out since the row before are
        missing ones; after a window of them the stream begins anew. Raises DeviceError where a
        column is not there, a cell cannot be read, or the time is not in a later step than the row
        before; the stream is then as it was.
        """
        step, new, others = self._read(row)
        if self._origin is not None and step < self._origin:
            raise DeviceError(
                f"the time {shorten(row[self.signature.frame.time])} is not in a later step than "
                "the row before",
                expected=f"steps of {self.signature.frame.step_seconds:g} s, each once, in order",
                fix="push the mean of rows that share a step, or reset() for another series",
            )
        if self._origin is not None and step - self._origin >= max(
            len(x) for x in self._past.values()
        ):
            self.reset()
        missing = dict.fromkeys(new, np.float32(np.nan))
        for place in range(step if self._origin is None else self._origin, step):
            self._push(place, missing, others)
        return self._push(step, new, others)

    def _read(self, row):
        """The step's number since 1970, the new value of each series, and the typed columns of what
        else there is.
        """
        frame = self.signature.frame
        missing = frozenset(self.signature.missing_words)
        names = dict.fromkeys((frame.time, *(column.name for column in self.signature.columns)))
        absent = [name for name in names if not isinstance(row, Mapping) or name not in row]
        if absent:
            raise DeviceError(
                f"a step without the column {', '.join(map(repr, absent))}",
                expected=", ".join(names),
                fix="add the column; leave its cell empty where the value is not known",
            )
        (time,) = read_cells([row[frame.time]], Column(frame.time, "date", frame.format), missing)
        if np.isnat(time):
            raise DeviceError(
                "a step without a time", expected=f"a time in {frame.time!r}", fix="give its time"
            )
        new = {}
        others = {}
        for column in self.signature.columns:
            if column.name in self._past:
                (new[column.name],) = read_cells([row[column.name]], as_cells(column), missing)
            elif column.name != frame.time:
                others[column.name] = read_cells([row[column.name]], column, missing)
        refuse_days_without_steps(np.array([time]), frame)
        return int(frame.numbers(np.array([time]))[0]), new, others

    def _push(self, step, new, others):
        """The net's answer once `new` is the newest step. The windows are kept raw and prepared
        whole, so that a step is prepared as it is in a window; the net gets the newest alone.
        """
        frame = self.signature.frame
        stream = self.signature.stream
        past = {name: np.append(x[1:], np.float32(new[name])) for name, x in self._past.items()}
        first = frame.dates(np.array([step + 1]))
        prepared = run_primitives(
            self.signature.primitives,
            {**others, frame.time: first, **{name: x[None] for name, x in past.items()}},
        )
        outputs = self.interpreter.call({**self._newest(prepared), **self._states})
        self._past, self._origin, self._num_steps = past, step + 1, self._num_steps + 1
        self._states = {port.name: outputs[port.name] for port in stream.states}
        if self._num_steps < stream.num_steps:
            return None
        return answer(
            replace(self.signature, output=stream.output),
            outputs["output"],
            form=self.form,
            prepared=prepared,
        )

    def _newest(self, prepared: Columns):
        newest = {}
        for port in self.signature.stream.inputs:
            x = prepared[port.name]
            if x.dtype == np.float32 and np.isnan(x).any():
                raise DeviceError(
                    f"the input {port.name!r} has a missing value after every step",
                    expected="steps that fill every column",
                    fix="add an imputing step for the column to "
                    "the recipe and make the bundle again",
                )
            # Of past steps the last one; what is known of the steps to forecast has as many as the
            # port.
            if x.ndim == 3:
                x = x[:, -port.shape[0] :]
            if self.form == "int8":
                newest[port.name] = port.quantize(x)
            else:
                newest[port.name] = x
        return newest

    def _zeros(self, port: Port):
        if self.form == "int8":
            return np.full((1, *port.shape), port.zero_point, np.int8)
        return np.zeros((1, *port.shape), np.float32)


def _check_fit(signature, interpreter, form):
    """Raises DeviceError where the ports and scales are not those of the model next to the
    signature.
    """
    stream = signature.stream
    taken = {
        port.name: ((1, *port.shape), form if port.dtype == "float32" else port.dtype)
        for port in (*stream.inputs, *stream.states)
    }
    given = {
        port.name: (port.scale if form == "int8" else 0.0, port.zero_point if form == "int8" else 0)
        for port in (*stream.states, stream.output)
    }
    found = interpreter.output_quantization()
    if (
        taken != interpreter.inputs()
        or given.keys() != found.keys()
        or not all(np.allclose(given[name], found[name], rtol=1e-6, atol=0) for name in given)
    ):
        raise DeviceError(
            f"the signature and model_stream_{form}.tflite are not of one bundle: their ports or "
            "scales differ",
            expected="files that were written together",
            fix="copy the whole bundle again",
        )
