"""Finished results on disk: `<folder>/<key>/`, each whole and with checksums, or not there."""

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..device.checksums import check_bundle, read_bundle
from ..errors import BundleError, DeviceError
from .exchange import put_in_place, sync, write_checked

MOST_BYTES = 2_000_000_000
ABOUT = "about.json"
EPOCHS = ".epochs"
_KEY_DIGITS = 64


@dataclass(frozen=True)
class Entry:
    """A line of `pipelines cache`.

    Attributes:
        key: its name, 64 hexadecimal digits.
        stage: that made it.
        about: of what, in words.
        size_bytes: of all its files.
        used: when it was written or read last, in seconds since 1970.
        unfinished: whether it is a training that goes on.
    """

    key: str
    stage: str
    about: str
    size_bytes: int
    used: float
    unfinished: bool = False


@dataclass(frozen=True)
class Store:
    """Results of stages in a folder.

    Attributes:
        folder: where they lie, usually saved_models/.cache.
        most_bytes: of all together; those that were used longest ago are removed.
    """

    folder: Path
    most_bytes: int = MOST_BYTES

    def read(self, key: str) -> dict[str, bytes] | None:
        """Returns name → content of an entry, or None if there is none.

        Raises:
            DeviceError: a file is missing or is not what was written.
        """
        place = self.folder / key
        if not place.is_dir():
            return None
        files = read_bundle(place)
        del files[ABOUT]
        with contextlib.suppress(OSError):  # an entry of another user can be read
            os.utime(place / ABOUT)
        return files

    def write(
        self,
        key: str,
        files: Mapping[str, bytes],
        *,
        stage: str,
        about: str,
        workspace: Path,
        replaces: bool = False,
    ) -> None:
        """Writes an entry. Without room for it, one that is there stays.

        Args:
            key: of what it was made from.
            files: name → content.
            stage: that made it.
            about: of what, in words.
            workspace: a folder on the same file system for what is unfinished.
            replaces: whether it takes the place of one that is there; else that is as good.
        """
        partial = workspace / key
        write_checked(partial, {**files, ABOUT: about_bytes(stage, about)})
        if replaces:
            put_in_place(partial, self.folder / key)
        else:
            self._add(partial, key)
        sync(self.folder)
        self.finish_epochs(key)
        self.prune(keep=key)

    def _add(self, partial, key):
        try:
            os.rename(partial, self.folder / key)
        except OSError:
            if not (self.folder / key).is_dir():
                raise
            shutil.rmtree(partial)

    def epochs_folder(self, key: str) -> Path:
        """Returns the folder of the training that makes an entry."""
        return self.folder / f"{key}{EPOCHS}"

    def finish_epochs(self, key: str) -> None:
        """Removes what was stored of the training that made an entry."""
        shutil.rmtree(self.epochs_folder(key), ignore_errors=True)

    def remove(self, key: str) -> bool:
        """Removes an entry, finished or not; returns False where the system refuses."""
        shutil.rmtree(self.folder / key, ignore_errors=True)
        self.finish_epochs(key)
        return not (self.folder / key).exists() and not self.epochs_folder(key).exists()

    def entries(self) -> list[Entry]:
        """Returns what is there, that used longest ago first."""
        found = []
        if self.folder.is_dir():
            places = [place for place in self.folder.iterdir() if _is_entry(place)]
            found = [entry for entry in map(_entry, places) if entry is not None]
        return sorted(found, key=lambda entry: (entry.used, entry.key))

    def broken(self) -> dict[str, str]:
        """Returns the key of each damaged entry → what is wrong with it."""
        wrong = {}
        for entry in self.entries():
            if entry.unfinished:
                continue
            try:
                check_bundle(self.folder / entry.key)
            except DeviceError as error:
                wrong[entry.key] = error.received
        return wrong

    def prune(self, most_bytes: int | None = None, *, keep: str = "") -> list[Entry]:
        """Removes what was used longest ago until the rest fits, and returns it.

        Args:
            most_bytes: of all together; the store's own limit if None.
            keep: a key that stays.
        """
        if most_bytes is None:
            most_bytes = self.most_bytes
        entries = self.entries()
        too_many = sum(entry.size_bytes for entry in entries) - most_bytes
        removed = []
        for entry in entries:
            if too_many <= 0:
                break
            if entry.key == keep:
                continue
            if self.remove(entry.key):
                too_many -= entry.size_bytes
                removed.append(entry)
        return removed


def open_store(folder: Path, *, most_bytes: int = MOST_BYTES) -> Store:
    """Returns the store in a folder, which is made if it is missing.

    Raises:
        BundleError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable_error(folder, error) from error
    return Store(folder, most_bytes)


def unwritable_error(folder: Path, error: OSError) -> BundleError:
    """Returns the error of a cache that the system writes nothing to."""
    return BundleError(
        f"the cache {str(folder)!r} cannot be written to: {error.strerror or error}",
        expected="a folder with room that this user may write to",
        fix="free some space, change its permissions, or give another with --folder",
    )


def about_bytes(stage: str, about: str) -> bytes:
    """Returns the content of the file that describes an entry, finished or not."""
    return json.dumps({"stage": stage, "about": about}).encode()


def remove_if_empty(folder: Path) -> None:
    """Removes the folder of a store that holds nothing."""
    # Another run may have put something into it meanwhile.
    with contextlib.suppress(OSError):
        folder.rmdir()


def _is_entry(place):
    key = place.name.removesuffix(EPOCHS)
    return len(key) == _KEY_DIGITS and key.isalnum() and place.is_dir()


def _entry(place):
    """Returns the Entry of a folder, or None if it was removed meanwhile."""
    try:
        sizes = [path.stat().st_size for path in place.rglob("*") if path.is_file()]
        about_path = place / ABOUT
        used = place.stat().st_mtime
        values = {}
        if about_path.is_file():
            values = json.loads(about_path.read_text(encoding="utf-8"))
            used = about_path.stat().st_mtime
    except (FileNotFoundError, ValueError):
        return None
    return Entry(
        key=place.name.removesuffix(EPOCHS),
        stage=str(values.get("stage", "unknown")),
        about=str(values.get("about", "")),
        size_bytes=sum(sizes),
        used=used,
        unfinished=place.name.endswith(EPOCHS),
    )
