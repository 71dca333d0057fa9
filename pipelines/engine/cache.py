"""One stage as work that is done once: recalled if it was finished, gone on with if it was begun.

    work = begin("teacher", spec, rows)
    files = work.recall()
    if files is None:
        with work.going_on():
            files = ...
        work.keep(files)

Outside of `caching` nothing is recalled and nothing kept.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import EngineError
from .arrays import from_bytes, to_bytes
from .digest import NotHashableError, digest
from .environment import environment
from .notice import print_notice
from .remote import Remote, find_result
from .resume import Epochs, storing_epochs
from .store import Store, about_bytes, open_store
from .workspace import workspace


@dataclass(eq=False)
class Cache:
    """What a run takes its finished stages from.

    Attributes:
        store: the results on disk.
        workspace: a folder on the same file system for what is unfinished.
        about: what the run makes, in words.
        is_fresh: whether everything is computed again.
        taken: the stages that were taken from the cache.
        remote: what is asked for a result that the store has not, and gets what is kept; or None.
    """

    store: Store
    workspace: Path
    about: str
    is_fresh: bool = False
    taken: list[str] = field(default_factory=list)
    remote: Remote | None = None


_VALUE = "value.npz"
_is_anew: ContextVar[bool] = ContextVar("anew", default=False)
_current: ContextVar[Cache | None] = ContextVar("cache", default=None)


@contextmanager
def caching(folder: Path, about: str, *, remote: Remote | None = None) -> Iterator[Cache]:
    """Lets the stages inside the block keep their results below `folder`.

    Inside of another such block its cache is used: a worker's runs write their bundles to folders
    of their own, and their stages to the driver's cache.

    Args:
        folder: of the bundles; results lie in its .cache.
        about: what is made, for the list of results.
        remote: where results are shared with other machines, or None.
    """
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    store = open_store(folder / ".cache")
    with workspace(store.folder) as place:
        token = _current.set(Cache(store, place, about, _is_anew.get(), remote=remote))
        try:
            yield _current.get()
        finally:
            _current.reset(token)


@contextmanager
def anew(wanted: bool = True) -> Iterator[None]:
    """Lets the runs inside the block compute everything again, if `wanted`, and keep it."""
    token = _is_anew.set(wanted)
    try:
        yield
    finally:
        _is_anew.reset(token)


def is_caching() -> bool:
    """Tests whether stages keep their results now."""
    return _current.get() is not None


@dataclass(frozen=True, eq=False)
class Work:
    """One stage that runs now.

    Attributes:
        stage: its name.
        key: of what its result is made from; "" if it cannot be kept.
        cache: where it is kept, or None.
    """

    stage: str
    key: str = ""
    cache: Cache | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the result is kept; else nobody need pack it for that."""
        return bool(self.key)

    def recall(self) -> dict[str, bytes] | None:
        """Returns the finished result, name → content, or None if it has to be computed.

        A damaged result is removed, with a line that reports it.
        """
        if not self.is_kept or self.cache.is_fresh:
            return None
        files = self._read()
        if files is not None:
            self.cache.taken.append(self.stage)
            print_notice(f"{self.stage}: taken from the cache")
        return files

    def _read(self) -> dict[str, bytes] | None:
        cache = self.cache
        return find_result(
            self.key,
            cache.store,
            cache.remote,
            workspace=cache.workspace,
            damaged=f"{self.stage} in the cache is damaged, and is computed again",
        )

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Lets the trainings inside the block store their epochs, and take them up again."""
        epochs = None
        if self.is_kept:
            store = self.cache.store
            if self.cache.is_fresh:
                store.finish_epochs(self.key)
            about = about_bytes(self.stage, self.cache.about)
            epochs = Epochs(store.epochs_folder(self.key), self.cache.workspace, about)
        with storing_epochs(epochs):
            yield

    def keep(self, files: Mapping[str, bytes]) -> None:
        """Keeps the result. A cache without room is reported and costs the run nothing else."""
        if not self.is_kept:
            return
        cache = self.cache
        try:
            cache.store.write(
                self.key,
                files,
                stage=self.stage,
                about=cache.about,
                workspace=cache.workspace,
                replaces=cache.is_fresh,
            )
        except OSError as error:
            print_notice(f"{self.stage} is not kept in the cache: {error.strerror or error}")
            return
        if cache.remote is None:
            return
        try:
            cache.remote.send(self.key, cache.store)
        except EngineError as error:
            print_notice(f"{self.stage} is kept on this machine alone: {error.received}")


def begin(stage: str, *inputs: object) -> Work:
    """Returns the work of a stage under the key of all that decides its result.

    Args:
        stage: its name.
        inputs: specs, rows, arrays and numbers; see `digest`.
    """
    cache = _current.get()
    if cache is None:
        return Work(stage)
    try:
        key = digest(stage, environment(), *inputs)
    except NotHashableError as error:
        print_notice(f"{stage} is not kept in the cache: {error} has no digest")
        return Work(stage)
    return Work(stage, key, cache)


def remembered(stage: str, *inputs: object, make: Callable[[], Any]) -> Any:
    """Returns what `make` gives: numbers, texts and arrays, or lists, tuples and dicts of these.

    Args:
        stage: its name.
        inputs: all that decides the result; see `digest`.
        make: computes it, if it is not in the cache.
    """
    work = begin(stage, *inputs)
    files = work.recall()
    if files is not None:
        return from_bytes(files[_VALUE])
    with work.going_on():
        value = make()
    if work.is_kept:
        work.keep({_VALUE: to_bytes(value)})
    return value


def cached_digest(*values: object) -> str:
    """Returns the digest of values; "" outside of `caching`, or if one of them has none."""
    if not is_caching():
        return ""
    try:
        return digest(*values)
    except NotHashableError:
        return ""


def uncached(stage: str, reason: str) -> Work:
    """Returns the work of a stage whose result cannot be kept, and reports why."""
    if _current.get() is not None:
        print_notice(f"{stage} is not kept in the cache: {reason}")
    return Work(stage)
