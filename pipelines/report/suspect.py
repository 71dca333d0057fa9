"""A column that may mislead, and what to type about it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Suspect:
    """A column that may mislead.

    Attributes:
        column: Its name.
        reason: Why, in words.
        fix: What to type about it.
        gives_away: Whether the scores are too good if it is not known before the answer.
    """

    column: str
    reason: str
    fix: str
    gives_away: bool = False


def drop(name: str) -> str:
    """Returns the option that leaves a column out."""
    return f"--drop {quoted(name)}"


def quoted(name: str) -> str:
    """Returns a name as it is typed in a shell."""
    inside = name.replace("'", "'\\''")
    return f"'{inside}'"
