"""Who does the runs of a study, and where their results lie."""

from dataclasses import dataclass
from pathlib import Path

from ..engine.base import Engine, Handle
from ..engine.engines import USUAL, open_engine
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


def wait_for_each(handles: list[Handle], engine: Engine) -> None:
    """Waits for all tasks. Raises the error of the first that fails, which ends the others."""
    for num in range(1, len(handles) + 1):
        for handle in engine.wait(handles, num=num):
            if handle.error is not None:
                raise handle.error
