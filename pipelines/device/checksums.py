"""The checksums of a bundle: a file is read whole, compared, and only then used. Standard library
only.

SHA256SUMS has the format of the `sha256sum` command, so that `sha256sum -c SHA256SUMS` checks a
bundle too. Links are followed, into and out of the folder: what counts is that every byte is the
one that was written. What is in the folder and not in SHA256SUMS is named, and refused where it has
the name of something that a command, a compiler or a browser would use.
"""

import hashlib
import os
import re
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from .errors import DeviceError
from .regular import read_regular

SUMS = "SHA256SUMS"
MAX_SUMS_BYTES, MAX_FILE_BYTES = 2**20, 2**31  # no TFLite file can be larger
MAX_UNLISTED = 1000  # names that are looked at
# What is used without being asked for by name: what a compiler or a browser is given, and the
# suffixes of the rest.
_USED_FOLDERS = ("c", "web")
_USED_SUFFIXES = (
    ".tflite",
    ".keras",
    ".json",
    ".html",
    ".c",
    ".h",
    ".cc",
    ".cpp",
    ".js",
    ".mjs",
    ".wasm",
    ".py",
    ".onnx",
    ".h5",
    ".pkl",
    ".task",
)
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^\\\n]+)")


def checksums(files: Mapping[str, bytes]) -> str:
    """The content of SHA256SUMS for relative name → content, in the order of the names. Raises
    DeviceError for a name that such a file cannot hold.
    """
    unsafe = next((name for name in files if not name.isprintable() or "\\" in name), None)
    if unsafe is not None:
        raise DeviceError(
            f"a file called {unsafe!r}",
            expected="names without backslashes and line ends",
            fix="give it another name",
        )
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))


def read_checked(folder: str | Path, name: str, *, most: int = MAX_FILE_BYTES) -> bytes:
    """The content of the file `name` of a bundle. Raises DeviceError if it is missing, has
    more bytes than `most` or is not what was written with the bundle; nothing of it is parsed
    before. Files that are not asked for need not be there.
    """
    path = Path(folder) / name
    if not _is_there(path):
        raise DeviceError(
            f"no {name} in {str(folder)!r}",
            expected="a whole bundle: saved_models/<name>/",
            fix="name the folder that `python -m pipelines run` wrote, or copy it again",
        )
    wanted = _read_sums(Path(folder)).get(name)
    try:
        content = read_regular(path, most)
    except OSError as error:
        raise DeviceError(
            f"{str(path)!r} cannot be read: {error.strerror or error}",
            expected="a readable file",
            fix="change its permissions, or copy the bundle again",
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        if wanted is None:
            problem = "is not in SHA256SUMS"
        else:
            problem = f"is damaged or was altered: its SHA-256 is {found[:12]}…"
        raise DeviceError(
            f"{str(path)!r} {problem}",
            expected=f"the {name} that was written with the bundle"
            + (f", {wanted[:12]}…" if wanted else ""),
            fix="copy the bundle again, or make it again",
        )
    return content


def check_bundle(folder: str | Path) -> list[str]:
    """The names of all files of a bundle, once each is what was written with it. Raises DeviceError
    that names every file which is missing or altered, and every one that was added where a command,
    a compiler or a browser would use it.
    """
    return [name for name, _ in _each_checked(folder)]


def read_bundle(folder: str | Path) -> dict[str, bytes]:
    """Name → content of all files of a bundle, each read once. Raises DeviceError as `check_bundle`
    does.
    """
    return dict(_each_checked(folder))


def _each_checked(folder):
    """Gives name and content of each file that is as it was written; raises in the end for those
    that are not.
    """
    names = list(_read_sums(Path(folder)))
    refused = []
    for name in names:
        try:
            content = read_checked(folder, name)
        except DeviceError as error:
            refused.append(error.received)
            continue
        yield name, content
    added = [name for name in unlisted(folder) if _is_used(name)]
    if added:
        refused.append(
            f"{', '.join(map(repr, added[:20]))} in {str(folder)!r} is not in {SUMS}: it was added"
        )
    if refused:
        raise DeviceError(
            "; ".join(refused),
            expected=f"the {len(names)} files of {SUMS}",
            fix="copy the bundle again, or make it again",
        )


def print_check(folder: str | Path) -> None:
    """Prints how many files are as they were written; on standard error, what lies there and is not
    among them. Raises DeviceError as `check_bundle` does.
    """
    names = check_bundle(folder)
    others = unlisted(folder)
    print(f"{len(names)} files, each as it was written")
    if others:
        if len(others) > 20:
            more = ", ..."
        else:
            more = ""
        print(
            f"not in {SUMS}, and not used: {', '.join(map(repr, others[:20]))}{more}",
            file=sys.stderr,
        )


def unlisted(folder: str | Path) -> list[str]:
    """The relative names, sorted, of what lies in a bundle and not in its SHA256SUMS: files, and
    folders, which end in "/" and are not looked into, that hold nothing of it. At most
    MAX_UNLISTED. Raises DeviceError where the folder or SHA256SUMS cannot be read.
    """
    listed = {*_read_sums(Path(folder)), SUMS}
    holding = {parent.as_posix() for name in listed for parent in Path(name).parents}
    found: list[str] = []
    for inside in sorted(holding):
        try:
            with os.scandir(Path(folder) / inside) as entries:
                for entry in entries:
                    if inside == ".":
                        name = entry.name
                    else:
                        name = f"{inside}/{entry.name}"
                    if name in listed or name in holding:
                        continue
                    found.append(f"{name}/" if entry.is_dir(follow_symlinks=False) else name)
                    if len(found) >= MAX_UNLISTED:
                        return sorted(found)
        except OSError:
            # a folder that is not there: its files are missing, which `check_bundle` reports
            continue
    return sorted(found)


def _is_used(name):
    """Whether something would use a file of this name, or look into a folder of this name."""
    parts = name.lower().split("/")
    return parts[0] in _USED_FOLDERS or parts[-1].endswith(_USED_SUFFIXES)


def _is_there(path):
    """Whether something that could be a file, of whatever kind, is there: a folder is not."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def parse_sums(content: bytes) -> dict[str, str]:
    """The relative name → SHA-256 of the content of SHA256SUMS. Raises ValueError or TypeError for
    other lines, and for a name that leads out of the folder.
    """
    lines = [_LINE.fullmatch(line) for line in content.decode("utf-8").split("\n")[:-1]]
    sums = {line[2]: line[1] for line in lines}
    if len(sums) < len(lines) or any(
        ".." in Path(name).parts or Path(name).is_absolute() for name in sums
    ):
        raise ValueError("it names a file twice, or one outside the bundle")
    return sums


def _read_sums(folder):
    path = folder / SUMS
    try:
        return parse_sums(read_regular(path, MAX_SUMS_BYTES))
    except FileNotFoundError:
        raise DeviceError(
            f"no {SUMS} in {str(folder)!r}",
            expected="a bundle with its checksums",
            fix="copy that file too; a bundle from before there were checksums must be made again",
        ) from None
    except (OSError, ValueError, TypeError) as error:
        if isinstance(error, OSError):
            problem = error.strerror
        else:
            problem = error
        raise DeviceError(
            f"{str(path)!r} is damaged: {problem}",
            expected="lines of a SHA-256 and a name",
            fix="copy the bundle again, or make it again",
        ) from error
