"""`--read`: how the text of a file becomes cells, one mark at a time."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import RecipeError

if TYPE_CHECKING:
    from ..sources.table import Reading

MISSING = "missing"
NOT_MISSING = "not_missing"
FILE_MARKS = ("separator", "encoding", "quotes")
MARKS = (*FILE_MARKS, "decimal", "thousands", "spelling", MISSING, NOT_MISSING)

Read = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MARK=VALUE",
        help="How text is read, where it is not found by itself: 'separator=;', encoding=cp1252, "
        "quotes=none (quotes are characters as any other), decimal=, (or .), thousands=., "
        "missing=WORD (one more word for missing), not_missing=WORD (NA is a value), spelling=join "
        "or keep (classes whose names differ in case alone). May be repeated.",
    ),
]
ReadFile = Annotated[
    list[str] | None,
    typer.Option(
        metavar="MARK=VALUE",
        help="How text is read, where it is not found by itself: 'separator=;', encoding=cp1252, "
        "quotes=none.",
    ),
]


def reading_of(
    given: Sequence[str] | None,
    *,
    marks: tuple[str, ...] = MARKS,
    start: "Reading | None" = None,
) -> "Reading":
    """Returns the Reading of `--read` options.

    Args:
        given: texts such as "decimal=,".
        marks: those that apply to the source.
        start: what is altered; the default Reading if None.

    Raises:
        RecipeError: a mark is unknown or does not apply, or a word does not read as missing anyway.
    """
    from ..sources.table import Reading

    reading = start or Reading()
    for text in given or []:
        mark, _, value = text.partition("=")
        if mark not in marks or not value:
            raise RecipeError(
                f"--read {text!r}",
                expected=", ".join(f"{mark}=..." for mark in marks) or "no mark for this source",
                fix=_example(marks),
            )
        reading = _with_mark(reading, mark, value)
    return reading


def _example(marks):
    if "decimal" in marks:
        return "--read decimal=,"
    if "encoding" in marks:
        return "--read encoding=cp1252"
    if "spelling" in marks:
        return "--read spelling=join"
    return "leave --read out"


def _with_mark(reading, mark, value):
    words = reading.missing_words
    if mark == MISSING:
        return replace(reading, missing_words=(*words, value))
    if mark != NOT_MISSING:
        return replace(reading, **{mark: value})
    if value not in words:
        raise RecipeError(
            f"--read {NOT_MISSING}={value}",
            expected=", ".join(map(repr, words)),
            fix="leave it out: the word is a value as it is",
        )
    kept = tuple(word for word in words if word != value)
    return replace(reading, missing_words=kept)
