"""`seeds`: one recipe with several seeds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .making import making_command
from .options import AnyRecipe, RunOptions
from .study import STOPPED, StudyOptions

if TYPE_CHECKING:
    from ..studies.seeds import SeedsResult


@dataclass(frozen=True, kw_only=True)
class SeedsOptions(StudyOptions, RunOptions):
    """Options of `seeds`."""

    recipe: AnyRecipe
    num: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="Seeds: the recipe's own, and those after it.",
        ),
    ] = 5


def run_seeds(options: SeedsOptions) -> None:
    """Run a recipe with several seeds: mean and spread of its scores.

    The bundle of the median seed is written.
    """
    from ..studies.seeds import seeds

    recipe = options.turned(options.recipe)
    with making_command(STOPPED):
        result = seeds(
            recipe,
            num=options.num,
            workers=options.workers(options.folder, is_fresh=options.fresh),
        )
        print_seeds(result)


def print_seeds(result: "SeedsResult") -> None:
    """Prints the scores of all seeds as a table, the deciding metric first."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    seeds = ", ".join(map(str, result.seeds))
    title = f"{result.name}: {result.num_rows:,} raw test rows, split {result.split}, seeds {seeds}"
    table = Table()
    table.add_column("metric")
    for name in ("form", "mean", "sd", "min", "max"):
        table.add_column(name, justify="right" if name != "form" else "left")
    summary = result.summary()
    for metric in sorted(summary["int8"], key=lambda name: name != result.deciding):
        for form, spreads in summary.items():
            numbers = [f"{value:.4g}" for value in spreads[metric].values()]
            table.add_row(Text(result.metric_words(metric)), form, *numbers)
    console = Console(highlight=False)
    console.print(title, soft_wrap=True)
    console.print(table)
    for seed, reason in result.failed.items():
        line = f"seed {seed} did not pass the ladder, and is in no number: {reason}"
        console.print(line, soft_wrap=True)
    score = result.scores["int8"][result.deciding][result.seeds.index(result.median_seed)]
    line = (
        f"{result.metric_words(result.deciding)} decides. Its median, {score:.4g} (int8), is of "
        f"seed {result.median_seed}, whose bundle is {result.bundle.folder}"
    )
    console.print(Text(line), soft_wrap=True)
