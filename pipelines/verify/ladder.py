"""The ladder: each form of a model on its runtime, on raw held-out rows, compared with Keras and
the device runner.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from ..device.answers import Answers, join_answers
from ..device.primitives import num_draws
from ..device.runner import Runner
from ..device.signature import Signature
from ..errors import VerifyError
from ..rows.columns import read_rows
from ..rows.parts import HeldOut
from ..tasks import task_of
from .finite import check_form

TIMED_ROWS = 200
MAX_TIMED_MS = 5000
PIECE_ROWS = 512
PIECE_STREAMED = 8192


class Runtime(Protocol):
    """A form of a model on what runs it.

    Attributes:
        signature: What the model takes and gives.
    """

    signature: Signature

    def predict_columns(self, columns: Mapping[str, np.ndarray]) -> Answers:
        """Returns the answers to typed raw columns, as `HeldOut.x` has them."""
        ...

    def one_row_ms(self, columns: Mapping[str, np.ndarray], num_rows: int) -> np.ndarray:
        """Returns the milliseconds of single rows, float64 [rows timed], without what prepares
        them if the two are separate.
        """
        ...


@dataclass(frozen=True)
class Rung:
    """How one form did on held-out rows.

    Attributes:
        form: Name of the form.
        scores: Metric → value; empty if the form was not run.
        agreement: The share of rows with the label that Keras gives.
        largest_difference: Of the output from that of Keras, in its unit.
        size_bytes: Of the file.
        latency_ms: The median of one row at a time.
        latency_ms_p95: The 95th percentile of one row at a time.
        num_rows: How many held-out rows it answered. A slow interpreter takes a part of them,
            evenly drawn; 0 if a form is estimated or was not run, for the reason in `note`.
        arena_bytes: The memory that TFLM takes; of C, its RAM on a microcontroller.
        int8_steps: Of TFLM, the largest difference from LiteRT's reference kernels, in steps of
            the output; of a streaming form, that from the form for windows (`compared_with`).
        most_int8_steps: The largest of `int8_steps` that is allowed.
        intervals: Metric → its lower and upper bound.
        compared_with: What `int8_steps` are counted from.
        runner_agreement: The share of rows with the label that the device runner gives, of
            runtimes that do all the work from the raw row themselves.
        probability_difference: The mean over rows of the largest difference of a class's
            probability from the runner's.
        note: Why the form was not run, or what is known of it.
        reference: The scores of Keras on the same rows, if these are a part of all.
        flash_bytes: Of code and constants on a microcontroller; None if not measured.
        instructions: Of one row on a microcontroller; None if not measured.
    """

    form: str
    scores: dict[str, float]
    agreement: float | None
    largest_difference: float | None
    size_bytes: int
    latency_ms: float | None
    latency_ms_p95: float | None
    num_rows: int
    arena_bytes: int | None = None
    int8_steps: int | None = None
    most_int8_steps: int | None = None
    intervals: dict[str, list[float]] = field(default_factory=dict)
    compared_with: str = "LiteRT's reference kernels"
    runner_agreement: float | None = None
    probability_difference: float | None = None
    note: str = ""
    reference: dict[str, float] = field(default_factory=dict)
    flash_bytes: int | None = None
    instructions: int | None = None


def climb(
    form: str,
    runtime: Runtime,
    rows: HeldOut,
    *,
    keras_answers: Answers | None,
    size_bytes: int,
    arena_bytes: int | None = None,
    places: np.ndarray | None = None,
) -> tuple[Rung, Answers]:
    """Scores one form of a model on its runtime.

    Args:
        form: Name of the form.
        runtime: What runs it.
        rows: Raw held-out rows: columns as loaded.
        keras_answers: To all rows; None for Keras itself.
        size_bytes: Of the file.
        arena_bytes: The memory that TFLM takes.
        places: The rows to answer, int [n]; None for all.

    Returns:
        The rung, and the answers.

    Raises:
        VerifyError: The rows are no HeldOut, or an output is NaN or infinite.
    """
    _check_held_out(rows)
    if places is None:
        places = np.arange(len(rows))
    answers = answer_all(runtime, rows, places)
    check_form(answers.raw, form)
    times = runtime.one_row_ms(_first_rows(runtime, rows), min(len(rows), TIMED_ROWS))
    if keras_answers is None:
        reference = answers
    else:
        reference = keras_answers.take(places)
    rung = _score(form, runtime.signature, answers, reference, rows.y[places])
    rung = replace(
        rung,
        size_bytes=size_bytes,
        latency_ms=float(np.median(times)),
        latency_ms_p95=float(np.percentile(times, 95)),
        arena_bytes=arena_bytes,
    )
    if len(places) < len(rows):
        target = runtime.signature.target
        scores = task_of(target).score(rows.y[places], reference, target)
        rung = replace(rung, reference=scores)
    return rung, answers


def _check_held_out(rows):
    """Raises VerifyError for other rows than HeldOut."""
    if not isinstance(rows, HeldOut):
        raise VerifyError(
            f"a {type(rows).__name__} was handed to the ladder",
            expected="a HeldOut",
            fix="judge on splits.test or splits.valid",
        )


def _score(form, signature, answers, reference, y):
    """Returns a rung of answers to rows with truth y, before bytes and times are known."""
    target = signature.target
    task = task_of(target)
    return Rung(
        form=form,
        scores=task.score(y, answers, target),
        agreement=task.agreement(reference, answers, target),
        largest_difference=_largest_difference(answers, reference, signature),
        size_bytes=0,
        latency_ms=None,
        latency_ms_p95=None,
        num_rows=len(y),
    )


def _largest_difference(one, other, signature):
    """Returns the largest difference of outputs in their unit; of more than two classes without
    what is common to a row, which decides nothing.
    """
    task = task_of(signature.target)
    ours = task.comparable(signature.output.to_float(one.raw))
    theirs = task.comparable(signature.output.to_float(other.raw))
    return float(np.abs(ours - theirs).max())


def unscored(
    form: str,
    size_bytes: int,
    note: str,
    *,
    arena_bytes: int | None = None,
    latency_ms: float | None = None,
) -> Rung:
    """Returns a rung of a form that was not run here, with the reason or what is known of it."""
    return Rung(
        form=form,
        scores={},
        agreement=None,
        largest_difference=None,
        size_bytes=size_bytes,
        latency_ms=latency_ms,
        latency_ms_p95=None,
        num_rows=0,
        arena_bytes=arena_bytes,
        note=note,
    )


def some_places(num_rows: int, most: int) -> np.ndarray:
    """Returns int64: places of at most so many rows, evenly drawn."""
    evenly = np.linspace(0, num_rows - 1, min(most, num_rows))
    return np.unique(evenly.astype(np.int64))


def answer_all(runtime: Runtime, rows: HeldOut, places: np.ndarray | None = None) -> Answers:
    """Returns a runtime's answers to the rows (at `places`, if given); pictures, and rows of a
    source that does not fit into memory, are answered in pieces, so that memory stays small.
    """
    columns = _columns(runtime, rows)
    if places is None:
        places = np.arange(len(rows))
    piece_rows = len(places)
    if any(x.ndim == 4 for x in columns.values()):
        piece_rows = PIECE_ROWS
    elif rows.schema.is_streamed:
        piece_rows = PIECE_STREAMED
    if piece_rows >= len(places):
        return runtime.predict_columns(_piece(columns, places))
    parts = []
    for start in range(0, len(places), piece_rows):
        piece = _piece(columns, places[start : start + piece_rows])
        parts.append(runtime.predict_columns(piece))
    return join_answers(parts)


def _columns(runtime, rows):
    return {column.name: rows.x[column.name] for column in runtime.signature.columns}


def _piece(columns, places):
    return {name: read_rows(x, places) for name, x in columns.items()}


def _first_rows(runtime, rows):
    return _piece(_columns(runtime, rows), slice(0, TIMED_ROWS))


class InRunner(Runner):
    """The device runner as a Runtime; its milliseconds are those of the interpreter alone."""

    def one_row_ms(self, columns, num_rows):
        times = time_rows(self.interpreter, self.prepare(columns), num_rows)
        calls = task_of(self.signature.target).device.num_calls(self.signature)
        return times * num_draws(self.signature.primitives) * calls


def time_rows(interpreter, inputs: Mapping[str, np.ndarray], num_rows: int) -> np.ndarray:
    """Returns milliseconds float64 [rows timed] of an interpreter for one prepared row after the
    other, of as many rows as fit into MAX_TIMED_MS.
    """
    single = []
    for row in range(num_rows):
        single.append({name: x[row : row + 1] for name, x in inputs.items()})
    interpreter.run(single[0])  # the first call sets things up
    times = []
    for row in single:
        start = time.perf_counter()
        interpreter.run(row)
        seconds = time.perf_counter() - start
        times.append(seconds * 1000)
        if sum(times) > MAX_TIMED_MS:
            break
    return np.array(times)
