"""The commands by their names. What each does is imported when it is called, so that help loads
nothing heavy.
"""

import sys

import typer

from ..device.door import through_door
from .adapt import AdaptOptions, run_adapt
from .answer import AnswerOptions, run_answers
from .backtest import BacktestOptions, run_backtest
from .cache import CacheOptions, manage_cache
from .check import CheckOptions, check_bundle
from .command import PASSES_ON, add_command
from .compare import CompareOptions, run_compare
from .compress import CompressOptions, compress
from .crossvalidate import CrossvalidateOptions, run_crossvalidate
from .diagnose import DiagnoseOptions, run_diagnose
from .explain import ExplainOptions, explain_row
from .export import ExportOptions, export
from .find_rate import FindRateOptions, run_find_rate
from .images import ImagesOptions, learn_images
from .interpret import InterpretOptions, run_interpret
from .knobs import KnobsOptions, print_knobs
from .launch import LaunchOptions, refuse_no_training, refuse_strategies, together
from .list_recipes import ListOptions, list_recipes
from .old_forms import refuse_old_form
from .predict import PredictOptions, predict
from .report import ReportOptions, print_report
from .rules import RulesOptions, run_rules
from .run import NamedOptions, run_named
from .seeds import SeedsOptions, run_seeds
from .series import SeriesOptions, learn_series
from .table import TableOptions, learn_table
from .text import TextOptions, learn_text
from .tune import TuneOptions, run_tune

# Plain help: rich's takes 0.1 s to load, and then the whole of it is over the 0.3 s that help may
# take.
app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a messy data set to an int8 model that was run on its device. Start with "
    "`run birds_mlp`, or with your own data: table, images, text, series.",
)
add_command(app, "run", run_named, NamedOptions)
add_command(app, "table", learn_table, TableOptions)
add_command(app, "images", learn_images, ImagesOptions)
add_command(app, "text", learn_text, TextOptions)
add_command(app, "series", learn_series, SeriesOptions)
add_command(app, "list", list_recipes, ListOptions)
add_command(app, "knobs", print_knobs, KnobsOptions)
add_command(app, "predict", predict, PredictOptions)
add_command(app, "adapt", run_adapt, AdaptOptions)
add_command(app, "explain", explain_row, ExplainOptions)
add_command(app, "interpret", run_interpret, InterpretOptions)
add_command(app, "rules", run_rules, RulesOptions)
add_command(app, "report", print_report, ReportOptions)
add_command(app, "check", check_bundle, CheckOptions)
add_command(app, "cache", manage_cache, CacheOptions)
add_command(app, "compress", compress, CompressOptions)
add_command(app, "export", export, ExportOptions)
add_command(app, "crossvalidate", run_crossvalidate, CrossvalidateOptions)
add_command(app, "compare", run_compare, CompareOptions)
add_command(app, "diagnose", run_diagnose, DiagnoseOptions)
add_command(app, "tune", run_tune, TuneOptions)
add_command(app, "find-rate", run_find_rate, FindRateOptions)
add_command(app, "backtest", run_backtest, BacktestOptions)
add_command(app, "seeds", run_seeds, SeedsOptions)
add_command(app, "answer", run_answers, AnswerOptions)


def launch(options: LaunchOptions) -> None:
    """Run another command; its trainings are done by several processes together.

    Each worker takes its part of every batch. If one dies, all start again from the last epoch.
    """
    refuse_strategies(options.words)
    name = options.words[0]
    command = typer.main.get_command(app).get_command(None, name)
    if command is not None and "strategy" not in {each.name for each in command.params}:
        refuse_no_training(name)
    with together(options):
        app([*options.words, "--strategy", "multiworker"], standalone_mode=False)


add_command(app, "launch", launch, LaunchOptions, settings=PASSES_ON)


def main() -> int:
    """Runs a command and returns its exit code (see `device.door`)."""
    return through_door(_run_command)


def _run_command():
    refuse_old_form(sys.argv[1:])
    return app()
