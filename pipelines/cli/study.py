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
        cache: the URL that machines share results through, "" for none.
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
    cache: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Where machines without a common folder share results: s3://bucket/pipelines, or "
            "another URL of fsspec.",
        ),
    ] = ""

    def workers(self, folder: Path, *, is_fresh: bool) -> "Workers":
        """Returns who does the runs."""
        from ..studies.workers import Workers

        return Workers(self.engine, self.threads, folder, is_fresh, self.cache)
