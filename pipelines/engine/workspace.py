"""Temporary files that their owner's death gives up.

Everything unfinished lies in one folder, which holds a locked file. The lock ends with its process,
however that ends: a folder whose lock is free belongs to nobody, and whoever starts next removes
it.
"""

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import BundleError
from .exchange import replace_file
from .lock import is_free, locked

PREFIX = ".pipelines-"
_LOCK = "owner.lock"
# Between the making of a folder and the locking of its file.
_YOUNG_SECONDS = 60
_NEW = f".new{PREFIX}"


@contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """Makes a folder for unfinished files below `folder`, and removes it at the end.

    Those of dead processes are removed first.
    """
    remove_leftovers(folder)
    place = folder / f"{PREFIX}{uuid.uuid4().hex[:12]}"
    try:
        with _locked_folder(place):
            yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _locked_folder(place):
    """Makes a folder that has its name only once it is locked.

    Whoever removes leftovers at that moment would else find a lock that is free.
    """
    if os.name != "posix":  # no open file's folder can be renamed there
        place.mkdir(parents=True)
        with locked(place / _LOCK):
            yield
        return
    new = place.with_name(f"{_NEW}{place.name}")
    new.mkdir(parents=True)
    with locked(new / _LOCK):
        os.rename(new, place)
        yield


@contextmanager
def temporary_files() -> Iterator[Path]:
    """Lets everything in this process and its children that asks for a temporary file find it in a
    workspace, so that a killed run leaves one folder behind and the next run removes it.
    """
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with workspace(Path(tempfile.gettempdir())) as place:
        tempfile.tempdir = str(place)
        os.environ["TMPDIR"] = str(place)
        try:
            yield place
        finally:
            tempfile.tempdir = before[0]
            if before[1] is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before[1]


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file; at every moment its name holds the old content or the new.

    Raises:
        BundleError: the system does not let it; what stood there before stays.
    """
    try:
        with workspace(path.parent) as place:
            replace_file(path, content, workspace=place)
    except OSError as error:
        raise BundleError(
            f"{str(path)!r} cannot be written: {error.strerror or error}",
            expected="room and permission, and no folder of that name",
            fix="free some space, change the permissions, or give another --folder",
        ) from error


def remove_leftovers(folder: Path) -> list[str]:
    """Removes what dead processes left below `folder`, and returns the names."""
    removed = []
    for place in sorted([*folder.glob(f"{PREFIX}*"), *folder.glob(f"{_NEW}*")]):
        if _is_given_up(place):
            shutil.rmtree(place, ignore_errors=True)
            removed.append(place.name)
    return removed


def _is_given_up(place):
    if place.is_symlink() or not place.is_dir():
        return False
    lock = place / _LOCK
    if lock.is_file() and not place.name.startswith(_NEW):
        return is_free(lock)
    try:
        age_seconds = time.time() - place.stat().st_mtime
    except FileNotFoundError:  # its owner ended meanwhile
        return False
    return age_seconds > _YOUNG_SECONDS
