"""How a study of knobs searches, whatever it searches."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import RecipeError
from .halving import SHARES
from .objectives import SCORE, Limits, check_objectives

TPE = "tpe"
RANDOM = "random"
SAMPLERS = (TPE, RANDOM)


@dataclass(frozen=True)
class SearchPlan:
    """How a study searches.

    Attributes:
        sampler: "tpe" learns from the trials before, "random" does not.
        seed: of the sampler.
        batch: how many trials are asked for at once, and run side by side. Results depend on it,
            and not on the number of workers.
        num_folds: inner folds that each trial is judged on.
        is_halving: whether most trials end after a ninth of their epochs (successive halving).
        objectives: what is compared: "score", "bytes", "arena", "ms".
        limits: of the cost.
        storage: URL of a database for the trials; "" is a journal next to the bundles.
    """

    sampler: str = TPE
    seed: int = 0
    batch: int = 4
    num_folds: int = 1
    is_halving: bool = False
    objectives: Sequence[str] = (SCORE,)
    limits: Limits = Limits()
    storage: str = ""

    def check(self) -> None:
        """Raises RecipeError for what cannot be, or not together."""
        if self.sampler not in SAMPLERS:
            raise RecipeError(
                f"--sampler {self.sampler}",
                expected=" or ".join(SAMPLERS),
                fix="name one of these",
            )
        if self.batch < 1 or self.num_folds < 1 or self.seed < 0:
            raise RecipeError(
                f"--batch {self.batch} --folds {self.num_folds} --seed {self.seed}",
                expected="at least one trial at once, on at least one fold, and no seed below 0",
                fix="--batch 4 --folds 1 --seed 0",
            )
        check_objectives(self.objectives, self.limits, is_halving=self.is_halving)

    def shares(self) -> tuple[float, ...]:
        """Returns the shares of the epochs that a trial is judged after, one after the other."""
        if self.is_halving:
            return SHARES
        return (1.0,)

    def identity(self) -> tuple[object, ...]:
        """Returns what decides the trials, as values that have a digest."""
        limits = self.limits
        return (
            self.sampler,
            self.seed,
            self.batch,
            self.num_folds,
            self.is_halving,
            tuple(self.objectives),
            (limits.max_bytes, limits.max_arena, limits.max_ms),
        )
