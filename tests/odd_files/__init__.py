"""Small hostile or odd files, each with the value that is read or the text of the error.

A module here holds `ODD_FILES`, a tuple of `OddFile`, of one kind of source;
`tests/sources/test_odd_files.py` runs them all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OddFile:
    """A file, what is done with it, and what comes of it.

    what: what is odd, in words; the name of the test. write: makes the file in an empty folder and
    returns its path. read: reads it. value: what `read` then returns, compared with `==`. error:
    where it is refused, a part of the text of the PipelineError, all words as they are shown; ""
    where it is read.
    """

    what: str
    write: Callable[[Path], Path]
    read: Callable[[Path], object]
    value: object = None
    error: str = ""


def file_of(name: str, content: str | bytes) -> Callable[[Path], Path]:
    """Writes one file of this content; text as UTF-8, line ends as they are."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write
