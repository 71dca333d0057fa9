"""The recipe that data of one's own start from: chosen among a few, by folds inside the rows to
learn from. Test rows take no part in it.

First every candidate is judged on one fold; those that did best are judged on more (successive
halving: Jamieson and Talwalkar 2016, https://arxiv.org/abs/1502.07943).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..compress.quantize_aware import QuantizeAware
from ..engine.base import Engine, Handle
from ..engine.notice import print_notice
from ..errors import EngineError, PipelineError, RecipeError
from ..recipe import Candidate, Recipe, Tried
from ..rows.split_fold import SplitFold
from ..tasks.metrics import direction
from .judged import Judged, judged_task
from .workers import Workers, wait_for_each

QUALITIES = ("fast", "good", "best")
NUM_FOLDS = 5
# The last fold first: of steps in time it has the most to learn from, and is nearest to what comes.
PLACES = tuple(reversed(range(NUM_FOLDS)))
# Of so many rows at most: more would take longer and choose the same.
MOST_ROWS = 10_000
# With fewer rows to learn from, one fold shows little: the better candidates are judged on all.
FEW_ROWS = 2_500
# Scores so near to each other are alike; the candidate that stands first is taken.
TIE = 0.002


@dataclass(eq=False)
class _Trial:
    """A candidate with what came of it so far."""

    candidate: Candidate
    judged: list[Judged] = field(default_factory=list)
    error: PipelineError | None = None

    def score(self) -> float | None:
        """The mean of its folds; None if one gave no score."""
        if self.error is not None or not self.judged:
            return None
        scores = [judged.score for judged in self.judged]
        if any(score is None for score in scores):
            return None
        return statistics.fmean(scores)

    def note(self) -> str:
        """What stands against it, or ""."""
        if self.error is not None:
            return self.error.received.partition("\n")[0]
        failed = [judged.failed for judged in self.judged if judged.failed]
        if failed:
            return failed[0].partition("\n")[0]
        return ""

    def tried(self) -> Tried:
        """What the report states of it."""
        sizes = [judged.size_bytes for judged in self.judged]
        return Tried(
            words=self.candidate.words,
            score=self.score(),
            num_folds=len(self.judged),
            size_bytes=max(sizes, default=0),
            note=self.note(),
        )


def choose(
    candidates: Sequence[Candidate], *, quality: str = "good", workers: Workers = Workers()
) -> list[Recipe]:
    """Judges candidates on folds inside the rows to learn from.

    Args:
        candidates: of one source and one split, the usual one first.
        quality: "fast" takes the usual one and judges none; "good" judges all on one fold and the
            better ones on more; "best" judges all on all folds.
        workers: who does the folds.

    Returns:
        The recipes, the best first, each with what was tried in `tried`; those that cannot be
        chosen are left out.

    Raises:
        PipelineError: no candidate can be used; the error of the usual one.
    """
    if quality not in QUALITIES:
        raise RecipeError(
            f"the quality {quality!r}", expected=", ".join(QUALITIES), fix="--quality good"
        )
    candidates = usable_candidates(candidates)
    if quality == "fast" or len(candidates) == 1:
        return [candidates[0].recipe]
    trials = [_Trial(candidate) for candidate in candidates]
    with workers.open() as engine:
        _judge(trials, PLACES[:1], engine)
        finalists = _better_half(trials)
        if quality == "best":
            finalists = trials
        _judge(finalists, PLACES[1 : _num_folds(finalists, quality)], engine)
    return _in_order(trials, finalists)


def usable_candidates(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Returns the candidates that their knobs alone do not rule out, each recipe once.

    Raises:
        PipelineError: none is left; the error of the usual one.
    """
    usable = []
    refused = []
    for candidate in candidates:
        try:
            candidate.recipe.check()
        except PipelineError as error:
            refused.append(error)
            continue
        if all(candidate.recipe != other.recipe for other in usable):
            usable.append(candidate)
    if not usable:
        raise refused[0]
    return usable


def _num_folds(trials, quality):
    """Returns the number of folds that the better candidates are judged on."""
    num_rows = max((judged.num_folded for trial in trials for judged in trial.judged), default=0)
    if quality == "best" or num_rows < FEW_ROWS:
        return NUM_FOLDS
    return 2


def _judge(trials, places, engine: Engine):
    """Judges trials on more folds, side by side."""
    handles: dict[Handle, _Trial] = {}
    for trial in trials:
        for place in places:
            if trial.error is None:
                _submit(trial, place, engine, handles)
    wait_for_each(list(handles), engine, fatal=EngineError)
    for handle, trial in handles.items():
        if handle.error is not None:
            trial.error = handle.error
        else:
            trial.judged.append(Judged.of(engine.result(handle)))


def _submit(trial, place, engine, handles):
    recipe = trial.candidate.recipe
    most = MOST_ROWS if recipe.frame is None else 0
    fold = SplitFold(recipe.split, NUM_FOLDS, place, inside=True, most=most)
    # A second training, on all rows, would take as long again and choose the same.
    once = replace(recipe.training, refit=False)
    task = judged_task(replace(recipe, split=fold, training=once))
    handle = engine.submit(task, about=f"{trial.candidate.words}, fold {place}")
    handles[handle] = trial


def _ranked(trials):
    """Returns the trials that may be chosen, the best first; of a tie, that which stands first."""
    usable = [trial for trial in trials if trial.score() is not None]
    if not usable:
        return []
    sign = direction(usable[0].judged[0].deciding)
    return sorted(usable, key=lambda trial: -sign * trial.score())


def in_order_to_run(recipes: Sequence[Recipe]) -> list[Recipe]:
    """Returns in which order recipes are run until one passes its gate: after the best comes the
    same, its last epochs trained with the rounding of int8, if epochs train it.
    """
    best = recipes[0]
    if best.build.solves or best.shipping.compress:
        return list(recipes)
    shipping = replace(best.shipping, compress=(QuantizeAware(),))
    return [best, replace(best, shipping=shipping), *recipes[1:]]


def with_missed(recipe: Recipe, missed: Mapping[str, str]) -> Recipe:
    """Returns a recipe whose report names those that were run before it and missed a gate.

    Args:
        recipe: that is run now.
        missed: words of a candidate → what it lost.
    """
    tried = [
        replace(each, note=f"run before this one: {missed[each.words]}")
        if each.words in missed
        else each
        for each in recipe.tried
    ]
    return replace(recipe, tried=tuple(tried))


def _better_half(trials):
    """Returns the better half of the trials, at least two."""
    ranked = _ranked(trials)
    return ranked[: max(2, math.ceil(len(ranked) / 2))]


def _in_order(trials, finalists):
    """Returns the recipes that may be chosen, the best first."""
    ranked = _ranked(finalists)
    ranked = _usual_first(ranked, trials) + [
        trial for trial in _ranked(trials) if trial not in ranked
    ]
    if not ranked:
        raise _no_candidate(trials)
    others = [trial for trial in trials if trial not in ranked]
    for trial in others:
        print_notice(f"{trial.candidate.words}: cannot be chosen: {trial.note()}")
    in_order = [*ranked, *others]
    return [replace(trial.candidate.recipe, tried=_tried(in_order, trial)) for trial in ranked]


def _tried(trials, chosen):
    """Returns what the report states of all trials, the chosen one first."""
    others = [trial for trial in trials if trial is not chosen]
    return tuple(trial.tried() for trial in [chosen, *others])


def _no_candidate(trials):
    """Returns the error where nothing can be chosen."""
    for trial in trials:
        if trial.error is not None:
            return trial.error
    return RecipeError(
        "no candidate has a score on the folds",
        expected="rows enough for a score in each fold",
        fix="--quality fast takes the usual recipe as it is",
    )


def _usual_first(ranked, trials):
    """Puts the first of those that are as good as the best in front."""
    if not ranked:
        return []
    best = ranked[0].score()
    alike = [trial for trial in ranked if abs(trial.score() - best) <= TIE * max(abs(best), 1e-9)]
    first = min(alike, key=trials.index)
    return [first, *(trial for trial in ranked if trial is not first)]
