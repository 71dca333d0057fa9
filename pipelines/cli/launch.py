"""`launch`: another command, whose trainings several processes do together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


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


def refuse_strategies(words: list[str]) -> None:
    """Raises RecipeError for a command with a strategy of its own, which would have no effect."""
    from ..errors import RecipeError

    for word in words:
        if word.startswith("--strategy") or "training.strategy=" in word:
            raise RecipeError(
                f"launch of a command with {word}",
                expected="a command without a strategy: launch means training.strategy=multiworker",
                fix="leave it out, or give the command without launch",
            )


def refuse_no_training(name: str) -> None:
    """Raises RecipeError for a command whose work several processes cannot do together."""
    from ..errors import RecipeError

    raise RecipeError(
        f"launch of the command {name}",
        expected="a command that trains: run, table, images, text or series",
        fix="give it without launch",
    )


def together(options: LaunchOptions) -> "AbstractContextManager[None]":
    """Returns the context in which several processes do the trainings of a command.

    Raises:
        RecipeError: fewer than two, or nowhere to run them.
    """
    from ..engine.group import Group, training_in
    from ..studies.group_worker import MODULE

    return training_in(Group(options.workers, MODULE, options.on))
