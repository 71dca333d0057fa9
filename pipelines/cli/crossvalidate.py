"""`crossvalidate`: a recipe on every fold of its rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import RecipeError
from .making import making_command
from .options import AnyRecipe, RunOptions
from .study import STOPPED, StudyOptions
from .tune import Search

if TYPE_CHECKING:
    from rich.console import Console

    from ..studies.crossvalidate import FoldsResult


@dataclass(frozen=True, kw_only=True)
class CrossvalidateOptions(StudyOptions, RunOptions):
    """Options of `crossvalidate`."""

    recipe: AnyRecipe
    folds: Annotated[int, typer.Option(metavar="NUMBER", help="How many folds.")] = 5
    repeats: Annotated[
        int, typer.Option(metavar="NUMBER", help="How often the folds are drawn anew.")
    ] = 1
    inside: Annotated[
        bool,
        typer.Option(
            "--inside",
            help="Leave the recipe's own test rows out, so that they stay unseen when something "
            "is chosen by the folds.",
        ),
    ] = False
    tune: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="Tune the recipe anew in each fold, by so many trials inside the rows that it "
            "learns from: the scores are those of tuning and training together.",
        ),
    ] = 0
    search: Search = None


def run_crossvalidate(options: CrossvalidateOptions) -> None:
    """Judge a recipe on every fold of its rows: mean, spread and interval of its scores.

    Everything is learned anew in each fold: steps, balance, network, threshold, int8. Rows in time
    are judged stretch after stretch, each by the rows before it.
    """
    from ..studies.crossvalidate import crossvalidate

    recipe = options.turned(options.recipe)
    with making_command(STOPPED):
        result = crossvalidate(
            recipe,
            num_folds=options.folds,
            repeats=options.repeats,
            inside=options.inside,
            tuning=_tuning(options),
            workers=options.workers(options.folder, is_fresh=options.fresh),
        )
        print_folds(result)


def _tuning(options):
    """How each fold is tuned, or None. Raises RecipeError for a space without trials."""
    from ..studies.crossvalidate import Tuning

    if options.tune:
        return Tuning(tuple(options.search or ()), options.tune)
    if options.search:
        raise RecipeError(
            "--search without trials",
            expected="how many trials search it in each fold",
            fix="--tune 20",
        )
    return None


def print_folds(result: "FoldsResult") -> None:
    """Prints means over the folds as a table, the deciding metric first, then the score of each."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    table = Table()
    table.add_column("metric")
    table.add_column("form")
    for name in ("mean", "95 % interval", "sd", "least", "most"):
        table.add_column(name, justify="right")
    for metric in result.metrics():
        for form in ("float32", "int8"):
            found = result.mean(metric, form)
            values = result.values(metric, form)
            interval = f"{found.low:.4g} to {found.high:.4g}"
            numbers = [f"{each:.4g}" for each in (found.sd, min(values), max(values))]
            words = escape(result.metric_words(metric))
            table.add_row(words, form, f"{found.mean:.4g}", interval, *numbers)
    console = Console(highlight=False)
    console.print(_title(result), soft_wrap=True)
    console.print(table)
    scores = ", ".join(f"{each:.4g}" for each in result.values(result.deciding))
    deciding = result.metric_words(result.deciding)
    line = f"{deciding} decides. int8, fold by fold: {scores}"
    console.print(Text(line), soft_wrap=True)
    for line in _chosen(result):
        console.print(Text(line), soft_wrap=True)
    print_peers(result, console)
    for place, fold in enumerate(result.folds):
        if fold.failed:
            line = f"fold {place} would not pass the ladder: {fold.failed.splitlines()[0]}"
            console.print(line, soft_wrap=True)


def _chosen(result):
    """What each fold was tuned to."""
    for place, params in enumerate(result.chosen):
        knobs = ", ".join(f"{knob}={_in_words(value)}" for knob, value in params.items())
        yield f"fold {place} was tuned to {knobs}"


def _in_words(value):
    if isinstance(value, float):
        return f"{value:.3g}"
    return str(value)


def print_peers(result: "FoldsResult", console: "Console") -> None:
    """Prints plain peers on the same folds, and whether the int8 file is ahead of the best."""
    from rich.markup import escape
    from rich.table import Table

    from ..report.numbers import by_how_much, signed

    means = result.peer_means()
    if not means:
        return
    table = Table()
    table.add_column("plain peers, same folds")
    metric = escape(result.metric_words(result.deciding))
    for name in (metric, "ours better by", "95 % interval", "p"):
        table.add_column(name, justify="right")
    for name, (mean, ahead) in means.items():
        interval = f"{signed(ahead.low)} to {signed(ahead.high)}"
        numbers = (f"{mean:.4g}", signed(ahead.mean), interval, f"{ahead.p_value:.2g}")
        table.add_row(name, *numbers)
    console.print(table)
    best, (_, ahead) = next(iter(means.items()))
    console.print(
        f"{_verdict(ahead)} the best plain peer, {best}: {by_how_much(ahead.mean)} in "
        f"{metric} (corrected resampled t-test over {len(result.folds)} folds)",
        soft_wrap=True,
    )


def _verdict(ahead):
    if ahead.low > 0:
        return "Ahead of"
    if ahead.high < 0:
        return "Behind"
    return "Tied with"


def _title(result):
    num_rows = sum(fold.num_rows["test"] for fold in result.folds)
    words = f"{result.name}: {len(result.folds)} folds of {result.split}, {num_rows:,} rows judged"
    if result.inside:
        words += ", the recipe's test rows left out"
    return f"{words}, training seed {result.seed}"
