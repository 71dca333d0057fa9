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
MAX_SUMS_BYTES = 2**20
MAX_FILE_BYTES = 2**31  # no TFLite file can be larger
MAX_UNLISTED = 1000  # names that are looked at
MAX_NAMED = 20  # of them in a message
_COPY_AGAIN = "copy the bundle again, or make it again"
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
    """Returns the content of SHA256SUMS, in the order of the names.

    Args:
        files: Content by relative name.

    Raises:
        DeviceError: For a name that such a file cannot hold.
    """
    lines = []
    for name in sorted(files):
        if "\\" in name or not name.isprintable():
            raise DeviceError(
                f"a file called {name!r}",
                expected="names without backslashes and line ends",
                fix="give it another name",
            )
        digest = hashlib.sha256(files[name])
        lines.append(f"{digest.hexdigest()}  {name}\n")
    return "".join(lines)


def read_checked(folder: str | Path, name: str, *, most: int = MAX_FILE_BYTES) -> bytes:
    """Reads a file of a bundle; nothing of it is parsed before its checksum is compared.

    Files that are not asked for need not be there.

    Args:
        folder: The bundle's folder.
        name: Of the file.
        most: Bytes that it may have.

    Raises:
        DeviceError: If it is missing, has more bytes or is not what was written with the bundle.
    """
    folder = Path(folder)
    path = folder / name
    if not _is_there(path):
        raise DeviceError(
            f"no {name} in {str(folder)!r}",
            expected="a whole bundle: saved_models/<name>/",
            fix="name the folder that `python -m pipelines run` wrote, or copy it again",
        )
    wanted = _read_sums(folder).get(name)
    try:
        content = read_regular(path, most)
    except OSError as error:
        raise DeviceError(
            f"{str(path)!r} cannot be read: {error.strerror or error}",
            expected="a readable file",
            fix="change its permissions, or copy the bundle again",
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != wanted:
        _refuse_content(path, digest, wanted)
    return content


def _refuse_content(path, digest, wanted):
    """Raises DeviceError for a file whose SHA-256 is not the one that is wanted, or None."""
    problem = "is not in SHA256SUMS"
    expected = f"the {path.name} that was written with the bundle"
    if wanted is not None:
        problem = f"is damaged or was altered: its SHA-256 is {digest[:12]}…"
        expected = f"{expected}, {wanted[:12]}…"
    raise DeviceError(f"{str(path)!r} {problem}", expected=expected, fix=_COPY_AGAIN)


def check_bundle(folder: str | Path) -> list[str]:
    """Checks that every file of a bundle is what was written with it.

    Args:
        folder: The bundle's folder.

    Returns:
        The names of all files.

    Raises:
        DeviceError: It names every file which is missing or altered, and every one that was added
            where a command, a compiler or a browser would use it.
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
    added = list(filter(_is_used, unlisted(folder)))
    if added:
        some = ", ".join(map(repr, added[:MAX_NAMED]))
        refused.append(f"{some} in {str(folder)!r} is not in {SUMS}: it was added")
    if refused:
        raise DeviceError(
            "; ".join(refused), expected=f"the {len(names)} files of {SUMS}", fix=_COPY_AGAIN
        )


def print_check(folder: str | Path) -> None:
    """Prints how many files are as they were written.

    On standard error it prints what is in the folder and not among them.

    Args:
        folder: The bundle's folder.

    Raises:
        DeviceError: As `check_bundle` does.
    """
    names = check_bundle(folder)
    print(f"{len(names)} files, each as it was written")
    others = unlisted(folder)
    if not others:
        return
    shown = list(map(repr, others[:MAX_NAMED]))
    if len(others) > MAX_NAMED:
        shown.append("...")
    print(f"not in {SUMS}, and not used: {', '.join(shown)}", file=sys.stderr)


def unlisted(folder: str | Path) -> list[str]:
    """Returns the relative names of what is in a bundle and not in its SHA256SUMS, sorted.

    They are files, and folders that hold nothing of it, which end in "/" and are not looked into.

    Args:
        folder: The bundle's folder.

    Returns:
        At most MAX_UNLISTED names.

    Raises:
        DeviceError: If the folder or SHA256SUMS cannot be read.
    """
    folder = Path(folder)
    listed = {*_read_sums(folder), SUMS}
    holding = set()
    for name in listed:
        for parent in Path(name).parents:
            holding.add(parent.as_posix())
    found: list[str] = []
    for inside in sorted(holding):
        for name in _names_inside(folder, inside):
            plain_name = name.rstrip("/")
            if plain_name in listed or plain_name in holding:
                continue
            found.append(name)
            if len(found) >= MAX_UNLISTED:
                return sorted(found)
    return sorted(found)


def _names_inside(folder, inside):
    """Yields the relative names of what is in a folder of a bundle; folders end in "/"."""
    prefix = f"{inside}/"
    if inside == ".":
        prefix = ""
    try:
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False):
                    name += "/"
                yield name
    except OSError:
        # The folder is missing, and its files with it, which `check_bundle` reports.
        return


def _is_used(name):
    """Returns whether something would use a file of this name, or look into such a folder."""
    parts = name.lower().split("/")
    if parts[0] in _USED_FOLDERS:
        return True
    return parts[-1].endswith(_USED_SUFFIXES)


def _is_there(path):
    """Returns whether something that could be a file, of whatever kind, is there."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return False
    return not stat.S_ISDIR(status.st_mode)


def _read_sums(folder):
    """Returns the SHA-256 of each file by name."""
    path = folder / SUMS
    try:
        content = read_regular(path, MAX_SUMS_BYTES)
        return parse_sums(content)
    except FileNotFoundError:
        raise DeviceError(
            f"no {SUMS} in {str(folder)!r}",
            expected="a bundle with its checksums",
            fix="copy that file too; a bundle from before there were checksums must be made again",
        ) from None
    except (OSError, ValueError) as error:
        problem = error
        if isinstance(error, OSError):
            problem = error.strerror
        raise DeviceError(
            f"{str(path)!r} is damaged: {problem}",
            expected="lines of a SHA-256 and a name",
            fix=_COPY_AGAIN,
        ) from error


def parse_sums(content: bytes) -> dict[str, str]:
    """Returns the SHA-256 of each file by its relative name.

    Args:
        content: Of SHA256SUMS.

    Raises:
        ValueError: For other lines, and for a name that leads out of the folder.
    """
    text = content.decode("utf-8")
    sums: dict[str, str] = {}
    for line in text.split("\n")[:-1]:
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise ValueError("it has a line of another form")
        digest, name = parts.groups()
        path = Path(name)
        if name in sums or path.is_absolute() or ".." in path.parts:
            raise ValueError("it names a file twice, or one outside the bundle")
        sums[name] = digest
    return sums
