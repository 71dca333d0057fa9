"""Words that read as missing though they may be values (None, NA), and values that may be words for
missing (?).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ..device.cells import Column, read_column, shorten
from ..device.packed import PackedCells, RepeatedCells, count_texts, filled_cells
from ..errors import LoadError

# A class needs three rows: fewer cells of a word are no class that is lost.
MIN_CELLS = 3
# A word that is rarer than this in a column is not worth a line of the schema.
MIN_SHARE = 0.01
MAX_WORDS = 3
# As they are compared: without case.
DOUBTFUL_WORDS = frozenset(
    {
        "?",
        "??",
        "???",
        "-",
        "--",
        "---",
        "\u2013",
        "\u2014",
        ".",
        "..",
        "...",
        "*",
        "unknown",
        "unk",
        "missing",
        "not available",
        "not known",
        "unspecified",
        "undefined",
        "n.a.",
        "n.a",
        "n. a.",
        "na",
        "n/a",
        "nan",
        "null",
        "none",
        "nil",
        "#div/0!",
        "#value!",
        "#ref!",
        "#name?",
        "#num!",
        "#null!",
        "(null)",
        "(none)",
        "(blank)",
        "tbd",
        "k.a.",
        "k. a.",
        "keine angabe",
        "unbekannt",
        "-99",
        "-999",
        "-9999",
        "-99999",
    }
)
_SENTINELS = frozenset({"-99", "-999", "-9999", "-99999", "-99.0", "-999.0", "-9999.0", "-99999.0"})


def count_words(cells: Sequence, words: frozenset[str]) -> Counter[str]:
    """How often each of the words, but for the empty one, fills a cell of text, once white space is
    cut.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiubM":
        return Counter()
    counts: Counter[str] = Counter()
    for cell, count in count_texts(cells).items():
        text = cell.strip()
        if text and text in words:
            counts[text] += count
    return counts


def refuse_lost_class(
    name: str,
    cells: Sequence,
    missing: frozenset[str],
    named: frozenset[str],
    table: Mapping[str, Sequence] | None = None,
) -> str:
    """Looks for words for missing that may be a class of their own.

    Args:
        name: of the target.
        cells: raw, one a row.
        missing: the words that read as missing.
        named: those of them that the user has named.
        table: column → cells; a word that stands among the numbers of another column is the file's
            word for missing.

    Returns:
        What to say of words that are taken for missing, or "".

    Raises:
        LoadError: where the other classes are words, and such a word fills cells enough for a
            class.
    """
    counts = {
        word: count
        for word, count in count_words(cells, missing - named).items()
        if count >= MIN_CELLS
    }
    if not counts or _numbers_share(cells, missing) >= 0.5:
        return ""
    of_file = [word for word in counts if _is_among_numbers(word, name, table or {}, missing)]
    lost = [word for word in counts if word not in of_file]
    if lost:
        word = lost[0]
        detail = ", ".join(f"{counts[word]:,} cells {word!r}" for word in lost[:MAX_WORDS])
        raise LoadError(
            f"the target {shorten(name)} has {detail}, which read as missing: a class of that "
            "name, or none?",
            expected="classes with names, or empty cells",
            fix=f"--read not_missing={_typed(word)} for a class {word!r}, "
            f"--read missing={_typed(word)} to leave these rows out (as a function: "
            "Reading(missing_words=...))",
        )
    word = of_file[0]
    return (
        f"; {word!r} is missing among numbers too: a class of that name is given by --set "
        f"load.empty_class={_typed(word)}"
    )


def refuse_lost_series(
    name: str, cells: Sequence, missing: frozenset[str], named: frozenset[str]
) -> None:
    """Raises LoadError where words for missing name series: "NA" is Namibia, and its rows would be
    left out.
    """
    counts = {
        word: count
        for word, count in count_words(cells, missing - named).items()
        if count >= MIN_CELLS
    }
    if counts:
        word = next(iter(counts))
        raise LoadError(
            f"the column {shorten(name)} has {counts[word]:,} cells {word!r}, which read as "
            "missing: a series of that name, or none?",
            expected="names of series, or empty cells",
            fix=f"--read not_missing={_typed(word)} for a series {word!r}, "
            f"--read missing={_typed(word)} to leave these rows out",
        )


def describe_words(
    cells: Sequence, column: Column, missing: frozenset[str], named: frozenset[str] = frozenset()
) -> str:
    """What the schema states of a column's doubtful words, after a semicolon; "" where there is
    none worth a line.
    """
    if column.kind == "numeric":
        return _describe_sentinel(cells)
    if column.kind not in ("categorical", "boolean"):
        return ""
    least = max(MIN_CELLS, MIN_SHARE * len(cells))
    read = [
        (word, count)
        for word, count in count_words(cells, missing - named).most_common(MAX_WORDS)
        if count >= least
    ]
    detail = [
        f"{count:,} cells {word!r} read as missing (--read not_missing={_typed(word)} keeps them)"
        for word, count in read
    ]
    kept = [(word, count) for word, count in _doubtful(cells, missing, least)]
    detail += [
        f"{count:,} cells {word!r} are a category "
        f"(--read missing={_typed(word)} reads them as missing)"
        for word, count in kept
    ]
    return "".join(f"; {each}" for each in detail)


def describe_doubtful_classes(labels: Sequence[str], counts: Sequence[int], named: str) -> str:
    """What the schema states of classes whose names may be words for missing, but for the one that
    the user has `named`; or "".
    """
    found = [
        (label, count)
        for label, count in zip(labels, counts, strict=True)
        if label.casefold() in DOUBTFUL_WORDS and label != named
    ]
    return "; ".join(
        f"{shorten(label)} is a class of {count:,} rows "
        f"(--read missing={_typed(label)} leaves them out)"
        for label, count in found[:MAX_WORDS]
    )


def describe_doubtful_texts(texts: Sequence[str]) -> str:
    """What the schema states of texts that are nothing but a word for missing, or ""."""
    least = max(MIN_CELLS, MIN_SHARE * len(texts))
    return "".join(
        f"; {count:,} are {word!r} and nothing else: empty cells are texts that are missing"
        for word, count in _doubtful(texts, frozenset(), least)
    )


def _doubtful(cells, missing, least):
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiubM":
        return []
    texts: Counter[str] = Counter()
    for cell, count in count_texts(cells).items():
        texts[cell.strip()] += count
    found = [
        (text, count)
        for text, count in texts.most_common()
        if count >= least and text.casefold() in DOUBTFUL_WORDS and text not in missing
    ]
    return found[:MAX_WORDS]


def _describe_sentinel(cells):
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiubM":
        return ""
    if len(_first_below(cells)) != 1:
        return ""
    below: Counter[str] = Counter()
    for cell, count in count_texts(cells).items():
        if cell.strip().startswith("-"):
            below[cell.strip()] += count
    ((word, count),) = below.items()
    if word not in _SENTINELS or count < max(MIN_CELLS, MIN_SHARE * len(cells)):
        return ""
    return (
        f"; {count:,} cells are {word}, the only negative number (--read missing={word} reads "
        "them as missing)"
    )


def _first_below(cells):
    """Returns the texts of the first two negative numbers that differ, as far as there are any."""
    below: set[str] = set()
    if isinstance(cells, PackedCells) and not cells.may_hold("-"):
        return below
    if isinstance(cells, RepeatedCells):
        cells, _ = cells.each_once()
    for cell in cells:
        if isinstance(cell, str) and cell.strip().startswith("-"):
            below.add(cell.strip())
            if len(below) > 1:
                break
    return below


def _numbers_share(cells, missing):
    """The share of the filled cells that are numbers, or digits without a letter: 1,5 or 12 %; 0
    where none is filled.
    """
    filled = filled_cells(cells, missing)
    bad = {each.row for each in read_column(filled, Column("", "numeric"), missing)[1]}
    words = [filled[row] for row in bad if not _is_digits(str(filled[row]))]
    if len(filled):
        return 1 - len(words) / len(filled)
    return 0.0


def _is_digits(text):
    return any(letter.isdigit() for letter in text) and not any(letter.isalpha() for letter in text)


def _is_among_numbers(word, name, table, missing):
    """Whether a column of numbers has the word as a cell."""
    return any(
        other != name
        and count_words(cells, frozenset({word}))
        and _numbers_share(cells, missing) == 1
        for other, cells in table.items()
    )


def _typed(word):
    """The word as it is typed in a shell."""
    if word.isalnum():
        return word
    return f"'{word}'"
