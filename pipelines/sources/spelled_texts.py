"""A column of short texts to spell → places of characters."""

from collections.abc import Sequence

import numpy as np

from ..device.target import Target
from ..device.tasks.spelling import MAX_CHARACTERS, MAX_POSITIONS
from ..device.visible import shorten
from ..errors import LoadError
from ..rows.parts import ColumnNote
from ..tasks.spelling import SpellingTask
from .labels import source_row

_INSTEAD = "predict a part of it, or set load.target_kind=classes"


def read_texts_to_spell(
    cells: Sequence, name: str, rows: np.ndarray | None = None
) -> tuple[np.ndarray, Target, tuple[ColumnNote, ...]]:
    """Reads cells as texts, without the spaces around them.

    Args:
        cells: Of the target, none of them missing.
        name: Of the column.
        rows: int64 [cells], the row of the source that each stands in; None: its place.

    Returns:
        y int64 [rows, positions], its Target, and a note on how long texts are.

    Raises:
        LoadError: A text is too long, or there are too many characters, or one text alone.
    """
    texts = [str(cell).strip() for cell in cells]
    characters = "".join(sorted(set("".join(texts))))
    what = f"the target {shorten(name)}"
    longest = max(texts, key=len)
    if len(longest) > MAX_POSITIONS:
        row = source_row(rows, texts.index(longest))
        raise LoadError(
            f"{what} in row {row} has {len(longest)} characters: {shorten(longest)}",
            expected=f"at most {MAX_POSITIONS}: a model answers all of them at once",
            fix=_INSTEAD,
        )
    if len(characters) > MAX_CHARACTERS or "\0" in characters:
        raise LoadError(
            f"{what} is written with {len(characters)} characters",
            expected=f"at most {MAX_CHARACTERS}, and not the character of code 0",
            fix=_INSTEAD,
        )
    if len(set(texts)) < 2:
        raise LoadError(
            f"{what} is {shorten(longest)!r} in all rows",
            expected="at least two texts",
            fix="choose another target",
        )
    target = Target(
        name,
        SpellingTask.name,
        characters=characters,
        positions=len(longest),
    )
    words = f"spelled with {len(characters)} characters, at most {len(longest)} a text"
    note = ColumnNote(name, "target", words)
    return spelled_codes(texts, target), target, (note,)


def spelled_codes(texts: Sequence[str], target: Target) -> np.ndarray:
    """Returns the place of each character, int64 [rows, positions]; past the end of a text one more
    than the last.
    """
    characters = target.characters
    places = {letter: place for place, letter in enumerate(characters)}
    codes = np.full((len(texts), target.positions), len(characters), np.int64)
    for row, text in enumerate(texts):
        for position, letter in enumerate(text):
            codes[row, position] = places[letter]
    return codes
