"""Arm's Ethos-U as a target."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from ...errors import RecipeError
from ...slots import Target
from ...spec import knob
from ...verify.ladder import unscored
from ..budgets import Cost
from .runner import ACCELERATORS, available, estimate


@dataclass(frozen=True)
class TargetEthosU(Target):
    """Compiles the int8 file for Arm's Ethos-U alongside a microcontroller, with Vela.

    Vela estimates what it takes (https://pypi.org/project/ethos-u-vela); nothing is run, because no
    such processor is here. `max_ms` is held against the estimate.

    Attributes:
        accelerator: The processor, by Vela's name.
        max_arena_bytes: The most bytes of its SRAM; 0: no budget.
    """

    form: ClassVar[str] = "ethosu"
    accelerator: str = "ethos-u55-128"
    max_arena_bytes: int = knob(0, 0, 2**40)

    def check(self):
        if self.accelerator not in ACCELERATORS:
            raise RecipeError(
                f"accelerator={self.accelerator!r}",
                expected=", ".join(ACCELERATORS),
                fix="TargetEthosU(accelerator='ethos-u55-128')",
            )

    def max_memory_bytes(self):
        return self.max_arena_bytes

    def files(self, exported):
        if available():
            return {}
        return {"model_ethosu.tflite": self._compiled(exported).content}

    def cost(self, exported):
        if available():
            return Cost(len(exported.tflite["int8"]))
        compiled = self._compiled(exported)
        return Cost(compiled.size_bytes, compiled.sram_bytes, compiled.latency_ms)

    def climb(self, exported, test, answers):
        missing = available()
        if missing:
            size = len(exported.tflite["int8"])
            return [unscored(self.form, size, f"not compiled: {missing}")]
        compiled = self._compiled(exported)
        note = (
            f"Vela's estimate for {compiled.accelerator} at {compiled.clock_hz / 1e6:.0f} MHz: "
            f"{compiled.cycles:,} cycles a row, {compiled.npu_share:.0%} of the operators on it"
        )
        if compiled.remark():
            note += f"; {compiled.remark()}"
        rung = unscored(
            self.form,
            compiled.size_bytes,
            note,
            arena_bytes=compiled.sram_bytes,
            latency_ms=compiled.latency_ms,
        )
        return [rung]

    def _compiled(self, exported):
        return _estimate_once(exported.tflite["int8"], self.accelerator)


@lru_cache(maxsize=2)
def _estimate_once(content, accelerator):
    return estimate(content, accelerator)
