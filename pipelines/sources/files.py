"""Files: where they are, their digests, and a column of pictures that stay on disk.

Nothing here follows a name out of the folder that it was found in.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..device.cells import shorten
from ..device.pictures import picture_digest, read_picture
from ..device.regular import kind_of
from ..device.sixteen_bits import MAX_WHITE
from ..engine.digest import file_digest
from ..errors import LoadError
from ..rows.columns import Places, StoredColumn

_FILES_A_TASK = 64


def find_file(source: str, expected: str) -> Path:
    """The path of a source; bundled data are found from any folder. Raises LoadError where there is
    no file.
    """
    path = path_where(source, Path.is_file)
    if path is None:
        other = path_where(source, Path.exists)
        if other is None:
            what = "no file"
        else:
            what = f"{kind_of(other)}:"
        raise LoadError(
            f"{what} {shorten(source, 120)}",
            expected=expected,
            fix="check the path",
        )
    return path


def find_folder(source: str, expected: str) -> Path:
    """The path of a folder, links resolved; bundled data are found from any folder. Raises
    LoadError.
    """
    path = path_where(source, Path.is_dir)
    if path is None:
        if path_where(source, Path.exists):
            what = "a file, not a folder:"
        else:
            what = "no folder"
        raise LoadError(
            f"{what} {shorten(source, 120)}",
            expected=expected,
            fix="check the path",
        )
    return path.resolve()


def find_path(source: str, expected: str) -> Path:
    """The path of a file or folder, as `find_file` and `find_folder` find it. Raises LoadError."""
    if path_where(source, Path.is_dir):
        return find_folder(source, expected)
    return find_file(source, expected)


def path_where(source: str, is_there: Callable[[Path], bool]) -> Path | None:
    """The path of a source, None if there is none; bundled data are found from any folder.

    Args:
        source: As the user gives it.
        is_there: Tests whether a path is what is looked for.
    """
    try:
        return next(
            (path for path in (Path(source), Path(__file__).parents[2] / source) if is_there(path)),
            None,
        )
    except (OSError, ValueError):
        return None  # a name that nothing can have


def fingerprint_files(folder: Path, names: Iterable[str]) -> str:
    """sha256, in hexadecimal, of the text that `sha256sum` prints for the files of a folder (a
    resolved path) in sorted order. What is no file of the folder counts with its name only.
    """
    digest = hashlib.sha256()
    for name in sorted(names):
        path = Path(os.path.realpath(folder / name))
        if os.path.isfile(path) and path.is_relative_to(folder):
            content = file_digest(path)
        else:
            content = ""
        digest.update(f"{content}  {name}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def describe_memory(source: object) -> dict[str, str]:
    """As a load spec's `describe`, of a source that is not in a file."""
    return {"name": f"a {type(source).__name__} in memory", "sha256": ""}


@dataclass(frozen=True, eq=False, repr=False)
class PictureFiles(StoredColumn):
    """Pictures that stay on disk, as a column that looks like an array uint8 [rows, height, width,
    channels].

    names: object [rows], below `folder`; picture_shape: (height, width, channels); digests: uint8
    [rows, 16], of the pixels as they were when loaded; white: as `read_picture` takes it.
    """

    folder: str
    names: np.ndarray
    picture_shape: tuple[int, ...]
    digests: np.ndarray
    white: int = MAX_WHITE

    dtype = np.dtype(np.uint8)
    ndim = 4

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.names), *self.picture_shape)

    def __repr__(self):
        return f"PictureFiles({len(self):,} pictures {self.picture_shape} in {self.folder!r})"

    def take(self, places: Places) -> "PictureFiles":
        """Returns other rows (int array, bool mask or slice), of which nothing is read."""
        return PictureFiles(
            self.folder, self.names[places], self.picture_shape, self.digests[places], self.white
        )

    def join(self, other: "PictureFiles") -> "PictureFiles":
        """Returns these pictures and then others of the same folder."""
        names = np.concatenate([self.names, other.names])
        digests = np.concatenate([self.digests, other.digests])
        return replace(self, names=names, digests=digests)

    def row_digests(self) -> np.ndarray:
        """Returns uint64 [rows, 2]: of the pixels as they were when loaded."""
        return self.digests.view(np.uint64)

    def read(self, places: Places | None = None) -> np.ndarray:
        """The pixels uint8 [rows, height, width, channels] of the rows at `places`, or of all.
        Raises LoadError where a file has vanished or changed since it was loaded.
        """
        if places is None:
            rows = range(len(self))
        else:
            rows = np.arange(len(self))[places]
        pixels = np.empty((len(rows), *self.picture_shape), np.uint8)
        for row, place in enumerate(rows):
            pixels[row] = self._read_one(place)
        return pixels

    def _read_one(self, place):
        try:
            pixels = read_picture(
                Path(self.folder) / self.names[place], self.picture_shape, white=self.white
            )
            if picture_digest(pixels) == self.digests[place].tobytes():
                changed = ""
            else:
                changed = "its pixels are others"
        except ValueError as error:
            changed = str(error)
        if changed:
            raise LoadError(
                f"the picture {shorten(self.names[place], 120)} has changed since it was "
                f"loaded: {changed}",
                expected="files that stay as they are while a recipe runs",
                fix="load the pictures again",
            )
        return pixels


def read_all(
    sources: Sequence,
    read: Callable[[object], np.ndarray],
    *,
    pixels: np.ndarray | None,
    digests: np.ndarray | None,
) -> list[str]:
    """Reads every source once, in threads, under a bar; each row's pixels go into `pixels` [rows,
    ...] and their digest into `digests` [rows, 16], where given. What cannot be read (ValueError)
    is a reason in words, else "".
    """
    from tqdm import tqdm

    reasons = [""] * len(sources)

    def work(first):
        for row in range(first, min(first + _FILES_A_TASK, len(sources))):
            try:
                picture = read(sources[row])
            except ValueError as error:
                reasons[row] = str(error)
                continue
            if pixels is not None:
                pixels[row] = picture
            if digests is not None:
                digests[row] = np.frombuffer(picture_digest(picture), np.uint8)
        return min(_FILES_A_TASK, len(sources) - first)

    with (
        tqdm(total=len(sources), desc="read", unit="picture") as bar,
        ThreadPoolExecutor(min(os.cpu_count() or 1, 16)) as pool,
    ):
        try:
            firsts = range(0, len(sources), _FILES_A_TASK)
            tasks = [pool.submit(work, first) for first in firsts]
            for task in as_completed(tasks):
                bar.update(task.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else Ctrl-C would wait for every picture
            raise
    return reasons
