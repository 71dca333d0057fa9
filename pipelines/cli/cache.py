"""`cache`: what earlier runs finished."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BundleError
from .options import Folder

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?B?)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CacheOptions:
    """Options of `cache`."""

    folder: Folder = Path("saved_models")
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and remove damaged results.")
    ] = False
    prune: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="Remove what was used longest ago until this much is left: 500MB, 2GB, or 0.",
        ),
    ] = ""


def manage_cache(options: CacheOptions) -> None:
    """List, verify or prune what earlier runs have finished."""
    from ..engine.store import Store
    from ..report.terminal import print_lines

    store = Store(options.folder / ".cache")
    if options.verify:
        for key, reason in store.broken().items():
            if store.remove(key):
                print(f"{key[:12]} was damaged and is removed: {reason}")
            else:
                print(f"{key[:12]} is damaged, and the system does not let it go: {reason}")
    if options.prune:
        most_bytes = size_bytes(options.prune)
        removed = store.prune(most_bytes)
        freed = sum(entry.size_bytes for entry in removed)
        print(f"{len(removed)} results removed, {freed:,} bytes")
        _require_at_most(most_bytes, store)
    entries = store.entries()
    if entries:
        print_lines([_line(entry) for entry in reversed(entries)], _HEADINGS)
    total = sum(entry.size_bytes for entry in entries)
    print(
        f"{len(entries)} results, {total:,} of at most {store.most_bytes:,} bytes, in "
        f"{store.folder}"
    )


def _require_at_most(most_bytes, store):
    """Raises BundleError if more is left, which the system did not let go."""
    left = sum(entry.size_bytes for entry in store.entries())
    if left > most_bytes:
        raise BundleError(
            f"{left:,} bytes cannot be removed from {str(store.folder)!r}",
            expected="a folder that this user may write to",
            fix="change its permissions",
            stage="cache",
        )


_HEADINGS = ("key", "stage", "of", "bytes", "last used", "state")


def _line(entry):
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.used))
    state = ""
    if entry.unfinished:
        state = "unfinished"
    return (entry.key[:12], entry.stage, entry.about, f"{entry.size_bytes:,}", used, state)


def size_bytes(text: str) -> int:
    """Returns the bytes that a text such as 500MB means.

    Raises:
        BundleError: it is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise BundleError(
            f"--prune {text!r}",
            expected="a number of bytes, with KB, MB or GB after it",
            fix="--prune 500MB",
            stage="cache",
        )
    number, unit = match.groups()
    unit = unit.upper()
    if unit and not unit.endswith("B"):
        unit += "B"
    return int(float(number) * _UNITS[unit])
