"""`rules`: what a bundle's answers break of rules, and what enforcing them costs."""

from dataclasses import dataclass
from typing import Annotated

import typer

from .options import Bundle


@dataclass(frozen=True, kw_only=True)
class RulesOptions:
    """Options of `rules`."""

    bundle: Bundle
    rules: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RULES",
            help="Rules over columns and the target, such as \"status == 'hurricane' implies wind "
            '>= 64"; those that the bundle was trained with if none are given.',
        ),
    ] = None
    rising: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN", help="The answer shall rise with this column. May be repeated."
        ),
    ] = None
    falling: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="It shall fall with this column. May be repeated."),
    ] = None


def run_rules(options: RulesOptions) -> None:
    """Count which rules answers to test rows break, and what enforcing them costs."""
    from ..report.terminal import print_lines, print_sentence
    from ..studies import monotone, rules

    if options.rising or options.falling:
        swept = monotone.measure_monotone(
            options.bundle, rising=options.rising or (), falling=options.falling or ()
        )
        print_lines([each.line() for each in swept], monotone.HEADINGS)
        if not options.rules:
            return
    measured = rules.measure_rules(options.bundle, options.rules or ())
    print_lines(measured.lines(), rules.HEADINGS)
    print_sentence(measured.verdict())
