"""Microcontrollers as a target."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...convert.kernels import Kernels, ReferenceKernels
from ...device.runner import LiteRT
from ...rows.columns import read_rows
from ...slots import Target
from ...spec import knob
from ...tasks import task_of
from ...verify.ladder import InRunner, answer_all, climb, unscored
from ..budgets import Cost, int8_latency_ms
from ..streams import StreamLadder
from .kernels import MicroKernels
from .limits import MAX_INT8_STEPS, micro_places, most_rounding_steps, traced_places
from .rounding import explain_steps
from .runner import Micro, check_kernels, micro_available


@dataclass(frozen=True)
class TargetMicro(Target):
    """Runs on microcontrollers: TFLM's interpreter (`tflite-micro`, Linux).

    Its source: https://github.com/tensorflow/tflite-micro.

    Attributes:
        max_arena_bytes: The most bytes of its arena; 0: no budget.
    """

    form: ClassVar[str] = "micro_int8"
    kernels: ClassVar[tuple[Kernels, ...]] = (ReferenceKernels(), MicroKernels())

    max_arena_bytes: int = knob(0, 0, 2**40)

    def max_memory_bytes(self):
        return self.max_arena_bytes

    def cost(self, exported):
        content = exported.tflite["int8"]
        if not micro_available():
            return Cost(len(content))
        micro = Micro(content, LiteRT(content).port_names())
        return Cost(len(content), micro.arena_bytes(), int8_latency_ms(exported, micro))

    def climb(self, exported, test, answers):
        int8 = exported.tflite["int8"]
        if not micro_available():
            return [
                unscored(
                    self.form,
                    len(int8),
                    "not run: pip install tflite-micro (Linux)",
                )
            ]
        plain, compared_with = check_kernels(int8)
        num_calls = task_of(exported.signature.target).device.num_calls(exported.signature)
        places = micro_places(exported.model, len(test), num_calls=num_calls)
        micro = Micro(int8, plain.port_names())
        rung, answers[self.form] = climb(
            self.form,
            InRunner(exported.signature, micro),
            test,
            size_bytes=len(int8),
            keras_answers=answers["keras"],
            arena_bytes=micro.arena_bytes(),
            places=places,
        )
        runner = InRunner(exported.signature, plain)
        wanted = answer_all(runner, test, places)
        apart = _steps_apart(answers[self.form].raw, wanted.raw, exported.signature.output)
        if task_of(exported.signature.target).device.own_inputs(exported.signature, 0):
            apart = _on_same_inputs(runner, micro, test, places)
        rung = replace(
            rung,
            int8_steps=int(apart.max()),
            most_int8_steps=MAX_INT8_STEPS,
            compared_with=compared_with,
        )
        if rung.int8_steps <= MAX_INT8_STEPS:
            return [rung]
        keras = answers["keras"].take(places)
        most_steps = most_rounding_steps(wanted, keras, exported.signature)
        _, found = _run_at(runner, test, places[traced_places(apart)])
        return [explain_steps(rung, int8, runner.quantize(found), most_steps)]

    def climb_stream(self, exported, test, answers):
        if not micro_available():
            return []
        content = exported.tflite["stream_int8"]
        plain, compared_with = check_kernels(content)
        micro = Micro(content, plain.port_names(), plain.output_names())
        ladder = StreamLadder(exported, test, answers)
        return [ladder.climb_micro(micro, plain, compared_with)]


def _run_at(runner, test, places):
    """Returns what a runner's model gives for rows, and the columns that it gave it for."""
    columns = {}
    for column in runner.signature.columns:
        columns[column.name] = read_rows(test.x[column.name], places)
    return runner.run(runner.prepared(columns))


def _on_same_inputs(runner, micro, test, places):
    """Returns `_steps_apart` where two searches may part: both get what the first one found."""
    raw, found = _run_at(runner, test, places)
    return _steps_apart(micro.run(runner.quantize(found)), raw, runner.signature.output)


def _steps_apart(one, other, output):
    """Returns how many int8 steps outputs are apart, int [rows, values]; of the means over several
    draws, which are no longer int8, as many as their distance is.
    """
    if one.dtype == np.int8:
        return np.abs(one.astype(np.int32) - other)
    return np.ceil(np.abs(one - other) / output.scale - 1e-3).astype(np.int32)
