"""What a form costs on its runtime, and which budget that breaks."""

from dataclasses import dataclass

import numpy as np

from ..device.primitives import num_draws
from ..slots import Target
from ..verify.ladder import InRunner, Rung, time_rows
from .exported_model import ExportedModel

MAX_TIMED_ROWS = 8


@dataclass(frozen=True)
class Cost:
    """What a form takes of its runtime.

    Attributes:
        size_bytes: Of the file.
        arena_bytes: Of memory while it runs; None if the runtime does not report it.
        latency_ms: Milliseconds a row, median; None if nothing is run here.
        flash_bytes: Of code and constants on a microcontroller; None if not measured.
        instructions: Of one row on a microcontroller; None if not measured.
        shares: What takes how much of it, in words.
    """

    size_bytes: int
    arena_bytes: int | None = None
    latency_ms: float | None = None
    flash_bytes: int | None = None
    instructions: int | None = None
    shares: str = ""


def int8_latency_ms(exported: ExportedModel, interpreter) -> float:
    """Measures the median milliseconds that an interpreter takes for one training row.

    Args:
        exported: The model, whose training rows are used.
        interpreter: Runs its int8 file, as `device.runner.Interpreter`.
    """
    runner = InRunner(exported.signature, interpreter)
    few = {name: x[:MAX_TIMED_ROWS] for name, x in exported.calibration.x.items()}
    num_rows = min(len(exported.calibration), MAX_TIMED_ROWS)
    times = time_rows(interpreter, runner.quantize(few), num_rows)
    return float(np.median(times)) * num_draws(exported.signature.primitives)


def broken_budgets(targets: tuple[Target, ...], rungs: list[Rung]) -> str:
    """Returns the first budget that the measured rungs are over, in words, or ""."""
    costs = {
        rung.form: Cost(
            rung.size_bytes,
            rung.arena_bytes,
            rung.latency_ms,
            rung.flash_bytes,
            rung.instructions,
        )
        for rung in rungs
    }
    for target in targets:
        if target.form in costs:
            broken = target.broken_budget(costs[target.form])
            if broken:
                return broken
    return ""
