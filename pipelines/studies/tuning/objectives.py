"""What trials are compared by: the score and what a model costs, and the limits of the cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import RecipeError
from ...targets.budgets import Cost
from ...targets.micro.runner import micro_available
from ...tasks.metrics import direction, is_smaller_better
from .trials import Trial

SCORE = "score"
BYTES = "bytes"
ARENA = "arena"
MILLISECONDS = "ms"
OBJECTIVES = (SCORE, BYTES, ARENA, MILLISECONDS)
# Of a trial whose int8 file would not pass the ladder.
SHIPS = "ladder"


@dataclass(frozen=True)
class Limits:
    """What a model may cost; 0 is no limit.

    Attributes:
        max_bytes: of the int8 file.
        max_arena: bytes of TFLM's memory.
        max_ms: milliseconds a row under LiteRT, on the worker's machine.
    """

    max_bytes: int = 0
    max_arena: int = 0
    max_ms: float = 0.0

    def excess(self, cost: Cost) -> dict[str, float]:
        """Returns each limit that a cost is over → by which share of it.

        A network that TFLM cannot run is over every limit of its memory.
        """
        found = {}
        if self.max_arena and cost.arena_bytes is None:
            found[ARENA] = 1.0
        pairs = (
            (BYTES, cost.size_bytes, self.max_bytes),
            (ARENA, cost.arena_bytes, self.max_arena),
            (MILLISECONDS, cost.latency_ms, self.max_ms),
        )
        for name, value, most in pairs:
            if most and value is not None and value > most:
                found[name] = value / most - 1
        return found

    def asks_net(self) -> bool:
        """Tests whether the untrained network can answer some of it."""
        return bool(self.max_bytes or self.max_arena)


def check_objectives(objectives: Sequence[str], limits: Limits, *, is_halving: bool) -> None:
    """Raises RecipeError for objectives that cannot be had, or not together."""
    unknown = [each for each in objectives if each not in OBJECTIVES]
    if unknown or len(set(objectives)) < len(objectives):
        raise RecipeError(
            f"--objectives {','.join(objectives)}",
            expected=f"some of {', '.join(OBJECTIVES)}, each once",
            fix="--objectives score,bytes",
        )
    if SCORE not in objectives:
        raise RecipeError(
            f"--objectives {','.join(objectives)}, without the score",
            expected="the score among them: the smallest network learns nothing",
            fix=f"--objectives score,{','.join(objectives)}",
        )
    if is_halving and len(objectives) > 1:
        raise RecipeError(
            "--halving with several objectives",
            expected="one: what is ended early has no place on a front",
            fix="leave --halving out, or make the others limits: --max-bytes 20000",
        )
    if (ARENA in objectives or limits.max_arena) and not micro_available():
        raise RecipeError(
            "the arena as an objective or a limit",
            expected="TFLM, which measures it",
            fix="pip install tflite-micro (Linux)",
        )


def values_of(trial: Trial, objectives: Sequence[str]) -> list[float] | None:
    """Returns the values of a trial, one an objective, or None if one is not known."""
    known = {
        SCORE: trial.score,
        BYTES: trial.size_bytes,
        ARENA: trial.arena_bytes,
        MILLISECONDS: trial.latency_ms,
    }
    values = [known[name] for name in objectives]
    if any(value is None for value in values):
        return None
    return [float(value) for value in values if value is not None]


def is_minimized(objective: str, deciding: str) -> bool:
    """Returns whether less of an objective is better."""
    return objective != SCORE or is_smaller_better(deciding)


def front_of(
    trials: Sequence[Trial], objectives: Sequence[str], deciding: str
) -> tuple[Trial, ...]:
    """Returns the feasible trials that no other one beats in all objectives, the best score first;
    of one objective the best trial alone.
    """
    feasible = [trial for trial in trials if trial.is_feasible]
    losses = {trial.number: _losses(trial, objectives, deciding) for trial in feasible}
    front = [
        trial
        for trial in feasible
        if not any(_beats(losses[other.number], losses[trial.number]) for other in feasible)
    ]
    sign = -direction(deciding)
    front.sort(key=lambda trial: (sign * trial.score, trial.number))
    if len(objectives) == 1:
        return tuple(front[:1])
    return tuple(front)


def _losses(trial, objectives, deciding):
    values = values_of(trial, objectives)
    pairs = zip(objectives, values, strict=True)
    return [value if is_minimized(name, deciding) else -value for name, value in pairs]


def _beats(one, other):
    """Whether one is nowhere worse and somewhere better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
