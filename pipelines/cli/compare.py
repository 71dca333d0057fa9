"""`compare`: everything that suits one slot, on the same folds."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .making import making_command
from .options import RunOptions
from .study import STOPPED, StudyOptions
from .table import ColumnOptions

if TYPE_CHECKING:
    from rich.console import Console

    from ..recipe import Recipe
    from ..studies.compare import Comparison, MemberFolds
    from ..studies.corrected import Difference

_TABLES = (".csv", ".csv.gz", ".tsv", ".parquet", ".jsonl")
# Shown next to the metric that decides: what resampling moves, if not the ranking.
_SHOWN_TOO = ("roc_auc", "balanced_accuracy", "log_loss")


@dataclass(frozen=True, kw_only=True)
class RecipeOfOptions(ColumnOptions, StudyOptions, RunOptions):
    """Options of studies of a table's usual recipe, or of a recipe.

    Attributes:
        data: the table or the recipe.
    """

    data: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A .csv, .csv.gz, .parquet or .jsonl file with --target; or a named recipe (see "
            "`list`), a bundle or a recipe.json.",
        ),
    ]

    def recipe(self) -> "Recipe":
        """Returns the recipe that is studied, with the knobs turned: of a table the usual one."""
        if self.data.lower().endswith(_TABLES) and Path(self.data).is_file():
            usual = self.candidates(self.data, self.name)[0].recipe
            return self.applied_to(usual)
        return self.turned(self.data)


@dataclass(frozen=True, kw_only=True)
class CompareOptions(RecipeOfOptions):
    """Options of `compare`."""

    slot: Annotated[
        str,
        typer.Option(
            metavar="SLOT",
            help="What is filled anew: balance (what makes classes even), impute (what fills "
            "missing numbers), loss, or ensemble (the net alone, and every ensemble of it).",
        ),
    ]
    folds: Annotated[int, typer.Option(metavar="NUMBER", help="How many folds.")] = 5
    most_rows: Annotated[
        int,
        typer.Option(
            metavar="NUMBER", help="Rows that are folded at most; more are sampled. 0: all."
        ),
    ] = 10_000


def run_compare(options: CompareOptions) -> None:
    """Compare everything that suits one slot of a recipe, on the same folds.

    Balancers, imputers, losses or ensembles: each is held against the recipe as it is, with
    intervals and the corrected t-test. The recipe's test rows are in no fold.
    """
    from ..studies.compare import compare

    recipe = options.recipe()
    with making_command(STOPPED):
        result = compare(
            recipe,
            options.slot,
            num_folds=options.folds,
            most_rows=options.most_rows,
            workers=options.workers(options.folder, is_fresh=options.fresh),
        )
        print_comparison(result)


def print_comparison(result: "Comparison") -> None:
    """Prints a line for each member, the recipe as it is first; then what was refused, and whether
    the differences are more than noise.
    """
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_title(result), soft_wrap=True)
    members = [member for member in (result.usual, *result.others) if member.scores]
    differences = result.differences()
    deciding = result.metric_words(result.deciding)
    table = _empty_table(result.slot, (deciding, "better by", "95 % interval", "p"))
    for member in members:
        difference = differences.get(member.words)
        table.add_row(
            member.words,
            *_held_against_usual(
                result,
                member,
                difference,
            ),
        )
    console.print(table)
    more = _more_metrics(result)
    headings = (f"{deciding}, 95 %", *more, "bytes")
    table = _empty_table(result.slot, headings)
    for member in members:
        table.add_row(
            member.words,
            *_for_itself(
                result,
                member,
                more,
            ),
        )
    console.print(table)
    _print_notes(result, console)
    console.print(
        result.verdict(),
        markup=False,
        soft_wrap=True,
    )


def _empty_table(slot, headings):
    """Returns a table whose first column alone is folded where the terminal is narrow."""
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    table.add_column(
        slot,
        overflow="fold",
        min_width=20,
    )
    for heading in headings:
        table.add_column(
            escape(heading),
            justify="right",
            no_wrap=True,
        )
    return table


def _title(result):
    num_rows = sum(fold.num_rows["test"] for fold in result.usual.folds)
    return (
        f"{result.name}: {result.slot}, {result.num_folds} folds of {result.split}, {num_rows:,} "
        f"rows judged by the int8 file, its test rows in none, training seed {result.seed}. "
        f"The first line is the recipe as it is; p is Holm's"
    )


def _more_metrics(result) -> list[str]:
    """Returns the metrics that are shown too: those that every fold has."""
    shown = [name for name in _SHOWN_TOO if name != result.deciding]
    return [name for name in shown if result.usual.mean_of(name) is not None]


def _held_against_usual(
    result: "Comparison",
    member: "MemberFolds",
    difference: "Difference | None",
) -> list[str]:
    """Returns the mean of a member, and how far it is ahead of the recipe as it is."""
    from ..report.numbers import signed

    mean = f"{result.mean(member).mean:.4g}"
    if difference is None:
        return [mean, "", "", ""]
    ahead = difference.ahead
    interval = f"{signed(ahead.low)} to {signed(ahead.high)}"
    return [mean, signed(ahead.mean), interval, f"{difference.p_value:.2g}"]


def _for_itself(
    result: "Comparison",
    member: "MemberFolds",
    more: list[str],
) -> list[str]:
    """Returns the interval of a member's mean, its other metrics and its largest file."""
    found = result.mean(member)
    cells = [f"{found.low:.4g} to {found.high:.4g}"]
    for name in more:
        value = member.mean_of(name)
        cells.append("" if value is None else f"{value:.4g}")
    largest = max(fold.size_bytes for fold in member.folds)
    return [*cells, f"{largest:,}"]


def _print_notes(result: "Comparison", console: "Console") -> None:
    """Prints what did not suit, and what would not ship, each reason once."""
    reasons: dict[str, list[str]] = {}
    for words, reason in result.refused.items():
        reasons.setdefault(f"does not suit: {reason}", []).append(words)
    for member in (result.usual, *result.others):
        if member.note:
            reasons.setdefault(member.note, []).append(member.words)
    for reason, words in reasons.items():
        console.print(
            f"{', '.join(words)}: {reason}",
            markup=False,
            soft_wrap=True,
        )
