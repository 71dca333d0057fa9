"""What each way of reading a model gives: a section of the page, some lines of the terminal."""

from dataclasses import dataclass

from ...report.figures import Picture

Lines = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Reading:
    """One way of reading a model, with what it found.

    Attributes:
        title: What was looked at.
        verdict: A plain sentence.
        headings: Of the table.
        lines: Of the table, the most telling first; text of the data among them.
        pictures: Of the page.
        note: How it was measured and how it is read.
        values: The numbers behind it, values of JSON.
    """

    title: str
    verdict: str
    headings: tuple[str, ...] = ()
    lines: Lines = ()
    pictures: tuple[Picture, ...] = ()
    note: str = ""
    values: object = None


@dataclass(frozen=True)
class NotRead:
    """What a model, its rows or its columns cannot have.

    Attributes:
        title: What was not looked at.
        reason: In words.
    """

    title: str
    reason: str


def joined(names: list[str], most: int = 3) -> str:
    """Returns names as a list in a sentence, at most so many of them."""
    shown = ", ".join(names[:most])
    if len(names) > most:
        shown = f"{shown} and {len(names) - most:,} more"
    return shown
