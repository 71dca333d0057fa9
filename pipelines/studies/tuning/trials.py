"""A trial, as a study keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .space import Params

DONE = "done"
PRUNED = "pruned"
FAILED = "failed"


@dataclass(frozen=True)
class Trial:
    """A recipe with some knobs turned, and what came of it.

    Attributes:
        number: from 0.
        params: knob → its value.
        state: DONE; PRUNED if it was ended early, or was over a limit before an epoch; FAILED.
        score: the deciding metric of its int8 file on inner folds, the mean over them, or None.
        size_bytes: of that file, or None.
        arena_bytes: of TFLM's memory, or None.
        latency_ms: a row under LiteRT, or None.
        rungs: of successive halving, its scores after a ninth and a third of the epochs.
        excess: limit → by which share it is over it; empty if it keeps all.
        reason: why it failed, or what it is over, or "".
    """

    number: int
    params: Params
    state: str = DONE
    score: float | None = None
    size_bytes: int | None = None
    arena_bytes: int | None = None
    latency_ms: float | None = None
    rungs: tuple[float, ...] = ()
    excess: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""

    @property
    def is_feasible(self) -> bool:
        """Whether it was judged and keeps every limit."""
        return self.state == DONE and not self.excess

    def facts(self) -> dict[str, Any]:
        """Returns all but number and params, as values of JSON."""
        return {
            "state": self.state,
            "score": self.score,
            "size_bytes": self.size_bytes,
            "arena_bytes": self.arena_bytes,
            "latency_ms": self.latency_ms,
            "rungs": list(self.rungs),
            "excess": dict(self.excess),
            "reason": self.reason,
        }

    @classmethod
    def of(cls, number: int, params: Params, facts: Mapping[str, Any]) -> "Trial":
        """Returns the trial of `facts`."""
        known = dict(facts)
        known["rungs"] = tuple(known["rungs"])
        return cls(number=number, params=dict(params), **known)
