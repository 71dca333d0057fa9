"""`backtest`: forecasts of stretch after stretch."""

from dataclasses import dataclass
from typing import Annotated

import typer

from .making import making_command
from .options import STOPPED, Settings, recipe_of


@dataclass(frozen=True, kw_only=True)
class BacktestOptions:
    """Options of `backtest`."""

    recipe: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A named recipe that forecasts; see `list`.",
        ),
    ]
    folds: Annotated[int, typer.Option(help="Stretches that the test part is cut into.")] = 4
    refit: Annotated[
        bool, typer.Option(help="Train again before each stretch, or once before the first.")
    ] = True
    settings: Settings = None


def run_backtest(options: BacktestOptions) -> None:
    """Test a forecast on stretch after stretch of time.

    Each stretch is forecast from the steps before it; CSV on standard output.
    """
    from .. import catalog
    from ..studies.backtest import backtest

    recipe = catalog.override(recipe_of(options.recipe), *options.settings or [])
    with making_command(STOPPED):
        table = backtest(recipe, num_folds=options.folds, refit=options.refit)
    print(table.to_csv(index=False, float_format="%.4f"), end="")
