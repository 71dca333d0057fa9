"""A rolling-origin backtest: how a recipe would have done, fold after fold (Tashman 2000,
https://doi.org/10.1016/S0169-2070(00)00065-0)."""

from dataclasses import replace

import numpy as np

from ..errors import FrameError
from ..recipe import Recipe
from ..rows.parts import Dataset, _take
from ..run import fit, frame, judge, read, ship, split
from ..targets.litert.spec import TargetLiteRT


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
    if recipe.frame is None or not recipe.frame.horizon or num_folds < 1:
        raise FrameError(
            f"a backtest of recipe {recipe.name!r} in {num_folds} folds",
            expected="a recipe that forecasts, and at least one fold",
            fix="backtest(timeseries.GLUCOSE, num_folds=4)",
        )
    recipe = replace(recipe, judge=replace(recipe.judge, beside=False))
    dataset = read(recipe, source).dataset
    times, bounds = _stretches(recipe, dataset, num_folds)
    shipped = None
    lines = []
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):
        fold, splits = _fold(recipe, dataset, times[start], times[end - 1])
        if refit or shipped is None:
            shipped = ship(fold, fit(fold, splits.train, splits.valid))
        lines.append({"from": times[start], **_scores(fold, shipped, splits.test)})
    return pd.DataFrame(lines)


def _stretches(recipe, dataset, num_folds):
    """All times in order, and the places among them at which stretches start and end."""
    times = np.unique(dataset.time)
    first = len(times) - round(len(times) * recipe.split.test)
    bounds = np.linspace(first, len(times), num_folds + 1).astype(int)
    shortest = np.diff(bounds).min()
    if shortest < recipe.frame.horizon:
        raise FrameError(
            f"{num_folds} folds of {shortest} steps",
            expected=f"at least the horizon, {recipe.frame.horizon} steps, in each",
            fix="ask for fewer folds, or a larger split.test",
        )
    return times, bounds


def _fold(recipe, dataset, first, last):
    """The recipe and the windows of a fold whose test steps are those from `first` to `last`."""
    known = _take(dataset, Dataset, np.flatnonzero(dataset.time <= last))
    test_share = float(np.mean(known.time >= first))
    recipe = replace(recipe, split=replace(recipe.split, test=test_share))
    return recipe, frame(recipe, split(recipe, known))


def _scores(recipe, shipped, test):
    """Of the int8 file under LiteRT: its other runtimes are the run's to judge."""
    litert = replace(recipe.shipping, targets=(TargetLiteRT(),))
    evaluation = judge(replace(recipe, shipping=litert), shipped, test)
    scores = next(rung.scores for rung in evaluation.rungs if rung.form == "litert_int8")
    return {
        "windows": len(test),
        "mase": scores["mase"],
        "mae": scores["mae"],
        "coverage": scores["coverage"],
        "seasonal naive mase": evaluation.baselines["seasonal naive"]["mase"],
    }
