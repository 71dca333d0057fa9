"""A rolling-origin backtest: how a recipe would have done, fold after fold (Tashman 2000,
https://doi.org/10.1016/S0169-2070(00)00065-0)."""

from dataclasses import replace

import numpy as np

from ..errors import FrameError
from ..recipe import Recipe
from ..rows.split_fold import SplitFold
from ..run import fit, frame, judge, read, ship, split
from .judged import alone


def backtest(recipe: Recipe, source: object = None, *, num_folds: int = 4, refit: bool = True):
    """Forecasts stretch after stretch of the time, each by what was known before it.

    The last share `recipe.split.test` of the time is cut to `num_folds` stretches.

    Args:
        recipe: that forecasts.
        source: a DataFrame or dict of arrays that stands in for the recipe's file.
        num_folds: the number of stretches.
        refit: whether the recipe learns again before each stretch, from all steps before it, or
            once, from those before the first stretch.

    Returns:
        A pandas DataFrame, a row a fold: its first time, its windows, MASE, MAE and coverage of
        the int8 form, and the seasonal naive's MASE.

    Raises:
        FrameError: the recipe has no windows, or there is no step for a fold.
        PipelineError: whatever a stage raises.
    """
    import pandas as pd

    recipe.check()
    forecasts = recipe.frame is not None and recipe.frame.horizon
    if not forecasts or num_folds < 1:
        raise FrameError(
            f"a backtest of recipe {recipe.name!r} in {num_folds} folds",
            expected="a recipe that forecasts, and at least one fold",
            fix="backtest(timeseries.GLUCOSE, num_folds=4)",
        )
    recipe = replace(recipe, judge=replace(recipe.judge, beside=False))
    dataset = read(recipe, source).dataset
    shipped = None
    lines = []
    for place in range(num_folds):
        fold = replace(recipe, split=SplitFold(recipe.split, num_folds, place))
        steps = split(fold, dataset)
        _refuse_short(steps.test, num_folds, recipe.frame.horizon)
        splits = frame(fold, steps)
        if refit or shipped is None:
            trained = fit(fold, splits.train, splits.valid)
            shipped = ship(fold, trained)
        scores = _scores(fold, shipped, splits.test)
        lines.append({"from": steps.test.time.min(), **scores})
    return pd.DataFrame(lines)


def _refuse_short(steps, num_folds, horizon):
    """Raises FrameError for a stretch in which no forecast has room."""
    num_steps = len(np.unique(steps.time))
    if num_steps >= horizon:
        return
    raise FrameError(
        f"{num_folds} folds of {num_steps} steps",
        expected=f"at least the horizon, {horizon} steps, in each",
        fix="ask for fewer folds, or a larger split.test",
    )


def _scores(recipe, shipped, test):
    """Returns the scores of the int8 file under LiteRT; the run judges its other runtimes."""
    evaluation = judge(alone(recipe), shipped, test)
    scores_by_form = {rung.form: rung.scores for rung in evaluation.rungs}
    scores = scores_by_form["litert_int8"]
    naive = evaluation.baselines["seasonal naive"]
    return {
        "windows": len(test),
        "mase": scores["mase"],
        "mae": scores["mae"],
        "coverage": scores["coverage"],
        "seasonal naive mase": naive["mase"],
    }
