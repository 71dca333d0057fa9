"""LiteRT as a target: the forms that every bundle has."""

from dataclasses import dataclass
from typing import ClassVar

from ...device.runner import FORMS, LiteRT
from ...slots import Target
from ...verify.ladder import InRunner, climb
from ..budgets import Cost, int8_latency_ms
from ..streams import StreamLadder


@dataclass(frozen=True)
class TargetLiteRT(Target):
    """Runs on LiteRT: Linux, Android, Raspberry Pi (https://ai.google.dev/edge/litert).

    Its forms are float32, int8 and, for pictures, uint8; the budgets are those of int8.
    """

    form: ClassVar[str] = "litert_int8"

    def cost(self, exported):
        content = exported.tflite["int8"]
        return Cost(len(content), latency_ms=int8_latency_ms(exported, LiteRT(content)))

    def climb(self, exported, test, answers):
        rungs = []
        for form in FORMS:
            if form not in exported.tflite:
                continue
            content = exported.tflite[form]
            runner = InRunner(exported.signature, LiteRT(content), form=form)
            rung, answers[f"litert_{form}"] = climb(
                f"litert_{form}",
                runner,
                test,
                size_bytes=len(content),
                keras_answers=answers["keras"],
            )
            rungs.append(rung)
        return rungs

    def climb_stream(self, exported, test, answers):
        ladder = StreamLadder(exported, test, answers)
        return [ladder.climb_float32(), ladder.climb_int8()]
