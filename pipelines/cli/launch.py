"""`launch`: another command, whose trainings several processes do together."""

from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True, kw_only=True)
class LaunchOptions:
    """Options of `launch`.

    Attributes:
        words: the command and its options.
        workers: how many processes train together.
        on: where they run.
    """

    words: Annotated[
        list[str],
        typer.Argument(metavar="COMMAND ...", help="Such as: run birds_mlp --fresh"),
    ]
    workers: Annotated[
        int,
        typer.Option(metavar="NUMBER", help="How many processes train together."),
    ] = 2
    on: Annotated[
        str,
        typer.Option(
            metavar="WHERE",
            help="local: on this machine; ray: on a Ray cluster whose machines see --folder.",
        ),
    ] = "local"


def launch(options: LaunchOptions) -> None:
    """Run another command; its trainings are done by several processes together.

    Each worker takes its part of every batch. If one dies, all start again from the last epoch.
    """
    from ..engine.group import Group, training_in
    from ..studies.group_worker import MODULE
    from .app import app

    group = Group(options.workers, MODULE, options.on)
    with training_in(group):
        app([*options.words, "--strategy", "multiworker"], standalone_mode=False)
