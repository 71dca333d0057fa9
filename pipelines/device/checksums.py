"""The checksums of a bundle: a file is read whole, compared, and only then used. Standard library only.

SHA256SUMS has the format of the `sha256sum` command, so that `sha256sum -c SHA256SUMS` checks a bundle too.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from .errors import DeviceError

SUMS = "SHA256SUMS"
MAX_SUMS_BYTES, MAX_FILE_BYTES = 2**20, 2**31  # no TFLite file can be larger
_LINE = re.compile(r"([0-9a-f]{64}) [ *]([^\\\n]+)")


def checksums(files: Mapping[str, bytes]) -> str:
    """The content of SHA256SUMS for relative name → content, in the order of the names. Raises DeviceError for a name
    that such a file cannot hold."""
    odd = next((name for name in files if not name.isprintable() or "\\" in name), None)
    if odd is not None:
        raise DeviceError(f"a file called {odd!r}", expected="names without backslashes and line ends",
                          fix="give it another name")
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))


def read_checked(folder: str | Path, name: str, *, most: int = MAX_FILE_BYTES) -> bytes:
    """The content of the file `name` of a bundle. Raises DeviceError where it is not there, has more bytes than `most`
    or is not what was written with the bundle; nothing of it is parsed before. Files that are not asked for need not be
    there."""
    path = Path(folder) / name
    if not path.is_file():
        raise DeviceError(f"no {name} in {str(folder)!r}", expected="a whole bundle: saved_models/<name>/",
                          fix="name the folder that `python -m pipelines run` wrote, or copy it again")
    wanted = _read_sums(Path(folder)).get(name)
    try:
        if path.stat().st_size > most:
            raise OSError(f"{path.stat().st_size:,} bytes, at most {most:,}")
        content = path.read_bytes()
    except OSError as error:
        raise DeviceError(f"{str(path)!r} cannot be read: {error.strerror or error}", expected="a readable file",
                          fix="change its permissions, or copy the bundle again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        said = "is not in SHA256SUMS" if wanted is None else f"is damaged or was altered: its SHA-256 is {found[:12]}…"
        raise DeviceError(f"{str(path)!r} {said}", expected=f"the {name} that was written with the bundle"
                          + (f", {wanted[:12]}…" if wanted else ""), fix="copy the bundle again, or make it again")
    return content


def check_bundle(folder: str | Path) -> list[str]:
    """The names of all files of a bundle, once each is what was written with it. Raises DeviceError that names every
    file which is missing or altered."""
    names, refused = list(_read_sums(Path(folder))), []
    for name in names:
        try:
            read_checked(folder, name)
        except DeviceError as error:
            refused.append(error.received)
    if refused:
        raise DeviceError("; ".join(refused), expected=f"the {len(names)} files of {SUMS}",
                          fix="copy the bundle again, or make it again")
    return names


def _read_sums(folder):
    path = folder / SUMS
    try:
        if path.stat().st_size > MAX_SUMS_BYTES:
            raise ValueError(f"{path.stat().st_size:,} bytes, at most {MAX_SUMS_BYTES:,}")
        lines = [_LINE.fullmatch(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
        sums = {line[2]: line[1] for line in lines}
        if len(sums) < len(lines) or any(".." in Path(name).parts or Path(name).is_absolute() for name in sums):
            raise ValueError("it names a file twice, or one outside the bundle")
        return sums
    except FileNotFoundError:
        raise DeviceError(f"no {SUMS} in {str(folder)!r}", expected="a bundle with its checksums",
                          fix="copy that file too; a bundle from before there were checksums must be made again"
                          ) from None
    except (OSError, ValueError, TypeError) as error:
        raise DeviceError(f"{str(path)!r} is damaged: {error}", expected="lines of a SHA-256 and a name",
                          fix="copy the bundle again, or make it again") from error
