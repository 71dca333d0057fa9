"""The streaming form on raw held-out windows: reset, then one step after the other, against the
form for windows.
"""

import time

import numpy as np

from ..device.answers import Answers
from ..device.cells import SERIES
from ..device.runner import LiteRT
from ..device.signature import Signature
from ..device.stream import Stream
from ..errors import VerifyError
from ..rows.parts import HeldOut
from ..tasks import task_of
from ..verify.ladder import TIMED_ROWS, Rung, some_places
from .micro.runner import MAX_INT8_STEPS, Micro, check_kernels, micro_available

MAX_PUSHED_STEPS = 2000
MIN_WINDOWS = 10
MAX_FLOAT_DIFFERENCE = 1e-5


def climb_streams(
    signature: Signature,
    tflite: dict[str, bytes],
    test: HeldOut,
    answers: dict[str, Answers],
    *,
    micro: bool,
) -> list[Rung]:
    """Rungs "stream_float32", "stream_int8" and, with `micro` where TFLM is installed,
    "stream_micro_int8", each of the forecasts after windows evenly drawn, pushed step by step;
    times and arena are of one step. `answers`: those of the forms for windows. Raises VerifyError
    where the float form differs from that for windows by more than 0.00001 (in standard deviations
    of the target).
    """
    window = max(column.shape[0] for column in signature.columns if column.kind == SERIES)
    affordable = max(MAX_PUSHED_STEPS // window, MIN_WINDOWS)
    places = some_places(len(test), affordable)
    content = tflite["stream_int8"]
    keras = answers["keras"].take(places)

    task = task_of(signature.target)

    def climbed(name, interpreter, *, form, beside, scale, size, arena=None, compared_with):
        said = _push_windows(Stream(signature, interpreter, form=form), test, places)
        values = signature.stream.output.to_float(said.raw)
        if form == "float32":
            steps = None
        else:
            steps = int(np.round(np.abs(values - beside).max() / scale))
        median, p95 = _step_ms(interpreter, signature, form)
        return said, Rung(
            name,
            task.score(test.y[places], said, signature.target),
            task.agreement(keras, said),
            float(np.abs(values - signature.output.to_float(keras.raw)).max()),
            size,
            median,
            p95,
            len(places),
            arena,
            steps,
            None if steps is None else MAX_INT8_STEPS,
            compared_with=compared_with,
            reference=task.score(test.y[places], keras, signature.target)
            if len(places) < len(test)
            else {},
        )

    def windows(form):
        return signature.output.to_float(answers[f"litert_{form}"].take(places).raw)

    said, floats = climbed(
        "stream_float32",
        LiteRT(tflite["stream_float32"]),
        form="float32",
        beside=None,
        scale=None,
        size=len(tflite["stream_float32"]),
        compared_with="litert_float32",
    )
    if not np.allclose(
        said.raw, windows("float32"), rtol=MAX_FLOAT_DIFFERENCE, atol=MAX_FLOAT_DIFFERENCE
    ):
        raise VerifyError(
            f"the streaming form differs from the form for windows by "
            f"{np.abs(said.raw - windows('float32')).max():.2g}",
            expected=f"{MAX_FLOAT_DIFFERENCE:g} at most: the same sums in another order",
            fix="--set build.stream=False, and report this",
        )
    scale = max(signature.output.step(), signature.stream.output.step())
    _, int8 = climbed(
        "stream_int8",
        LiteRT(content),
        form="int8",
        beside=windows("int8"),
        scale=scale,
        size=len(content),
        compared_with="litert_int8",
    )
    if not (micro and micro_available()):
        return [floats, int8]
    plain, compared_with = check_kernels(content)
    wanted = _push_windows(Stream(signature, plain), test, places)
    tflm = Micro(content, plain.port_names(), plain.output_names())
    _, small = climbed(
        "stream_micro_int8",
        tflm,
        form="int8",
        beside=signature.stream.output.to_float(wanted.raw),
        scale=signature.stream.output.step(),
        size=len(content),
        arena=tflm.arena_bytes(),
        compared_with=compared_with,
    )
    return [floats, int8, small]


def raw_steps(signature: Signature, rows: HeldOut, place: int) -> list[dict]:
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


def _push_windows(stream, test, places):
    """The answers after the last step of each window."""
    found = []
    for place in places:
        stream.reset()
        for row in raw_steps(stream.signature, test, place):
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
        port.name: np.zeros((1, *port.shape), form if port.dtype == "float32" else port.dtype)
        for port in ports
    }
    times = []
    for _ in range(TIMED_ROWS):
        start = time.perf_counter()
        interpreter.call(inputs)
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times[1:])), float(np.percentile(times[1:], 95))
