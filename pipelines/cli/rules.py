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


def run_rules(options: RulesOptions) -> None:
    """Count which rules answers to test rows break, and what enforcing them costs."""
    from ..report.terminal import print_lines, print_sentence
    from ..studies.rules import HEADINGS, measure_rules

    measured = measure_rules(options.bundle, options.rules or ())
    print_lines(measured.lines(), HEADINGS)
    print_sentence(measured.verdict())
