"""A rolling-origin backtest: how a recipe would have done, fold after fold (Tashman 2000,
https://doi.org/10.1016/S0169-2070(00)00065-0)."""

from dataclasses import replace

import numpy as np

from ..device.runner import LiteRT, Runner
from ..errors import FrameError
from ..recipe import Recipe
from ..rows.parts import Dataset, _take
from ..rows.split import split
from ..run import learn, settle
from ..tasks.metrics import score_forecasts
from ..verify.ladder import answer_all


def backtest(recipe: Recipe, source: object = None, *, num_folds: int = 4, refit: bool = True):
    """A pandas DataFrame, a row a fold: its first time, its windows, MASE, MAE and coverage of the
    int8 form, and the seasonal naive's MASE.

    The last share `recipe.split.test` of the time is cut to `num_folds` stretches, one after the
    other. Each is forecast by the recipe learned from all steps before it, or, without `refit`,
    from those before the first one. Raises FrameError where the recipe has no windows or there is
    no step for a fold, and whatever learning raises.
    """
    import pandas as pd

    recipe.check()
    if recipe.frame is None or not recipe.frame.horizon or num_folds < 1:
        raise FrameError(
            f"a backtest of recipe {recipe.name!r} in {num_folds} folds",
            expected="a recipe that forecasts, and at least one fold",
            fix="backtest(timeseries.GLUCOSE, num_folds=4)",
        )
    dataset, _ = recipe.load.read(source)
    times = np.unique(dataset.time)
    first = len(times) - round(len(times) * recipe.split.test)
    bounds = np.linspace(first, len(times), num_folds + 1).astype(int)
    if np.any(np.diff(bounds) < recipe.frame.horizon):
        raise FrameError(
            f"{num_folds} folds of {np.diff(bounds).min()} steps",
            expected=f"at least the horizon, {recipe.frame.horizon} steps, in each",
            fix="ask for fewer folds, or a larger split.test",
        )
    learned = None
    rows = []
    for start, end in zip(bounds[:-1], bounds[1:], strict=True):
        until = _take(dataset, Dataset, np.flatnonzero(dataset.time <= times[end - 1]))
        share = float(np.mean(until.time >= times[start]))
        windows = recipe.frame.cut(split(until, replace(recipe.split, test=share)))
        settled = settle(
            replace(recipe, judge=replace(recipe.judge, beside=False)), windows.train.schema
        )
        if refit or learned is None:
            learned = learn(settled, windows.train, windows.valid)
        answers = answer_all(
            Runner(learned.signature, LiteRT(learned.tflite["int8"])), windows.test
        )
        target = windows.train.schema.target
        scores = score_forecasts(
            windows.test.y,
            answers.scores,
            answers.quantiles,
            replace(target, quantiles=learned.signature.target.quantiles),
        )
        naive = score_forecasts(
            windows.test.y, windows.test.baselines["seasonal naive"], None, target
        )
        rows.append(
            {
                "from": times[start],
                "windows": len(windows.test),
                "mase": scores["mase"],
                "mae": scores["mae"],
                "coverage": scores["coverage"],
                "seasonal naive mase": naive["mase"],
            }
        )
    return pd.DataFrame(rows)
