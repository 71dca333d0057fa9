"""One run that makes a bundle: alone under its name, its stages kept, its leftovers removed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .cache import caching
from .lock import one_run_of
from .store import remove_if_empty
from .workspace import temporary_files


@contextmanager
def making(folder: Path, name: str) -> Iterator[None]:
    """Surrounds a run.

    Args:
        folder: where bundles are written; results of stages lie in its .cache.
        name: of the bundle.

    Raises:
        BundleError: another process makes a bundle of that name.
    """
    try:
        with one_run_of(folder, name), temporary_files(), caching(folder, name):
            yield
    finally:
        remove_if_empty(folder / ".cache")
