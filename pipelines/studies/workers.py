"""Who does the runs of a study, and where their results lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..engine.base import Engine, Handle
from ..engine.engines import USUAL, open_engine
from ..errors import PipelineError
from .worker import MODULE


@dataclass(frozen=True)
class Workers:
    """Who does the runs of a study, and where their results lie.

    Attributes:
        engine: "local" for as many at once as the machine has room for, "local:4", "ray" or
            "ray://host:port".
        threads: of each run; others give other last digits.
        folder: where bundles are written; results lie in its .cache.
        is_fresh: whether everything is computed again.
        cache: a URL of fsspec that machines without a common folder share results through; see
            `open_engine`.
    """

    engine: str = USUAL
    threads: int = 1
    folder: Path = Path("saved_models")
    is_fresh: bool = False
    cache: str = ""

    def open(self) -> Engine:
        """Returns the engine, to be used as a context manager."""
        return open_engine(
            self.engine,
            self.folder,
            worker=MODULE,
            threads=self.threads,
            is_fresh=self.is_fresh,
            cache=self.cache,
        )


def wait_for_each(
    handles: Sequence[Handle],
    engine: Engine,
    *,
    fatal: type[PipelineError] = PipelineError,
    but: tuple[type[PipelineError], ...] = (),
) -> None:
    """Waits for all tasks. Raises the first error that is fatal, which ends the others.

    Args:
        handles: of the tasks.
        engine: that does them.
        fatal: kind of error that is raised as soon as it is there.
        but: kinds of it that are left in their handles.
    """
    for num in range(1, len(handles) + 1):
        for handle in engine.wait(handles, num=num):
            if isinstance(handle.error, fatal) and not isinstance(handle.error, but):
                raise handle.error
