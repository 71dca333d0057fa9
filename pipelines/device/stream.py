"""A forecast step by step: one raw row a call, the net's states kept in between. numpy and LiteRT
only.

stream = Stream.load("saved_models/weather")
answers = stream.push({"time_hour": "2013-12-30T05:00:00Z", "temp": 39.0, ...})    # None at first
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from .answers import Answers
from .cells import shorten
from .checksums import read_checked
from .errors import DeviceError
from .history import as_cells, read_cells, refuse_days_without_steps
from .litert import LiteRT
from .ports import Port
from .primitives import Columns, run_primitives
from .raw_rows import ADD_COLUMN, names_missing
from .runner import answer, are_same_scales, refuse_missing
from .signature import Signature, read_signature

FORMS = ("int8", "float32")


class StepInterpreter(Protocol):
    """A runtime that holds one streaming form."""

    def call(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns outputs by name of arrays [1, ...] by port and state."""
        ...


class Stream:
    """One series under a streaming form. Many series need one Stream each.

    It gives what the form for windows gives for the same steps. The two fill a gap alike unless the
    window begins in it: a stream then still has the value from before the gap, which the window has
    not.

    Attributes:
        signature: Of a bundle with a streaming form.
        interpreter: The runtime that holds the form.
        form: "int8" or "float32".
    """

    def __init__(self, signature: Signature, interpreter: StepInterpreter, *, form: str = "int8"):
        if signature.stream is None:
            raise ValueError("a signature without a streaming form")
        self.signature = signature
        self.interpreter = interpreter
        self.form = form
        self._frame = signature.windows()
        self._streaming = signature.stream
        self._past_columns = signature.past_series()
        self._other_columns = []
        for column in signature.columns:
            is_time = column.name == self._frame.time
            if column not in self._past_columns and not is_time:
                self._other_columns.append(column)
        self.reset()

    @classmethod
    def load(cls, folder: str | Path, *, form: str = "int8") -> "Stream":
        """Loads the stream of a bundle.

        Args:
            folder: The bundle's folder.
            form: "int8" or "float32".

        Raises:
            DeviceError: If it has no streaming form or is damaged.
        """
        folder = Path(folder)
        signature = read_signature(folder)
        if form not in FORMS:
            raise DeviceError(
                f"form {form!r}", expected=" or ".join(FORMS), fix="name one of these"
            )
        path = folder / f"model_stream_{form}.tflite"
        if signature.stream is None or not path.is_file():
            raise DeviceError(
                f"no streaming form in {str(folder)!r}",
                expected=f"{path.name}, and its ports in signature.json",
                fix="make the bundle with --set 'build=Tcn(stream=True)', or ask for "
                "windows: Runner.load(folder)",
            )
        content = read_checked(folder, path.name)
        interpreter = LiteRT(content)
        _check_fit(signature.stream, interpreter, form)
        return cls(signature, interpreter, form=form)

    def reset(self) -> None:
        """Forgets every step: the next one begins a series."""
        self._next_step = None
        self._num_steps = 0
        self._past = {}
        for column in self._past_columns:
            self._past[column.name] = np.full(column.shape, np.nan, np.float32)
        self._states = {}
        for port in self._streaming.states:
            self._states[port.name] = self._zeros(port)

    def push(self, row: Mapping[str, object]) -> Answers | None:
        """Takes one step and forecasts the steps after it.

        Steps left out since the row before are missing ones; after a window of them the stream
        begins anew.

        Args:
            row: The raw cells of the step by column, with its time. A series has one value, empty
                where it is missing; one that is known beforehand has its values of the steps to
                forecast, as a list or text.

        Returns:
            Arrays of one row, or None while there are fewer steps since the reset than the net
            looks back on.

        Raises:
            DeviceError: If a column is missing, a cell cannot be read, or the time is not in a
                later step than the row before; the stream is then as it was.
        """
        step, values, others = self._read(row)
        if self._next_step is not None and step < self._next_step:
            self._refuse_time(row)
        if self._skips_a_window(step):
            self.reset()
        self._push_missing(step, values, others)
        return self._push(step, values, others)

    def _refuse_time(self, row):
        """Raises DeviceError for a row that is not later than the row before."""
        time = row[self._frame.time]
        raise DeviceError(
            f"the time {shorten(time)} is not in a later step than the row before",
            expected=f"steps of {self._frame.step_seconds:g} s, each once, in order",
            fix="push the mean of rows that share a step, or reset() for another series",
        )

    def _skips_a_window(self, step):
        """Returns whether a window of steps, or more, is left out before a step."""
        if self._next_step is None:
            return False
        window_steps = max(map(len, self._past.values()))
        num_skipped = step - self._next_step
        return num_skipped >= window_steps

    def _push_missing(self, step, values, others):
        """Takes the steps that are left out before a step."""
        if self._next_step is None:
            return
        missing = dict.fromkeys(values, np.float32(np.nan))
        for skipped in range(self._next_step, step):
            self._push(skipped, missing, others)

    def _read(self, row):
        """Reads the raw cells of a step.

        Returns:
            The number of the step since 1970, the newest value of each series by column, and the
            typed columns of what else there is.
        """
        self._refuse_absent(row)
        time = self._read_time(row)
        missing = self.signature.missing()
        values = {}
        for column in self._past_columns:
            cells = [row[column.name]]
            (values[column.name],) = read_cells(cells, as_cells(column), missing)
        others = {}
        for column in self._other_columns:
            cells = [row[column.name]]
            others[column.name] = read_cells(cells, column, missing)
        refuse_days_without_steps(time, self._frame)
        (step,) = self._frame.numbers(time)
        return int(step), values, others

    def _refuse_absent(self, row):
        """Raises DeviceError for a row that lacks a column."""
        names = [self._frame.time]
        for column in self.signature.columns:
            if column.name != self._frame.time:
                names.append(column.name)
        absent = names
        if isinstance(row, Mapping):
            absent = names_missing(names, row)
        if absent:
            absent_names = ", ".join(map(repr, absent))
            raise DeviceError(
                f"a step without the column {absent_names}",
                expected=", ".join(names),
                fix=ADD_COLUMN,
            )

    def _read_time(self, row):
        """Returns the time of a step, datetime64[s] [1]."""
        column = self._frame.time_column()
        cells = [row[column.name]]
        time = read_cells(cells, column, self.signature.missing())
        if np.isnat(time).any():
            raise DeviceError(
                "a step without a time", expected=f"a time in {column.name!r}", fix="give its time"
            )
        return time

    def _push(self, step, values, others):
        """Returns the net's answer once `values` are the newest step, or None.

        The windows are kept raw and prepared whole, so that a step is prepared as it is in a
        window; the net gets the newest alone.
        """
        past = self._moved(values)
        prepared = self._prepare(past, others, step)
        inputs = self._newest(prepared)
        outputs = self.interpreter.call({**inputs, **self._states})
        self._past = past
        self._next_step = step + 1
        self._num_steps += 1
        for name in self._states:
            self._states[name] = outputs[name]
        if self._num_steps < self._streaming.num_steps:
            return None
        signature = replace(self.signature, output=self._streaming.output)
        return answer(
            signature,
            outputs["output"],
            form=self.form,
            prepared=prepared,
        )

    def _moved(self, values):
        """Returns the windows with new values at their end, and without their oldest step."""
        past = {}
        for name, window in self._past.items():
            newest = np.float32(values[name])
            past[name] = np.append(window[1:], newest)
        return past

    def _prepare(self, past, others, step):
        """Returns the windows up to a step, as one row, after every primitive."""
        columns: Columns = dict(others)
        first_ahead = np.array([step + 1])
        columns[self._frame.time] = self._frame.dates(first_ahead)
        for name, window in past.items():
            columns[name] = window[None]
        return run_primitives(self.signature.primitives, columns)

    def _newest(self, prepared):
        """Returns the arrays of the ports, of past steps the newest alone."""
        inputs = {}
        for port in self._streaming.inputs:
            refuse_missing(prepared, port)
            x = prepared[port.name]
            if x.ndim == 3:
                # What is known of the steps to forecast has as many steps as the port.
                num_steps = port.shape[0]
                x = x[:, -num_steps:]
            if self.form == "int8":
                x = port.quantize(x)
            inputs[port.name] = x
        return inputs

    def _zeros(self, port: Port):
        shape = (1, *port.shape)
        if self.form == "int8":
            return np.full(shape, port.zero_point, np.int8)
        return np.zeros(shape, np.float32)


def _check_fit(stream, interpreter, form):
    """Raises DeviceError for ports and scales that are not those of the model in the same folder.

    Args:
        stream: The streaming form's part of the signature.
        interpreter: A LiteRT that holds the model.
        form: Of the model.
    """
    expected_inputs = {}
    for port in (*stream.inputs, *stream.states):
        dtype = port.dtype
        if dtype == "float32":
            dtype = form
        expected_inputs[port.name] = ((1, *port.shape), dtype)
    stated_scales = {}
    for port in (*stream.states, stream.output):
        stated_scales[port.name] = (0.0, 0)
        if form == "int8":
            stated_scales[port.name] = (port.scale, port.zero_point)
    fits_inputs = expected_inputs == interpreter.inputs()
    fits_scales = are_same_scales(stated_scales, interpreter.output_quantization())
    if not (fits_inputs and fits_scales):
        raise DeviceError(
            f"the signature and model_stream_{form}.tflite are not of one bundle: their ports or "
            "scales differ",
            expected="files that were written together",
            fix="copy the whole bundle again",
        )
