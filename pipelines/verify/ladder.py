"""One function climbs down: Keras → float32 → int8 → int8 on a microcontroller's interpreter, on raw held-out rows."""

import time
from dataclasses import dataclass, field

import numpy as np

from ..device.runner import Answers, Runner, answer
from ..device.signature import Target
from ..errors import VerifyError
from ..evaluate import agreement, score
from ..files import read_pixels
from ..metrics import loss_of
from ..rows import HeldOut

TIMED_ROWS, MAX_TIMED_MS = 200, 5000
PIECE_ROWS = 512


@dataclass(frozen=True)
class Rung:
    """How one form did on held-out rows. `agreement`: share of rows with the label that Keras gives.
    `largest_difference`: of the output in its unit, from Keras. `latency_ms`: median of one row at a time.
    `int8_steps`: of TFLM, the largest difference from LiteRT's reference kernels in steps of the output, of a streaming
    form that from the form for windows (`compared_with`); and `most_int8_steps`, the largest that is allowed.
    `num_rows`: how many held-out rows it answered; a slow interpreter takes a part of them, evenly drawn."""

    form: str
    scores: dict[str, float]
    agreement: float
    largest_difference: float
    size_bytes: int
    latency_ms: float
    latency_ms_p95: float
    num_rows: int
    arena_bytes: int | None = None
    int8_steps: int | None = None
    most_int8_steps: int | None = None
    intervals: dict[str, list[float]] = field(default_factory=dict)
    compared_with: str = "LiteRT's reference kernels"


def climb(form: str, runner: Runner, rows: HeldOut, *, keras_answers: Answers | None, size_bytes: int,
          arena_bytes: int | None = None, places: np.ndarray | None = None) -> tuple[Rung, Answers]:
    """Scores one form of a model through its runner on raw held-out rows (only those at `places`, int [n], if given);
    raw means columns as loaded.

    Raises VerifyError for other rows than HeldOut.
    """
    if not isinstance(rows, HeldOut):
        raise VerifyError(f"a {type(rows).__name__} was handed to the ladder", expected="a HeldOut",
                          fix="judge on splits.test or splits.valid")
    places = np.arange(len(rows)) if places is None else places
    answers = answer_all(runner, rows, places)
    median, p95 = _latency(runner, rows)
    reference = answers if keras_answers is None else keras_answers.take(places)
    output = runner.signature.output
    difference = np.abs(output.to_float(answers.raw) - output.to_float(reference.raw)).max()
    target: Target = runner.signature.target
    return Rung(form, score(rows.y[places], answers, target), agreement(reference, answers, target), float(difference),
                size_bytes, median, p95, len(places), arena_bytes), answers


def answer_all(runner: Runner, rows: HeldOut, places: np.ndarray | None = None) -> Answers:
    """The runner's answers to the rows (at `places`, if given); pictures are read and answered in pieces, so that
    memory stays small."""
    columns = {column.name: rows.x[column.name] for column in runner.signature.columns}
    places = np.arange(len(rows)) if places is None else places
    if not any(x.ndim == 4 for x in columns.values()):
        return runner.predict_columns(_piece(columns, places))
    raw = [runner.interpreter.run(runner.prepare(_piece(columns, places[start:start + PIECE_ROWS])))
           for start in range(0, len(places), PIECE_ROWS)]
    return answer(runner.signature, np.concatenate(raw), form=runner.form)


def _piece(columns, places):
    return {name: read_pixels(x[places]) for name, x in columns.items()}


def _latency(runner, rows):
    """Median and 95th percentile in ms of the interpreter alone, one prepared row a call."""
    inputs = runner.prepare(_piece({column.name: rows.x[column.name] for column in runner.signature.columns},
                                   slice(0, TIMED_ROWS)))
    single = [{name: x[row:row + 1] for name, x in inputs.items()} for row in range(min(len(rows), TIMED_ROWS))]
    runner.interpreter.run(single[0])  # the first call sets things up
    times = []
    for row in single:
        start = time.perf_counter()
        runner.interpreter.run(row)
        times.append((time.perf_counter() - start) * 1000)
        if sum(times) > MAX_TIMED_MS:
            break
    return float(np.median(times)), float(np.percentile(times, 95))


def failed_step(rungs: list[Rung], deciding: str, tolerance: float) -> str:
    """"" where every rung keeps the deciding metric within the tolerance of Keras and the runtimes agree on the int8
    file; else what lost it, in words."""
    for before, after in zip(rungs, rungs[1:], strict=False):
        if after.int8_steps is not None and after.int8_steps > after.most_int8_steps:
            return (f"{after.form} differs from {after.compared_with} by {after.int8_steps} int8 steps on some row, "
                    f"tolerance {after.most_int8_steps}: the runtime computes something else")
        if after.num_rows < rungs[0].num_rows:
            continue  # a score of fewer rows says nothing beside one of all; the steps above do
        lost = loss_of(deciding, rungs[0].scores, after.scores)
        if lost > tolerance:
            step = loss_of(deciding, before.scores, after.scores)
            return (f"{before.form} → {after.form} lost {step:.4f} of {deciding} "
                    f"({before.scores[deciding]:.4f} → {after.scores[deciding]:.4f}); with the steps before it "
                    f"{lost:.4f} against keras, tolerance {tolerance}")
    return ""


class KerasInterpreter:
    """A Keras model behind the `run` of `device.runner.Interpreter`."""

    def __init__(self, model):
        import tensorflow as tf
        self._call = tf.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)

    def run(self, inputs):
        """Port → float32, int32 or pixels as uint8 [rows, ...] (an array or PictureFiles) to float32 [rows,
        outputs]."""
        pictures = [x for x in inputs.values() if x.ndim == 4]
        if not pictures:
            return np.asarray(self._call(dict(inputs)))
        # All feature maps of a piece are in memory at once: keep them to some tens of megabytes.
        step = int(np.clip(2**20 // np.prod(pictures[0].shape[1:]), 8, PIECE_ROWS))
        return np.concatenate([np.asarray(self._call(_as_float(_piece(inputs, slice(start, start + step)))))
                               for start in range(0, len(pictures[0]), step)])


def _as_float(columns):
    return {name: x.astype(np.float32) if x.dtype == np.uint8 else x for name, x in columns.items()}
