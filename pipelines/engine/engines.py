"""The engines by the words that a user types: local, local:4, ray, ray://host:port."""

import re
from pathlib import Path

from ..errors import EngineError
from .base import Engine
from .local import LocalEngine
from .remote import Remote, open_remote
from .slot import usual_slot

USUAL = "local"
_LOCAL = re.compile(r"local(?::([1-9][0-9]{0,3}))?")
_RAY = re.compile(r"ray(?:://[^\s/]+:[0-9]+)?")


def open_engine(
    words: str,
    folder: Path,
    *,
    worker: str,
    threads: int = 1,
    is_fresh: bool = False,
    cache: str = "",
) -> Engine:
    """Returns an engine, to be used as a context manager.

    Args:
        words: "local" for as many workers as the machine has room for, "local:4" for four, "ray"
            or "ray://host:port" for a cluster.
        folder: whose .cache keeps the results.
        worker: the module with the table of stages.
        threads: of each worker; results of other numbers are others in their last bits.
        is_fresh: whether results that are there are computed again.
        cache: a URL of fsspec, such as s3://bucket/pipelines, or a folder, that machines without a
            common folder share results through; "" if they have one.

    Raises:
        EngineError: there is no such engine, it is not installed, or the cache cannot be used.
    """
    slot = usual_slot(threads)
    local = _LOCAL.fullmatch(words)
    remote = _shared_results(cache)
    if local:
        slots = int(local[1]) if local[1] else None
        return LocalEngine(folder, worker, slot=slot, slots=slots, is_fresh=is_fresh, remote=remote)
    if _RAY.fullmatch(words):
        from .ray_engine import RayEngine

        return RayEngine(folder, worker, slot=slot, address=words, is_fresh=is_fresh, remote=remote)
    raise EngineError(
        f"the engine {words!r}",
        expected="local, local:N, ray, or ray://host:port",
        fix="--engine local:2",
    )


def _shared_results(cache: str) -> Remote | None:
    """Returns what is at the URL of a cache, None without one."""
    if not cache:
        return None
    if cache.startswith("memory:"):
        raise EngineError(
            f"the cache {cache!r}",
            expected="a place that other processes reach: workers are processes of their own",
            fix="--cache s3://bucket/pipelines, or the path of a folder",
        )
    return open_remote(cache)
