"""The kinds that a user gives columns, looked through before a row is read."""

from collections.abc import Mapping

from ..device.cells import KINDS, shorten
from ..device.dates import UNIX
from ..device.flow import check_format
from ..errors import LoadError


def check_given_kinds(kinds: Mapping[str, str]) -> None:
    """Raises LoadError for a kind that no column can have, and for a date format that can read no
    date.
    """
    for name, kind in kinds.items():
        named, _, words = kind.partition(":")
        if named == "date" and words:
            _check_date(name, kind, words)
        elif kind not in (*KINDS, "ignored"):
            raise LoadError(
                f"kind {shorten(kind)} for column {shorten(name)}",
                expected=", ".join((*KINDS, "ignored", "date:%d.%m.%Y")),
                fix=f"--kind '{name}=categorical', for example",
            )


def _check_date(name, kind, words):
    try:
        if "%" not in words and words != UNIX:
            raise ValueError("it holds no % and a letter")
        check_format(words)
    except ValueError as error:
        raise LoadError(
            f"kind {shorten(kind)} for column {shorten(name)}: {shorten(str(error), 120)}",
            expected="a date format as of Python's strptime, each part once: date:%d.%m.%Y %H:%M",
            fix=f"--kind '{name}=date:%d.%m.%Y', or '{name}=date' to find the format",
        ) from error
