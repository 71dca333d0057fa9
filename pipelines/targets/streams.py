"""The streaming form on raw held-out windows: reset, then one step after the other, against the
form for windows.
"""

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ..device.answers import Answers
from ..device.cells import SERIES
from ..device.runner import LiteRT
from ..device.signature import Signature
from ..device.stream import StepInterpreter, Stream
from ..errors import VerifyError
from ..rows.parts import HeldOut, TrainSet
from ..tasks import task_of
from ..verify.ladder import TIMED_ROWS, Rung, some_places
from .exported_model import ExportedModel

MAX_PUSHED_STEPS = 2000
MIN_WINDOWS = 10
MAX_FLOAT_DIFFERENCE = 1e-5
MAX_INT8_STEPS = 2


class RawStream(Protocol):
    """What takes raw steps, one a call; as `device.stream.Stream`."""

    def reset(self) -> None:
        """Forgets every step."""
        ...

    def push(self, row: Mapping[str, Any]) -> Answers | None:
        """Returns the forecast after a step; None as long as there were too few."""
        ...


class StreamLadder:
    """The streaming forms of a model, each pushed step by step through windows evenly drawn.

    Scores are those of the forecasts after each window; times and memory are those of one step.
    """

    def __init__(self, exported: ExportedModel, test: HeldOut, answers: dict[str, Answers]):
        """Chooses the windows.

        Args:
            exported: A model with a streaming form.
            test: Raw test windows.
            answers: Form → answers of the forms for whole windows.
        """
        self._signature = exported.signature
        self._tflite = exported.tflite
        self._test = test
        self._answers = answers
        series = [column for column in self._signature.columns if column.kind == SERIES]
        window = max(column.shape[0] for column in series)
        self._places = some_places(len(test), max(MAX_PUSHED_STEPS // window, MIN_WINDOWS))

    def climb_float32(self) -> Rung:
        """Runs the float form on LiteRT.

        Raises:
            VerifyError: It differs from the form for windows by more than 0.00001 standard
                deviations of the target.
        """
        content = self._tflite["stream_float32"]
        interpreter = LiteRT(content)
        answers = self._push(interpreter, "float32")
        wanted = self._for_windows("float32")
        if not np.allclose(
            answers.raw, wanted, rtol=MAX_FLOAT_DIFFERENCE, atol=MAX_FLOAT_DIFFERENCE
        ):
            raise VerifyError(
                f"the streaming form differs from the form for windows by "
                f"{np.abs(answers.raw - wanted).max():.2g}",
                expected=f"{MAX_FLOAT_DIFFERENCE:g} at most: the same sums in another order",
                fix="--set build.stream=False, and report this",
            )
        return self._rung(
            "stream_float32",
            answers,
            size_bytes=len(content),
            latency_ms=_step_ms(interpreter, self._signature, "float32"),
            compared_with="litert_float32",
        )

    def climb_int8(self) -> Rung:
        """Runs the int8 form on LiteRT, compared with the int8 form for windows."""
        content = self._tflite["stream_int8"]
        interpreter = LiteRT(content)
        answers = self._push(interpreter, "int8")
        step = max(self._signature.output.step(), self._signature.stream.output.step())
        return self._rung(
            "stream_int8",
            answers,
            size_bytes=len(content),
            latency_ms=_step_ms(interpreter, self._signature, "int8"),
            int8_steps=self._steps_apart(answers, self._for_windows("int8"), step),
            most_int8_steps=MAX_INT8_STEPS,
            compared_with="litert_int8",
        )

    def climb_micro(self, micro, plain: LiteRT, compared_with: str) -> Rung:
        """Runs the int8 form on TFLM.

        Args:
            micro: TFLM with the file.
            plain: LiteRT with the kernels that it is compared with.
            compared_with: What these are called.
        """
        wanted = self._to_float(self._push(plain, "int8"))
        answers = self._push(micro, "int8")
        return self._rung(
            "stream_micro_int8",
            answers,
            size_bytes=len(self._tflite["stream_int8"]),
            latency_ms=_step_ms(micro, self._signature, "int8"),
            arena_bytes=micro.arena_bytes(),
            int8_steps=self._steps_apart(
                answers,
                wanted,
                self._signature.stream.output.step(),
            ),
            most_int8_steps=MAX_INT8_STEPS,
            compared_with=compared_with,
        )

    def climb_exact(
        self,
        form: str,
        stream: RawStream,
        interpreter: StepInterpreter,
        *,
        compared_with: str,
        latency_ms: tuple[float, float],
    ) -> Rung:
        """Runs the int8 form where it goes from the raw step to the answer by itself, and must give
        another runtime's outputs to the bit.

        Args:
            form: The name of its rung.
            stream: Takes the raw steps.
            interpreter: The other runtime, with the file.
            compared_with: What that is called.
            latency_ms: The median and the 95th percentile of one step of the model.
        """
        wanted = self._push(interpreter, "int8")
        answers = _push_windows(stream, self._signature, self._test, self._places)
        target = self._signature.target
        return self._rung(
            form,
            answers,
            size_bytes=len(self._tflite["stream_int8"]),
            latency_ms=latency_ms,
            runner_agreement=task_of(target).agreement(wanted, answers, target),
            int8_steps=self._steps_apart(
                answers,
                self._to_float(wanted),
                self._signature.stream.output.step(),
            ),
            most_int8_steps=0,
            compared_with=compared_with,
        )

    def _rung(self, form, answers, *, size_bytes, latency_ms, **known):
        target = self._signature.target
        task = task_of(target)
        places = self._places
        keras = self._keras
        apart = np.abs(self._to_float(answers) - self._signature.output.to_float(keras.raw))
        median, p95 = latency_ms
        reference = {}
        if len(places) < len(self._test):
            reference = task.score(self._test.y[places], keras, target)
        return Rung(
            form,
            task.score(self._test.y[places], answers, target),
            task.agreement(keras, answers, target),
            float(apart.max()),
            size_bytes,
            median,
            p95,
            len(places),
            reference=reference,
            **known,
        )

    @cached_property
    def _keras(self):
        return self._answers["keras"].take(self._places)

    def _push(self, interpreter, form):
        stream = Stream(self._signature, interpreter, form=form)
        return _push_windows(stream, self._signature, self._test, self._places)

    def _to_float(self, answers):
        return self._signature.stream.output.to_float(answers.raw)

    def _for_windows(self, form):
        answers = self._answers[f"litert_{form}"].take(self._places)
        return self._signature.output.to_float(answers.raw)

    def _steps_apart(self, answers, wanted, step):
        return int(np.round(np.abs(self._to_float(answers) - wanted).max() / step))


def raw_steps(signature: Signature, rows: HeldOut | TrainSet, place: int) -> list[dict]:
    """The window at `place` as the raw rows of its steps, the oldest first."""
    frame = signature.frame
    past = [
        column
        for column in signature.columns
        if column.kind == SERIES and column.name not in frame.known
    ]
    beside = {
        column.name: rows.x[column.name][place]
        for column in signature.columns
        if column not in past
    }
    window = past[0].shape[0]
    dates = frame.dates(
        frame.numbers(rows.x[frame.time][place : place + 1]) + np.arange(-window, 0)
    )
    return [
        {
            **beside,
            frame.time: dates[each],
            **{column.name: rows.x[column.name][place, each] for column in past},
        }
        for each in range(window)
    ]


def _push_windows(stream, signature, test, places):
    """The answers after the last step of each window."""
    found = []
    for place in places:
        stream.reset()
        for row in raw_steps(signature, test, place):
            said = stream.push(row)
        found.append(said)
    if found[0].quantiles is None:
        quantiles = None
    else:
        quantiles = np.concatenate([each.quantiles for each in found])
    return Answers(
        None,
        np.concatenate([each.scores for each in found]),
        np.concatenate([each.raw for each in found]),
        quantiles,
    )


def _step_ms(interpreter, signature, form):
    """Median and 95th percentile in ms of the interpreter alone, one step a call."""
    ports = (*signature.stream.inputs, *signature.stream.states)
    inputs = {
        port.name: np.zeros(
            (1, *port.shape),
            form if port.dtype == "float32" else port.dtype,
        )
        for port in ports
    }
    return time_calls(lambda: interpreter.call(inputs))


def time_calls(call: Callable[[], object]) -> tuple[float, float]:
    """Returns the median and the 95th percentile of a call in ms; the first one does not count."""
    times = []
    for _ in range(TIMED_ROWS):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times[1:])), float(np.percentile(times[1:], 95))
