"""A result as a person sees it on standard output."""

from pathlib import Path

from .answer import Result


def print_result(result: Result, path: Path) -> None:
    """Prints question, claim, table, verdict and what is known.

    Args:
        result: of an answer.
        path: where its picture is.
    """
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{result.number}. {result.question}\n")
    console.print(f"Claim: {result.claim}\n")
    console.print(_table(result.headings, result.lines))
    console.print(f"{result.setting} [..]: 95 % intervals.\n")
    console.print(_table(["part of the claim", "measured", "holds"], result.parts))
    console.print(f"Verdict: {result.verdict}; {result.reason}.\n")
    console.print(f"Known: {result.known}")
    for source in result.sources:
        console.print(f"  {source}")
    console.print(f"\nBy hand:\n\n{result.by_hand}\n")
    console.print(f"{result.seconds:.0f} CPU seconds. Picture: {path}")


def _table(headings, lines):
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(*map(Text, line))
    return table
