"""Asks Optuna for the knobs of the next trial.

What is asked for depends on the finished trials before the batch, on the knobs of the trials before
it in the batch, and on (seed, number): on nothing that a process that was killed takes with it. So
a study that was stopped asks for the same again. One `TPESampler(seed)` for the whole study would
not: a new process begins its random numbers anew.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import RecipeError
from ...installed import import_fault
from .objectives import is_minimized, values_of
from .plan import RANDOM, SearchPlan
from .space import Params, Range, Space
from .trials import DONE, FAILED, PRUNED, Trial


def import_optuna() -> Any:
    """Returns the module Optuna, which reports warnings alone.

    Raises:
        RecipeError: it cannot be imported.
    """
    fault = import_fault("optuna", of="pipelines[tune]")
    if fault:
        raise RecipeError(
            f"no Optuna: {fault}",
            expected="Optuna 5, which asks for trials and keeps them",
            fix="pip install 'pipelines[tune]'",
        )
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def distributions_of(space: Space) -> dict[str, Any]:
    """Returns knob → the distribution of Optuna."""
    found = {}
    distributions = import_optuna().distributions
    for dimension in space:
        if not isinstance(dimension, Range):
            made: Any = distributions.CategoricalDistribution(dimension.ends())
        elif dimension.is_whole:
            low = int(dimension.low)
            high = int(dimension.high)
            made = distributions.IntDistribution(low, high, log=dimension.is_log)
        else:
            made = distributions.FloatDistribution(
                dimension.low, dimension.high, log=dimension.is_log
            )
        found[dimension.knob] = made
    return found


def directions_of(objectives: Sequence[str], deciding: str) -> list[str]:
    """Returns "minimize" or "maximize" for each objective."""
    return ["minimize" if is_minimized(name, deciding) else "maximize" for name in objectives]


def frozen(trial: Trial, space: Space, objectives: Sequence[str]) -> Any:
    """Returns a trial as Optuna keeps it, with everything in it: so it is written at once."""
    optuna = import_optuna()
    states = optuna.trial.TrialState
    values = None
    if trial.state == DONE:
        values = values_of(trial, objectives)
    return optuna.trial.create_trial(
        state={DONE: states.COMPLETE, PRUNED: states.PRUNED, FAILED: states.FAIL}[trial.state],
        values=values,
        params=dict(trial.params),
        distributions=distributions_of(space),
        user_attrs=trial.facts(),
        intermediate_values=dict(enumerate(trial.rungs)),
        constraints=dict(trial.excess),
    )


def memory_study(
    trials: Sequence[Trial], space: Space, *, objectives: Sequence[str], deciding: str
) -> Any:
    """Returns a study of Optuna that holds trials and lies in memory alone."""
    optuna = import_optuna()
    study = optuna.create_study(directions=directions_of(objectives, deciding))
    for trial in trials:
        study.add_trial(frozen(trial, space, objectives))
    return study


def ask(
    earlier: Sequence[Trial],
    running: Sequence[Params],
    space: Space,
    *,
    num: int,
    plan: SearchPlan,
    deciding: str = "",
) -> list[dict[str, Any]]:
    """Returns the knobs of the next trials.

    Args:
        earlier: all trials of the batches before.
        running: the knobs of the first trials of this batch, whose scores are not looked at.
        space: that is searched.
        num: how many are asked for.
        plan: with sampler, seed and objectives.
        deciding: the metric of the score.
    """
    optuna = import_optuna()
    study = memory_study(earlier, space, objectives=plan.objectives, deciding=deciding)
    distributions = distributions_of(space)
    for params in running:
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params=dict(params),
                distributions=distributions,
            )
        )
    first = len(earlier) + len(running)
    asked = []
    for number in range(first, first + num):
        study.sampler = _sampler(optuna, plan, number)
        asked.append(study.ask(distributions).params)
    return asked


def _sampler(optuna, plan, number):
    """A sampler without a past: TPE (Watanabe 2023, https://arxiv.org/abs/2304.11127) or random."""
    seed = int(np.random.SeedSequence([plan.seed, number]).generate_state(1)[0])
    if plan.sampler == RANDOM:
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed)
