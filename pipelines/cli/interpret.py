"""`interpret`: what a model's answers depend on, and where it errs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .making import making_command
from .options import Bundle

if TYPE_CHECKING:
    from ..studies.interpret.interpret import Interpretation

_STOPPED = "stopped: no interpretation was written"
MAX_LINES = 6


@dataclass(frozen=True, kw_only=True)
class InterpretOptions:
    """Options of `interpret`."""

    bundle: Bundle
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Compare the groups of this column. May be repeated."),
    ] = None
    rows: Annotated[
        str,
        typer.Option(
            metavar="PART",
            help="The rows to look at: test; or valid, if you will choose by what you find.",
        ),
    ] = "test"


def run_interpret(options: InterpretOptions) -> None:
    """Show what a model's answers depend on, where it errs, and how far it can be trusted.

    BUNDLE/interpretation.html has all of it, with pictures.
    """
    from ..studies.interpret.interpret import interpret

    with making_command(_STOPPED):
        result = interpret(options.bundle, by=options.by or (), part=options.rows)
        print_interpretation(result)


def print_interpretation(result: "Interpretation") -> None:
    """Prints the most telling lines of each reading, and a sentence."""
    from ..report.terminal import print_lines, print_sentence

    print_sentence(f"{result.model}.")
    for reading in result.readings:
        print_sentence(f"\n{reading.title}. {reading.verdict}")
        if reading.lines:
            print_lines(list(reading.lines[:MAX_LINES]), reading.headings)
    for each in result.not_read:
        print_sentence(f"\n{each.title}: not looked at: {each.reason}.")
    print_sentence(f"\nAll of it: {result.place}")
