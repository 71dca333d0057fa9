"""`find-rate`: a learning rate to start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .making import making_command
from .options import AnyRecipe, Folder, Settings, recipe_of

if TYPE_CHECKING:
    from ..studies.find_rate import RateCurve

_STOPPED = "stopped: no picture was written"


@dataclass(frozen=True, kw_only=True)
class FindRateOptions:
    """Options of `find-rate`."""

    recipe: AnyRecipe
    low: Annotated[float, typer.Option(metavar="RATE", help="The first rate.")] = 1e-6
    high: Annotated[float, typer.Option(metavar="RATE", help="The last rate.")] = 1.0
    steps: Annotated[int, typer.Option(metavar="NUMBER", help="Steps from one to the other.")] = 300
    settings: Settings = None
    folder: Folder = Path("saved_models")


def run_find_rate(options: FindRateOptions) -> None:
    """Find a learning rate to start from: the loss while the rate rises.

    One short training on training rows; FOLDER/NAME.rates.png shows it.
    """
    from .. import catalog
    from ..studies.find_rate import find_rate, write_picture

    recipe = catalog.override(recipe_of(options.recipe), *options.settings or [])
    with making_command(_STOPPED):
        curve = find_rate(recipe, low=options.low, high=options.high, num_steps=options.steps)
        path = write_picture(curve, options.folder)
        print_curve(curve, path, before=recipe.training.optimizer.learning_rate)


def print_curve(curve: "RateCurve", path: Path, *, before: float) -> None:
    """Prints the rate suggested, what the recipe has, and where the picture is."""
    print(
        f"{curve.name}: {len(curve.rates)} steps on {curve.num_rows:,} training rows, training "
        f"seed {curve.seed}, rates {curve.rates[0]:.1e} to {curve.rates[-1]:.1e}"
    )
    print(f"The loss is lowest at {curve.lowest():.1e}; the recipe has {before:g}.")
    setting = f"training.optimizer.learning_rate={curve.suggested():g}"
    print(f"To start from, a tenth of it: --set {setting}")
    if curve.caution():
        print(f"Caution: {curve.caution()}")
    print(f"Picture: {path}")
