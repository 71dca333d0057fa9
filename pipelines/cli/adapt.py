"""`adapt`: new classes for a bundle from a few examples, without training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..errors import RecipeError
from .options import Bundle


@dataclass(frozen=True, kw_only=True)
class AdaptOptions:
    """Options of `adapt`."""

    bundle: Bundle
    examples: Annotated[
        Path | None,
        typer.Argument(
            metavar="EXAMPLES",
            help="A folder of pictures for each class; or a CSV file with a column of classes, "
            "named as the model's target.",
        ),
    ] = None
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The file of prototypes to write; alongside the bundle if not given.",
        ),
    ] = None
    start: Annotated[
        str, typer.Option(metavar="FILE", help="A file of before, whose classes stay and grow.")
    ] = ""
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the classes of the bundle among the answers.")
    ] = False
    episodes: Annotated[
        int,
        typer.Option(
            help="Instead: draw so many episodes of 1, 5 and 20 examples a class from the classes "
            "that the recipe left out, and compare with peers."
        ),
    ] = 0


def run_adapt(options: AdaptOptions) -> None:
    """Teach a bundle new classes from a few examples, without training.

    The file that it writes goes to `predict --prototypes`, and with the bundle to the device.
    """
    if options.episodes:
        _measure(options)
        return
    if options.examples is None:
        raise RecipeError(
            "no examples",
            expected="a folder of pictures for each class, or a CSV file",
            fix="python -m pipelines adapt BUNDLE examples/, or --episodes 50",
        )
    from ..device.adapt import adapt, described, write_prototypes

    prototypes = adapt(options.bundle, options.examples, start=options.start, keeps=options.keep)
    to = options.to or Path(f"{options.bundle}.prototypes.json")
    write_prototypes(to, prototypes)
    for line in described(prototypes):
        print(line)
    print(f"python -m pipelines predict {options.bundle} --prototypes {to} FILES")


def _measure(options):
    from ..report.terminal import print_lines
    from ..studies.few_examples import HEADINGS, measure_few_examples

    measured = measure_few_examples(options.bundle, num_episodes=options.episodes)
    print_lines([each.line() for each in measured], HEADINGS)
