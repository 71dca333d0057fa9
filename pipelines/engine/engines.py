"""The engines by the words that a user types: local, local:4, ray, ray://host:port."""

import re
from pathlib import Path

from ..errors import EngineError
from .base import Engine
from .local import LocalEngine
from .slot import usual_slot

USUAL = "local"
_LOCAL = re.compile(r"local(?::([1-9][0-9]{0,3}))?")
_RAY = re.compile(r"ray(?:://[^\s/]+:[0-9]+)?")


def open_engine(
    words: str, folder: Path, *, worker: str, threads: int = 1, is_fresh: bool = False
) -> Engine:
    """Returns an engine, to be used as a context manager.

    Args:
        words: "local" for as many workers as the machine has room for, "local:4" for four, "ray"
            or "ray://host:port" for a cluster.
        folder: whose .cache keeps the results.
        worker: the module with the table of stages.
        threads: of each worker; results of other numbers are others in their last bits.
        is_fresh: whether results that are there are computed again.

    Raises:
        EngineError: there is no such engine, or it is not installed.
    """
    slot = usual_slot(threads)
    local = _LOCAL.fullmatch(words)
    if local:
        slots = int(local[1]) if local[1] else None
        return LocalEngine(
            folder,
            worker,
            slot=slot,
            slots=slots,
            is_fresh=is_fresh,
        )
    if _RAY.fullmatch(words):
        from .ray_engine import RayEngine

        return RayEngine(
            folder,
            worker,
            slot=slot,
            address=words,
            is_fresh=is_fresh,
        )
    raise EngineError(
        f"the engine {words!r}",
        expected="local, local:N, ray, or ray://host:port",
        fix="--engine local:2",
    )
