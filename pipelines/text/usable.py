"""Which texts of a source are rows: those that can be read and have a class, each once if asked."""

import numpy as np

from ..device.cells import TEXT, Column, read_column, shorten
from ..rows.parts import ColumnNote, Dataset
from ..sources.labelled_files import (
    LabelledSource,
    check_memory,
    finish,
    found_in_memory,
    usable_rows,
)
from ..sources.words import describe_doubtful_texts
from .decode import decode

TEXT_CELL = Column(TEXT, TEXT)  # of what is no table


def from_memory(spec, source, target, spelling=""):
    labels = check_memory(source, TEXT)
    return finish_texts(
        spec,
        found_in_memory(
            source,
            labels,
            spelling=spelling,
        ),
        list(source[TEXT]),
        target,
    )


def finish_texts(
    spec, found: LabelledSource, cells: list, target: str
) -> tuple[Dataset, tuple[ColumnNote, ...]]:
    """The Dataset of the rows that have a text and a class, and notes for the user. Raises
    LoadError.
    """
    texts, bad = read_column(cells, TEXT_CELL, frozenset())
    found.reasons = found.reasons or [""] * len(texts)
    for row, reason in [
        *((each.row, each.reason) for each in bad),
        *((row, "no text") for row in np.flatnonzero(is_blank(texts))),
    ]:
        found.reasons[row] = found.reasons[row] or reason
    kept = usable_rows(found, TEXT)
    if spec.distinct:
        kept = first_of_equal(texts, kept, found.notes, TEXT)
    texts = texts[kept]
    dataset, notes = finish(
        spec,
        found,
        kept,
        columns={TEXT_CELL: texts},
        target=target,
    )
    return dataset, (
        ColumnNote(TEXT, TEXT, f"{in_words(texts)}, from {shorten(found.where, 120)}"),
        *notes,
    )


def first_of_equal(texts, places, notes, name):
    """Of rows at `places` (int64) with texts that are equal but for case the first."""
    first = first_of_each(texts, places)
    if len(first) < len(places):
        notes.append(
            ColumnNote(
                name,
                TEXT,
                f"{len(places) - len(first):,} rows with a text that stood before, in "
                "whatever case, are left out",
            )
        )
    return first


def first_of_each(texts, places):
    first = {}
    for place in places.tolist():
        first.setdefault(texts[place].lower(), place)
    return np.fromiter(first.values(), np.int64, len(first))


def is_blank(texts):
    return np.strings.str_len(np.strings.strip(texts)) == 0


def in_words(texts):
    lengths = np.strings.str_len(texts)
    return (
        f"{len(texts):,} texts of {int(np.median(lengths))} characters (median), at most "
        f"{lengths.max():,}{describe_doubtful_texts(texts)}"
    )


def decoded(cell):
    """(text, "") of the bytes that tfds keeps of a text, or ("", why it is none)."""
    try:
        return decode(cell, "utf-8")[0], ""
    except ValueError as error:
        return "", str(error)
