"""`tune`: the best knobs of a recipe."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .making import making_command
from .options import AnyRecipe, RunOptions
from .study import STOPPED, StudyOptions

if TYPE_CHECKING:
    from ..studies.tuning.plan import SearchPlan
    from ..studies.tuning.result import TuneResult
    from ..studies.tuning.trials import Trial

_MOST_LINES = 10

Search = Annotated[
    list[str] | None,
    typer.Option(
        "--search",
        metavar="KNOB=VALUES",
        help="A knob to search: training.optimizer.learning_rate=0.0003..0.01:log, "
        "'balance=None|WeightByClass()', or build.dropout for its own limits. May be repeated; "
        "by default the knobs that matter most of this network.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class TuneOptions(StudyOptions, RunOptions):
    """Options of `tune`."""

    recipe: AnyRecipe
    search: Search = None
    trials: Annotated[int, typer.Option(metavar="NUMBER", help="How many trials in all.")] = 30
    folds: Annotated[
        int, typer.Option(metavar="NUMBER", help="Inner folds that each trial is judged on.")
    ] = 1
    sampler: Annotated[
        str, typer.Option(metavar="NAME", help="tpe, which learns from trials, or random.")
    ] = "tpe"
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of the sampler.")] = 0
    batch: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="How many trials are asked for at once. The result depends on it, and not on "
            "the number of workers.",
        ),
    ] = 4
    halving: Annotated[
        bool,
        typer.Option("--halving", help="End most trials after a ninth of their epochs."),
    ] = False
    objectives: Annotated[
        str,
        typer.Option(metavar="NAMES", help="score, bytes, arena, ms, with commas between them."),
    ] = "score"
    max_bytes: Annotated[
        int, typer.Option(metavar="BYTES", help="The most that the int8 file may have.")
    ] = 0
    max_arena: Annotated[
        int, typer.Option(metavar="BYTES", help="The most memory that TFLM may take.")
    ] = 0
    max_ms: Annotated[
        float, typer.Option(metavar="MS", help="The longest that a row may take under LiteRT.")
    ] = 0.0
    storage: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="A database for the trials, such as sqlite:///trials.db; by default the file "
            "NAME.trials.log in the folder.",
        ),
    ] = ""

    def plan(self) -> "SearchPlan":
        """Returns how it is searched."""
        from ..studies.tuning.objectives import Limits
        from ..studies.tuning.plan import SearchPlan

        return SearchPlan(
            sampler=self.sampler,
            seed=self.seed,
            batch=self.batch,
            num_folds=self.folds,
            is_halving=self.halving,
            objectives=tuple(each.strip() for each in self.objectives.split(",")),
            limits=Limits(self.max_bytes, self.max_arena, self.max_ms),
            storage=self.storage,
        )


def run_tune(options: TuneOptions) -> None:
    """Search the best knobs of a recipe, and write it as NAME_tuned.json, which `run` takes.

    Trials are judged by their int8 files on inner folds of the rows that the recipe learns from
    and stops by, never on its test rows.
    """
    from ..studies.tune import tune

    recipe = options.turned(options.recipe)
    with making_command(STOPPED):
        result = tune(
            recipe,
            options.search or (),
            num_trials=options.trials,
            plan=options.plan(),
            workers=options.workers(options.folder, is_fresh=options.fresh),
        )
        print_tuned(result)


def print_tuned(result: "TuneResult") -> None:
    """Prints the best trials with their knobs, what ended early or failed, and what to do next."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(_title(result)), soft_wrap=True)
    console.print(_table(result))
    for line in (*_others(result), _comparison(result), *_next_steps(result)):
        console.print(Text(line), soft_wrap=True)


def _title(result):
    folds = "an inner fold"
    if result.num_folds > 1:
        folds = f"{result.num_folds} inner folds"
    return (
        f"{result.name}: {len(result.trials)} trials, judged by the int8 file's "
        f"{result.metric_words} "
        f"on {folds} of {result.split}; its test rows are in none"
    )


def _table(result):
    """The best trials, or all on the front of several objectives; with their knobs."""
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    shown = result.front
    if len(result.objectives) == 1:
        shown = result.ranked()[:_MOST_LINES]
    table = Table()
    for name in ("trial", escape(result.metric_words), "bytes", "arena", "ms"):
        table.add_column(name, justify="right")
    table.add_column("knobs", overflow="fold")
    for trial in shown:
        knobs = [_turned(trial, each) for each in result.space]
        note = _note(trial, result)
        if note:
            knobs.insert(0, note)
        table.add_row(str(trial.number), *_measures(trial), Text(", ".join(knobs)))
    return table


def _turned(trial, dimension):
    """A knob of a trial in words, the value as short as it can be."""
    value = trial.params[dimension.knob]
    label = dimension.labels().get(value)
    if label is not None and label != value and "=" in label:
        return label
    if isinstance(value, float):
        label = f"{value:.3g}"
    return f"{dimension.knob.rpartition('.')[2]}={label or value}"


def _measures(trial: "Trial") -> list[str]:
    arena = ""
    if trial.arena_bytes is not None:
        arena = f"{trial.arena_bytes:,}"
    return [f"{trial.score:.4g}", f"{trial.size_bytes:,}", arena, f"{trial.latency_ms:.3g}"]


def _note(trial, result):
    if trial.excess:
        return f"over {' and '.join(trial.excess)}"
    if result.before is not None and trial is result.before:
        return "as it was"
    return ""


def _others(result):
    """What ended early and what failed, each reason once."""
    for state, trials in (("ended early", result.pruned), ("failed", result.failed)):
        reasons = {}
        for trial in trials:
            reasons.setdefault(trial.reason, []).append(str(trial.number))
        for reason, numbers in reasons.items():
            yield f"{state}: trial {', '.join(numbers)}: {reason[:200]}"


def _comparison(result):
    best = result.best
    if result.before is None:
        return f"best: trial {best.number}; the recipe as it was could not be judged"
    before = result.before
    if best is before:
        return f"best: trial {best.number}, the recipe as it was: no other was better"
    return (
        f"best: trial {best.number}, {result.metric_words} {best.score:.4g}; the recipe as it was: "
        f"{before.score:.4g}. bytes: {best.size_bytes:,} and {before.size_bytes:,}"
    )


def _next_steps(result):
    yield (
        "The best of many is partly luck: its score above is optimistic. The honest one is of "
        "rows that no trial saw, the recipe's test rows:"
    )
    yield f"  python -m pipelines run {result.path}"
