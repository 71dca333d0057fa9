"""Options of every study: many runs of one recipe, done by workers."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..studies.workers import Workers

STOPPED = "stopped: what is finished is kept; the same command goes on from here"


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """Who does the runs of a study.

    Attributes:
        engine: the kind of workers.
        threads: of each run.
    """

    engine: Annotated[
        str,
        typer.Option(
            metavar="ENGINE",
            help="What does the runs: local (as many at once as the machine has room for), "
            "local:2, ray, ray://host:port.",
        ),
    ] = "local"
    threads: Annotated[
        int,
        typer.Option(metavar="NUMBER", help="Threads of each run. Others give other last digits."),
    ] = 1

    def workers(self, folder: Path, *, is_fresh: bool) -> "Workers":
        """Returns who does the runs."""
        from ..studies.workers import Workers

        return Workers(self.engine, self.threads, folder, is_fresh)
