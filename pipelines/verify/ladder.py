"""One function climbs down: a form of a model on a runtime, on raw held-out rows, compared with
Keras and the runner.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..device.answers import Answers
from ..device.runner import Runner
from ..device.signature import Signature
from ..errors import VerifyError
from ..rows.columns import read_rows
from ..rows.parts import HeldOut
from ..tasks import task_of
from ..tasks.metrics import loss_of

TIMED_ROWS = 200
MAX_TIMED_MS = 5000
PIECE_ROWS = 512
ROUNDING = (
    1e-9  # of shares of rows: 0.02 of 50 rows is one row, whatever 0.96 - 0.94 is in floating point
)
# Of the labels that a runtime gives, the share that the device runner must give to the same rows.
MIN_RUNNER_AGREEMENT = 0.99
# And by how much its probabilities may differ from the runner's, on average over the rows.
MAX_PROBABILITY_DIFFERENCE = 0.02


class Runtime(Protocol):
    """A form of a model on what runs it: typed raw columns, as `HeldOut.x` has them, to answers;
    and the milliseconds of `num_rows` single rows, without what prepares them where the two can be
    told apart.
    """

    signature: Signature

    def predict_columns(self, columns: Mapping[str, np.ndarray]) -> Answers: ...

    def one_row_ms(self, columns: Mapping[str, np.ndarray], num_rows: int) -> np.ndarray: ...


@dataclass(frozen=True)
class Rung:
    """How one form did on held-out rows. `agreement`: share of rows with the label that Keras
    gives; `runner_agreement`: that the device runner gives, of runtimes that do all the work from
    the raw row themselves. `probability_difference`: mean over rows of the largest difference of a
    class's probability from the runner's. `largest_difference`: of the output in its unit, from
    Keras. `latency_ms`: median of one row at a time. `int8_steps`: of TFLM, the largest difference
    from LiteRT's reference kernels in steps of the output, of a streaming form that from the form
    for windows (`compared_with`); and `most_int8_steps`, the largest that is allowed. `num_rows`:
    how many held-out rows it answered; a slow interpreter takes a part of them, evenly drawn; none,
    where a form is estimated or was not run, which `note` states. `reference`: the scores of
    Keras on the same rows, where these are a part of all.
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
    """Scores one form of a model on its runtime, on raw held-out rows (only those at `places`, int
    [n], if given); raw means columns as loaded. `keras_answers`: to all rows; of Keras itself none.

    Raises VerifyError for other rows than HeldOut.
    """
    if not isinstance(rows, HeldOut):
        raise VerifyError(
            f"a {type(rows).__name__} was handed to the ladder",
            expected="a HeldOut",
            fix="judge on splits.test or splits.valid",
        )
    if places is None:
        places = np.arange(len(rows))
    answers = answer_all(runtime, rows, places)
    times = runtime.one_row_ms(_first_rows(runtime, rows), min(len(rows), TIMED_ROWS))
    if keras_answers is None:
        reference = answers
    else:
        reference = keras_answers.take(places)
    target = runtime.signature.target
    task = task_of(target)
    return Rung(
        form,
        task.score(rows.y[places], answers, target),
        task.agreement(reference, answers, target),
        _largest_difference(answers, reference, runtime.signature),
        size_bytes,
        float(np.median(times)),
        float(np.percentile(times, 95)),
        len(places),
        arena_bytes,
        reference=task.score(rows.y[places], reference, target) if len(places) < len(rows) else {},
    ), answers


def _largest_difference(one, other, signature):
    """Of the outputs in their unit; of more than two classes without what is common to a row, which
    says nothing.
    """
    one, other = (signature.output.to_float(answers.raw) for answers in (one, other))
    task = task_of(signature.target)
    return float(np.abs(task.comparable(one) - task.comparable(other)).max())


def unscored(
    form: str,
    size_bytes: int,
    note: str,
    *,
    arena_bytes: int | None = None,
    latency_ms: float | None = None,
) -> Rung:
    """A rung of a form that was not run here, and why, or what is known of it."""
    return Rung(form, {}, None, None, size_bytes, latency_ms, None, 0, arena_bytes, note=note)


def some_places(num_rows: int, most: int) -> np.ndarray:
    """int64: places of at most so many rows, evenly drawn."""
    return np.unique(np.linspace(0, num_rows - 1, min(most, num_rows)).astype(np.int64))


def answer_all(runtime: Runtime, rows: HeldOut, places: np.ndarray | None = None) -> Answers:
    """A runtime's answers to the rows (at `places`, if given); pictures are read and answered in
    pieces, so that memory stays small.
    """
    columns = _columns(runtime, rows)
    if places is None:
        places = np.arange(len(rows))
    if not any(x.ndim == 4 for x in columns.values()):
        return runtime.predict_columns(_piece(columns, places))
    return join_answers(
        [
            runtime.predict_columns(_piece(columns, places[start : start + PIECE_ROWS]))
            for start in range(0, len(places), PIECE_ROWS)
        ]
    )


def join_answers(parts: list[Answers]) -> Answers:
    """Answers to parts of rows as one."""

    def joined(name):
        if getattr(parts[0], name) is None:
            return None
        return np.concatenate([getattr(each, name) for each in parts])

    return Answers(*(joined(name) for name in ("labels", "scores", "raw", "quantiles", "notes")))


def _columns(runtime, rows):
    return {column.name: rows.x[column.name] for column in runtime.signature.columns}


def _piece(columns, places):
    return {name: read_rows(x, places) for name, x in columns.items()}


def _first_rows(runtime, rows):
    return _piece(_columns(runtime, rows), slice(0, TIMED_ROWS))


class InRunner(Runner):
    """The device runner as a Runtime; its milliseconds are those of the interpreter alone."""

    def one_row_ms(self, columns, num_rows):
        return time_rows(self.interpreter, self.prepare(columns), num_rows)


def time_rows(interpreter, inputs: Mapping[str, np.ndarray], num_rows: int) -> np.ndarray:
    """float64 [rows timed]: milliseconds of an interpreter for one prepared row after the other,
    for as many as fit into MAX_TIMED_MS.
    """
    single = [{name: x[row : row + 1] for name, x in inputs.items()} for row in range(num_rows)]
    interpreter.run(single[0])  # the first call sets things up
    times = []
    for row in single:
        start = time.perf_counter()
        interpreter.run(row)
        times.append((time.perf_counter() - start) * 1000)
        if sum(times) > MAX_TIMED_MS:
            break
    return np.array(times)


def failed_step(rungs: list[Rung], deciding: str, tolerance: float) -> str:
    """ "" where every rung keeps the deciding metric within the tolerance of Keras and the runtimes
    agree on the int8 file; else what lost it, in words.
    """
    for after in rungs[1:]:
        if after.int8_steps is not None and after.int8_steps > after.most_int8_steps:
            return (
                f"{after.form} differs from {after.compared_with} by {after.int8_steps} int8 "
                "steps on some row, "
                f"tolerance {after.most_int8_steps}: the runtime computes something else"
            )
        if after.runner_agreement is not None and after.runner_agreement < MIN_RUNNER_AGREEMENT:
            return (
                f"{after.form} gives the device runner's label to {after.runner_agreement:.4f} "
                f"of {after.num_rows} "
                f"rows, at least {MIN_RUNNER_AGREEMENT} are wanted: it computes something else"
            )
        if (
            after.probability_difference is not None
            and after.probability_difference > MAX_PROBABILITY_DIFFERENCE
        ):
            return (
                f"{after.form} gives probabilities that differ from the device runner's by "
                f"{after.probability_difference:.4f} on average over {after.num_rows} rows, at "
                f"most {MAX_PROBABILITY_DIFFERENCE} are allowed: it computes something else"
            )
        if after.num_rows < rungs[0].num_rows:
            continue  # a score of fewer rows says nothing beside one of all; the steps above do
        lost = loss_of(deciding, rungs[0].scores, after.scores)
        if lost > tolerance + ROUNDING:
            before = next(
                rung
                for rung in reversed(rungs[: rungs.index(after)])
                if rung.num_rows == after.num_rows
            )
            step = loss_of(deciding, before.scores, after.scores)
            return (
                f"{before.form} → {after.form} lost {step:.4f} of {deciding} "
                f"({before.scores[deciding]:.4f} → {after.scores[deciding]:.4f}); with the steps "
                f"before it {lost:.4f} against keras, tolerance {tolerance}"
                + _in_rows(deciding, lost, tolerance, after)
            )
    return ""


def _in_rows(deciding, lost, tolerance, rung):
    """Of a share of rows also the rows, which four digits may hide."""
    if deciding != "accuracy":
        return ""
    return (
        f": {round(lost * rung.num_rows)} of {rung.num_rows} rows, of which "
        f"{int(tolerance * rung.num_rows + ROUNDING)} may be lost"
    )


class KerasInterpreter:
    """A Keras model behind the `run` of `device.runner.Interpreter`."""

    def __init__(self, model):
        import tensorflow as tf

        # Any number of rows: another trace for each would take longer than the rows.
        specs = {
            each.name: tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in model.inputs
        }
        call = tf.function(lambda inputs: model(inputs, training=False), input_signature=[specs])
        self._call = lambda inputs: call({name: inputs[name] for name in specs})

    def run(self, inputs):
        """Port → float32, int32 or pixels as uint8 [rows, ...] (in memory or stored) to
        float32 [rows, outputs].
        """
        pictures = [x for x in inputs.values() if x.ndim == 4]
        if not pictures:
            return np.asarray(self._call(inputs))
        # All feature maps of a piece are in memory at once: keep them to some tens of megabytes.
        step = int(np.clip(2**20 // np.prod(pictures[0].shape[1:]), 8, PIECE_ROWS))
        return np.concatenate(
            [
                np.asarray(self._call(_as_float(_piece(inputs, slice(start, start + step)))))
                for start in range(0, len(pictures[0]), step)
            ]
        )


def _as_float(columns):
    return {name: x.astype(np.float32) if x.dtype == np.uint8 else x for name, x in columns.items()}
