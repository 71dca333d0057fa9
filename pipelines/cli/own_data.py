"""What the commands for a user's own data share: names, kinds and columns."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RecipeError

if TYPE_CHECKING:
    from ..sources.table import Reading

MAX_NAMED = 30
_LONGEST_NAME = 40


def name_of(path: str | Path) -> str:
    """Returns the name of a bundle, made from that of a file or folder."""
    first = Path(path).resolve().name.split(".")[0]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", first).strip("_-")
    return plain[:_LONGEST_NAME] or "my_model"


def kinds_of(given: Sequence[str] | None) -> dict[str, str]:
    """Returns column → kind of `--kind` options. Raises RecipeError for one without a kind."""
    kinds = {}
    for text in given or []:
        column, mark, kind = text.rpartition("=")
        if not mark:
            raise RecipeError(
                f"--kind {text}", expected="COLUMN=KIND", fix="--kind 'zip=categorical'"
            )
        kinds[column] = kind
    return kinds


def one_or_all(target: Sequence[str] | None) -> str | tuple[str, ...]:
    """Returns the one column of `--target` options, or all of them where there are several."""
    names = tuple(target or ())
    if len(names) == 1:
        return names[0]
    return names or ""


def pattern_of(group: Sequence[str] | None, folder: str) -> str:
    """Returns the one `--group` of a folder. Raises RecipeError for several."""
    if group and len(group) > 1:
        raise RecipeError(
            f"--group {' --group '.join(group)} with the folder {folder}",
            expected="one regular expression for the files' names",
            fix=r"--group 'patient(\d+)'",
        )
    return "".join(group or [])


def require_columns(needed: dict[str, object], file: str, reading: "Reading") -> None:
    """Raises RecipeError where an option that names a column is missing.

    Args:
        needed: option → its value.
        file: the table; the error lists its columns.
        reading: how it is read.
    """
    from ..sources.table_names import names_in_table

    lacking = [option for option, value in needed.items() if not value]
    if not lacking:
        return
    names = names_in_table(file, reading)
    shown = ", ".join(map(repr, names[:MAX_NAMED]))
    if len(names) > MAX_NAMED:
        shown += f" and {len(names) - MAX_NAMED:,} more"
    raise RecipeError(
        f"{file} without {' and '.join(lacking)}",
        expected=f"columns of the table: {shown}",
        fix=" ".join(f"{option} COLUMN" for option in lacking),
    )


def check_one_split(group: Sequence[str] | None, time: str) -> None:
    """Raises RecipeError where rows shall be split by groups and by time."""
    if group and time:
        raise RecipeError(
            "--group and --time", expected="one way to split", fix="leave one of them out"
        )


def refuse_options(given: dict[str, object], *, why: str, fix: str) -> None:
    """Raises RecipeError where one of these options has a value.

    Args:
        given: option → its value.
        why: what it does not go together with, such as "a folder".
        fix: what to do instead.
    """
    for option, value in given.items():
        if value:
            raise RecipeError(f"{option} with {why}", expected="no such option", fix=fix)
