"""A batch of trials: they are judged side by side, and written when all of them have ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ...errors import PipelineError
from ...recipe import Recipe
from ...targets.budgets import Cost
from ...tasks.metrics import is_smaller_better
from .halving import at_share, survivors
from .judge import RecipeJudge, Score
from .objectives import ARENA, BYTES, MILLISECONDS, SHIPS, Limits, values_of
from .space import Params, Space, turn_all
from .trials import DONE, FAILED, PRUNED, Trial

_UNKNOWN = Cost(None)


@dataclass
class Batch:
    """Trials that run now.

    Attributes:
        judge: of recipes.
        objectives: what must be known of each.
        limits: of the cost.
        shares: of the epochs, one after the other; the last is all of them.
        deciding: the metric of the score, "" until one was judged.
        error_of: the column whose unit errors have, or "".
        ended: number → what came of it.
        params: number → its knobs.
        running: number → its recipe.
        errors: number → why it failed.
        rungs: number → its scores after the shares so far.
    """

    judge: RecipeJudge
    objectives: Sequence[str]
    limits: Limits
    shares: Sequence[float] = (1.0,)
    deciding: str = ""
    error_of: str = ""
    ended: dict[int, Trial] = field(default_factory=dict)
    params: dict[int, Params] = field(default_factory=dict)
    running: dict[int, Recipe] = field(default_factory=dict)
    errors: dict[int, PipelineError] = field(default_factory=dict)
    rungs: dict[int, list[float]] = field(default_factory=dict)

    def run(
        self, recipe: Recipe, space: Space, asked: Mapping[int, Params], before: Sequence[Trial]
    ) -> list[Trial]:
        """Judges trials and returns what came of each, in their order.

        Args:
            recipe: whose knobs are turned.
            space: the knobs.
            asked: number → the value of each knob.
            before: the finished trials.
        """
        for number, params in asked.items():
            self.params[number] = params
            self.rungs[number] = []
            try:
                self.running[number] = turn_all(recipe, space, params)
                self.running[number].check()
            except PipelineError as error:
                self._fail(number, error)
        if self.limits.asks_net():
            self._refuse_large()
        for rung, share in enumerate(self.shares[:-1]):
            self._climb(rung, share, before)
        self._finish()
        return [self.ended[number] for number in sorted(self.ended)]

    def first_error(self) -> PipelineError:
        """Returns the error of the first of those that failed."""
        return self.errors[min(self.errors)]

    def _refuse_large(self):
        """Ends those whose untrained network is over a limit. What a network cannot answer before
        it is trained, it is asked afterwards.
        """
        for number, cost in self._each(self.judge.costs):
            if isinstance(cost, PipelineError):
                continue
            excess = self.limits.excess(cost)
            if excess:
                reason = f"over the limit before an epoch: {_in_words(cost, excess)}"
                self._end(number, PRUNED, cost=cost, excess=excess, reason=reason)

    def _climb(self, rung, share, before):
        """Judges after a share of the epochs; only the best third of all trials goes on."""
        for number, score in self._judged(share):
            self.rungs[number].append(score.value)
        scores = {each.number: each.rungs[rung] for each in before if len(each.rungs) > rung}
        here = {number: self.rungs[number][rung] for number in self.running}
        kept = survivors({**scores, **here}, is_smaller_better=is_smaller_better(self.deciding))
        for number in list(self.running):
            if number not in kept:
                self._end(number, PRUNED, reason=f"not in the best third at {share:.0%} of epochs")

    def _finish(self):
        for number, score in self._judged(self.shares[-1]):
            excess = self.limits.excess(score.cost)
            reason = ""
            if excess:
                reason = f"over the limit: {_in_words(score.cost, excess)}"
            if score.failed:
                excess[SHIPS] = 1.0
                reason = reason or score.failed
            self._end(number, DONE, score=score, cost=score.cost, excess=excess, reason=reason)
            if values_of(self.ended[number], self.objectives) is None:
                reason = f"{', '.join(self.objectives)}: one of them cannot be measured"
                self._end(number, FAILED, score=score, cost=score.cost, reason=reason)

    def _judged(self, share):
        """The running trials with their scores after a share of the epochs; others are ended."""
        found = []
        for number, score in self._each(
            lambda recipes: self.judge.scores([at_share(each, share) for each in recipes])
        ):
            if isinstance(score, Score):
                self.deciding = score.deciding
                self.error_of = score.error_of
                found.append((number, score))
            else:
                self._fail(number, score)
        return found

    def _each(self, ask):
        """Pairs of number and what `ask` gives for the recipes that run."""
        numbers = sorted(self.running)
        return list(zip(numbers, ask([self.running[each] for each in numbers]), strict=True))

    def _fail(self, number, error):
        self.errors[number] = error
        self._end(number, FAILED, reason=error.received.partition("\n")[0])

    def _end(self, number, state, *, score=None, cost=None, excess=None, reason=""):
        self.running.pop(number, None)
        value = None
        if score is not None:
            value = score.value
        if cost is None:
            cost = _UNKNOWN
        self.ended[number] = Trial(
            number,
            self.params[number],
            state,
            score=value,
            size_bytes=cost.size_bytes,
            arena_bytes=cost.arena_bytes,
            latency_ms=cost.latency_ms,
            rungs=tuple(self.rungs[number]),
            excess=excess or {},
            reason=reason,
        )


def _in_words(cost, excess):
    known = {BYTES: cost.size_bytes, ARENA: cost.arena_bytes, MILLISECONDS: cost.latency_ms}
    words = []
    for name in excess:
        if known[name] is None:
            words.append(f"TFLM cannot run it: {name} unknown")
        else:
            words.append(f"{known[name]:,.10g} {name}")
    return ", ".join(words)
