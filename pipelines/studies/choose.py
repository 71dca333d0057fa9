"""The recipe that data of one's own start from: chosen among a few, by folds inside the rows to
learn from. Test rows take no part in it.

First every candidate is judged on one fold; those that did best are judged on more (successive
halving: Jamieson and Talwalkar 2016, https://arxiv.org/abs/1502.07943).
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..compress.quantize_aware import QuantizeAware
from ..engine.base import Engine
from ..engine.notice import print_notice
from ..errors import PipelineError, RecipeError
from ..recipe import Candidate, Recipe, Tried
from ..tasks.metrics import direction
from .member_folds import MemberFolds, judge_members
from .time_budget import TimeBudget
from .workers import Workers

QUALITIES = ("fast", "good", "best")
NUM_FOLDS = 5
# Of five: where a training takes a minute for each thousand rows.
FEWER_FOLDS = 3
# The last fold first: of steps in time it has the most to learn from, and is nearest to what comes.
PLACES = tuple(reversed(range(NUM_FOLDS)))
# With fewer rows to learn from, one fold shows little: the better candidates are judged on all.
FEW_ROWS = 2_500
# Candidates that are begun together where time is short.
SIDE_BY_SIDE = 2
# Scores so near to each other are alike; the candidate that stands first is taken.
TIE = 0.002


@dataclass(eq=False)
class _Trial:
    """A candidate with what came of it so far."""

    candidate: Candidate
    member: MemberFolds

    def tried(self) -> Tried:
        """What the report states of it."""
        folds = self.member.folds
        sizes = [fold.size_bytes for fold in folds]
        return Tried(
            words=self.candidate.words,
            score=self.member.score,
            num_folds=len(folds),
            size_bytes=max(sizes, default=0),
            note=self.member.reason,
        )


def choose(
    candidates: Sequence[Candidate],
    *,
    quality: str = "good",
    workers: Workers = Workers(),
    minutes: float = 0.0,
    most_folds: int = NUM_FOLDS,
) -> list[Recipe]:
    """Judges candidates on folds inside the rows to learn from.

    Args:
        candidates: of one source and one split, the usual one first.
        quality: "fast" takes the usual one and judges none; "good" judges all on one fold and the
            better ones on more; "best" judges all on all folds.
        workers: who does the folds.
        minutes: after which no more folds are begun: the choice then depends on the machine; 0 for
            all that the quality asks for.
        most_folds: that the better ones are judged on where rows are few.

    Returns:
        The recipes, the best first, each with what was tried in `tried`; those that cannot be
        chosen are left out. Of few rows, each that folds agree on has their epochs.

    Raises:
        PipelineError: no candidate can be used; the error of the usual one.
    """
    candidates = usable_candidates(candidates)
    if not is_chosen_by_folds(candidates, quality):
        return [candidates[0].recipe]
    trials = [_Trial(each, MemberFolds(each.words)) for each in candidates]
    budget = TimeBudget(minutes)
    with workers.open() as engine:
        for portion in budget.portions(trials, size=SIDE_BY_SIDE):
            _judge(portion, PLACES[:1], engine)
        _note_untried(trials, budget)
        finalists = _better_half(trials)
        if quality == "best":
            finalists = trials
        more = PLACES[1 : _num_folds(finalists, quality, most_folds)]
        for places in budget.portions(more, size=1):
            _judge(finalists, places, engine)
    return _in_order(trials, finalists, most_folds)


def is_chosen_by_folds(candidates: Sequence[Candidate], quality: str) -> bool:
    """Tests whether candidates are trained on folds to choose one.

    Args:
        candidates: that can be used.
        quality: one of `QUALITIES`.

    Raises:
        RecipeError: it is none of them.
    """
    if quality not in QUALITIES:
        raise RecipeError(
            f"the quality {quality!r}", expected=", ".join(QUALITIES), fix="--quality good"
        )
    return quality != "fast" and len(candidates) > 1


def _note_untried(trials, budget):
    """Notes at those that no fold was begun for that there was no time."""
    for trial in trials:
        member = trial.member
        if not member.folds and member.error is None:
            member.error = budget.over()


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


def _num_folds(trials, quality, most_folds):
    """Returns the number of folds that the better candidates are judged on."""
    num_rows = max((fold.num_folded for trial in trials for fold in trial.member.folds), default=0)
    if quality == "best":
        return NUM_FOLDS
    if num_rows < FEW_ROWS:
        return most_folds
    return 2


def _judge(trials, places, engine: Engine):
    """Judges trials on more folds, side by side."""
    members = [(trial.candidate, trial.member) for trial in trials]
    judge_members(members, places, engine, num_folds=NUM_FOLDS)


def _ranked(trials):
    """Returns the trials that may be chosen, the best first; of a tie, that which stands first."""
    usable = [trial for trial in trials if trial.member.score is not None]
    if not usable:
        return []
    sign = direction(usable[0].member.folds[0].deciding)
    return sorted(usable, key=lambda trial: -sign * trial.member.score)


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


def _in_order(trials, finalists, enough):
    """Returns the recipes that may be chosen, the best first."""
    ranked = _ranked(finalists)
    ranked = _usual_first(ranked, trials) + [
        trial for trial in _ranked(trials) if trial not in ranked
    ]
    if not ranked:
        raise _no_candidate(trials)
    others = [trial for trial in trials if trial not in ranked]
    for trial in others:
        print_notice(f"{trial.candidate.words}: cannot be chosen: {trial.member.reason}")
    in_order = [*ranked, *others]
    return [replace(_with_epochs(trial, enough), tried=_tried(in_order, trial)) for trial in ranked]


def _with_epochs(trial, enough):
    """Returns the recipe of a trial, of few rows with the epochs that its folds agree on: the best
    epoch of some hundred validation rows is luck.
    """
    recipe = trial.candidate.recipe
    folds = trial.member.folds
    is_known = len(folds) >= enough and folds[0].num_folded < FEW_ROWS
    if not is_known or not recipe.training.schedule.keeps_best or recipe.build.solves:
        return recipe
    epochs = round(statistics.median(fold.num_epochs for fold in folds))
    to_the_end = recipe.training.schedule.to_the_end()
    return replace(recipe, training=replace(recipe.training, epochs=epochs, schedule=to_the_end))


def _tried(trials, chosen):
    """Returns what the report states of all trials, the chosen one first."""
    others = [trial for trial in trials if trial is not chosen]
    return tuple(trial.tried() for trial in [chosen, *others])


def _no_candidate(trials):
    """Returns the error where nothing can be chosen."""
    for trial in trials:
        if trial.member.error is not None:
            return trial.member.error
    return RecipeError(
        "no candidate has a score on the folds",
        expected="rows enough for a score in each fold",
        fix="--quality fast takes the usual recipe as it is",
    )


def _usual_first(ranked, trials):
    """Puts the first of those that are as good as the best in front."""
    if not ranked:
        return []
    best = ranked[0].member.score
    alike = [
        trial for trial in ranked if abs(trial.member.score - best) <= TIE * max(abs(best), 1e-9)
    ]
    first = min(alike, key=trials.index)
    return [first, *(trial for trial in ranked if trial is not first)]
