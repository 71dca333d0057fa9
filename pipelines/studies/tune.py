"""Tuning: knobs of a recipe are turned, and the best is kept as a recipe of its own.

A trial is the recipe with another setting of some knobs and another split: an inner fold of the
rows that it learns from and stops by. No trial sees the recipe's test rows; they judge the choice,
when the tuned recipe is run.
"""

from collections.abc import Sequence
from dataclasses import replace

from ..bundle.folder import check_folder
from ..bundle.saved_recipe import write_recipe
from ..engine.digest import digest
from ..engine.making import making
from ..errors import RecipeError
from ..recipe import Recipe
from .tuning.ask import ask, import_optuna
from .tuning.batch import Batch
from .tuning.judge import EngineJudge, RecipeJudge
from .tuning.objectives import Limits, front_of
from .tuning.parse import parse_search
from .tuning.pictures import write_pictures
from .tuning.plan import SearchPlan
from .tuning.result import TuneResult
from .tuning.space import Params, Space, params_of, turn_all
from .tuning.store import TrialStore, open_storage
from .tuning.trials import DONE, Trial
from .tuning.usual import usual_space
from .workers import Workers

# Of a name with "_tuned" behind it: 64 letters are the most.
_NAME_LETTERS = 58


def tune(
    recipe: Recipe,
    search: Sequence[str] = (),
    *,
    num_trials: int = 30,
    plan: SearchPlan = SearchPlan(),
    workers: Workers = Workers(),
) -> TuneResult:
    """Searches the best knobs of a recipe on inner folds.

    Writes `workers.folder`/<name>_tuned.json, a recipe that `run` takes, and pictures to
    `workers.folder`/<name>.tune/. Finished trials are kept in `workers.folder`/<name>.trials.log or
    in `plan.storage`: the same call goes on after the last, and one with more trials adds to them.

    Args:
        recipe: the slots in order; its test rows are in no trial.
        search: knobs as `--search` takes them; the usual ones of its network if there are none.
        num_trials: in all. The first is the recipe as it is, if its knobs lie in the space.
        plan: how it is searched.
        workers: who does the trials.

    Raises:
        RecipeError: a knob is unknown, or no trial keeps the limits.
        BundleError: the trials of another study have this name.
        EngineError: workers were lost; the same call goes on.
        PipelineError: of the first trial, if none of the first batch could be judged.
    """
    plan.check()
    recipe.check()
    space = space_of(recipe, search, num_trials=num_trials)
    check_folder(workers.folder, recipe.name)
    with making(workers.folder, recipe.name), workers.open() as engine:
        judge = EngineJudge(engine, plan.num_folds)
        return search_with(judge, recipe, space, num_trials=num_trials, plan=plan, workers=workers)


def space_of(recipe: Recipe, search: Sequence[str], *, num_trials: int) -> Space:
    """Returns the space of a study.

    Args:
        recipe: whose knobs are turned.
        search: as `tune` takes it.
        num_trials: in all.

    Raises:
        RecipeError: Optuna is not installed, there is no trial, or a knob is unknown.
    """
    import_optuna()
    if num_trials < 1:
        raise RecipeError(f"{num_trials} trials", expected="at least one", fix="--trials 30")
    return parse_search(search, recipe) or usual_space(recipe)


def search_with(
    judge: RecipeJudge,
    recipe: Recipe,
    space: Space,
    *,
    num_trials: int,
    plan: SearchPlan,
    workers: Workers,
) -> TuneResult:
    """Does what `tune` does after its checks.

    Args:
        judge: of the trials.
        recipe: whose knobs are turned.
        space: that is searched.
        num_trials: in all.
        plan: how it is searched.
        workers: whose folder the results lie in.
    """
    place = plan.storage or str(workers.folder / f"{recipe.name}.trials.log")
    with open_storage(place, is_fresh=workers.is_fresh) as storage:
        identity = digest(recipe, recipe.load.describe(), list(map(str, space)), plan.identity())
        store = TrialStore(storage, recipe.name, identity, space, plan.objectives)
        if workers.is_fresh:
            store.remove()
        run_trials(judge, recipe, store, num_trials=num_trials, plan=plan)
        return _result(judge, recipe, store, plan=plan, folder=workers.folder)


def run_trials(
    judge: RecipeJudge, recipe: Recipe, store: TrialStore, *, num_trials: int, plan: SearchPlan
) -> None:
    """Runs batches until there are so many trials.

    A batch is asked for by the trials of the batches before it, and written when it has ended. If
    the process ends between, the next one asks for the same.
    """
    unjudged: list[Trial] = []  # until the metric is known, by which a store keeps trials
    while True:
        trials = [*store.trials(), *unjudged]
        if len(trials) >= num_trials:
            break
        begin = len(trials) // plan.batch * plan.batch
        end = min(begin + plan.batch, num_trials)
        asked = _ask_batch(recipe, store, plan, trials=trials, begin=begin, end=end)
        batch = Batch(judge, plan.objectives, plan.limits, plan.shares(), store.deciding())
        ended = batch.run(recipe, store.space, asked, trials)
        unjudged += ended
        if batch.deciding:
            for trial in unjudged:
                store.add(trial, deciding=batch.deciding, error_of=batch.error_of)
            unjudged = []
        elif batch.errors:
            raise batch.first_error()
    if unjudged:
        raise _nothing_fits(unjudged)


def _ask_batch(recipe, store, plan, *, trials, begin, end):
    """Number → knobs of each trial of a batch that has not ended."""
    asked: list[Params] = []
    if not trials:
        own = params_of(recipe, store.space)
        if own is not None:
            asked.append(own)
    running = [*(trial.params for trial in trials[begin:]), *asked]
    asked += ask(
        trials[:begin],
        running,
        store.space,
        num=end - begin - len(running),
        plan=plan,
        deciding=store.deciding(),
    )
    return dict(enumerate(asked, len(trials)))


def _result(judge, recipe, store, *, plan, folder):
    trials = tuple(store.trials())
    deciding = store.deciding()
    front = front_of(trials, plan.objectives, deciding)
    if not front:
        raise _nothing_fits(trials)
    tuned = turn_all(recipe, store.space, front[0].params)
    tuned = replace(tuned, name=f"{recipe.name[:_NAME_LETTERS]}_tuned")
    result = TuneResult(
        name=recipe.name,
        split=repr(recipe.split),
        deciding=deciding,
        objectives=plan.objectives,
        num_folds=plan.num_folds,
        space=store.space,
        trials=trials,
        front=front,
        before=_before(judge, recipe, trials, store.space),
        recipe=tuned,
        path=folder / f"{tuned.name}.json",
        error_of=store.error_of(),
    )
    write_recipe(result.path, tuned)
    write_pictures(folder / f"{recipe.name}.tune", result)
    return result


def _before(judge, recipe, trials, space):
    """How the recipe did as it was: the first trial, if it is that."""
    first = trials[0]
    if first.state == DONE and first.params == params_of(recipe, space):
        return first
    batch = Batch(judge, (), Limits())
    [trial] = batch.run(recipe, (), {0: {}}, ())
    if trial.state == DONE:
        return trial
    return None


def _nothing_fits(trials):
    reasons = list(dict.fromkeys(trial.reason for trial in trials if trial.reason))
    return RecipeError(
        f"none of {len(trials)} trials can be kept: {'; '.join(reasons[:3])}",
        expected="one that is judged, passes the ladder and keeps the limits",
        fix="raise the limits, search smaller networks (--search build.widths=...), or more trials",
    )
