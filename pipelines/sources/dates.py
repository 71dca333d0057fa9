"""The format that a column's dates are written in, found from its cells."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ..device.cells import Column, is_missing, read_column, shorten
from ..errors import LoadError

MAX_DATE_CHARACTERS = 40
# As for numbers (`refuse_some_numbers`): nine in ten cells, or half of them and those of many
# values.
MOSTLY_DATES = 0.9
MANY_DATES = 20
MAX_FORMATS = 3
SAMPLE = 60
_IS_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True)
class _Format:
    """A date format, how many cells it reads, and the first of these: its row and its text."""

    format: str
    count: int
    row: int
    text: str


def date_format(
    name: str, cells: Sequence, missing: frozenset[str], *, ask: bool = True
) -> tuple[str, str]:
    """Returns the format that reads every cell, or "" where there is none; and why it was chosen.

    Args:
        name: of the column.
        cells: raw, one a row.
        missing: the words that read as missing.
        ask: whether dates of two readings are an error.

    Raises:
        LoadError: where day first and month first both read every cell, as other dates, and no
            point between them decides (1.2.2024 is day first), unless `ask` is False.
    """
    filled = [str(cell).strip() for cell in cells if not is_missing(cell, missing)]
    if not filled or not _may_be_date(filled[0]):
        return "", ""
    return _that_reads_all(name, filled, _guesses(filled[0]), ask=ask)


def find_dates(
    name: str, cells: Sequence, missing: frozenset[str], otherwise: str
) -> tuple[str, str]:
    """Does as `date_format`, for a column whose first cell may be no date.

    Args:
        name: of the column.
        cells: raw, one a row.
        missing: the words that read as missing.
        otherwise: what else the user may do with the column, for the error; "" for the column of
            time, of which no cell may be missing.

    Raises:
        LoadError: where most cells are dates, but not all of one format.
    """
    rest = []
    for row, cell in enumerate(cells):
        if not is_missing(cell, missing):
            rest.append((row, str(cell).strip()))
    filled = [text for _, text in rest]
    distinct = list(dict.fromkeys(filled))
    likely = [text for text in distinct if _is_likely_date(text)]
    if not likely or 2 * len(likely) < len(distinct):
        return "", ""
    found = []
    for guess in _frequent_guesses(likely):
        bad = _unread([text for _, text in rest], guess)
        read = [each for place, each in enumerate(rest) if place not in bad]
        if read:
            row, text = read[0]
            found.append(_Format(guess, len(read), row, text))
            rest = [each for place, each in enumerate(rest) if place in bad]
    if len(found) == 1 and not rest:
        guesses = [found[0].format, *_guesses(found[0].text)]
        return _that_reads_all(name, filled, guesses, ask=True)
    _refuse_mixture(name, found, rest, otherwise, num_distinct=len(likely))
    return "", ""


def _unread(texts, format):
    """Returns the places of the texts that a format does not read."""
    _, bad = read_column(texts, Column("", "date", format), frozenset())
    return {each.row for each in bad}


def _may_be_date(text):
    has_digit = any(letter.isdigit() for letter in text)
    return has_digit and len(text) <= MAX_DATE_CHARACTERS


def _is_likely_date(text):
    return _may_be_date(text) and not _IS_NUMBER.fullmatch(text)


def _that_reads_all(name, filled, guesses, *, ask):
    # All cells take their time, and a few of them rule most guesses out.
    few = filled[:: len(filled) // 20 + 1]
    fits = []
    for guess in guesses:
        if not _unread(few, guess) and not _unread(filled, guess):
            fits.append(guess)
    if not fits:
        return "", ""
    return fits[0], _why(name, filled, fits, ask)


def _why(name, filled, fits, ask):
    chosen = fits[0]
    why = f"dates of the format {chosen}"
    other = _other_order(fits)
    if not other:
        return why
    if "." in chosen[:3] or not ask:
        return f"{why}, or else 'date:{other}'"
    values, _ = read_column(filled, Column("", "date", chosen), frozenset())
    other_values, _ = read_column(filled, Column("", "date", other), frozenset())
    differ = values != other_values
    if not differ.any():
        return why
    text = filled[int(differ.argmax())]
    raise LoadError(
        f"the column {shorten(name)} has dates such as {shorten(text)}, and no day after the 12th: "
        "is the day first, or the month?",
        expected="dates that can be read in one way",
        fix=f"--kind '{name}=date:{other}' or --kind '{name}=date:{chosen}'",
    )


def _other_order(fits):
    """Returns the format with day and month the other way round than in the first, or ""."""
    first = fits[0][:2]
    for guess in fits[1:]:
        if {guess[:2], first} == {"%d", "%m"}:
            return guess
    return ""


def _frequent_guesses(texts):
    """Returns at most MAX_FORMATS formats, each the one that reads most of what those before it do
    not.
    """
    rest = texts[:: len(texts) // SAMPLE + 1]
    by_shape = {re.sub(r"\d", "9", text): text for text in rest}
    shapes = list(by_shape.values())[:20]
    # Of a dict: each guess once, in the order of the first.
    guesses = list(dict.fromkeys(guess for text in shapes for guess in _guesses(text)))
    chosen = []
    while rest and len(chosen) < MAX_FORMATS:
        bad = {guess: _unread(rest, guess) for guess in guesses}
        best = min(guesses, key=lambda guess: len(bad[guess]), default="")
        if not best or len(bad[best]) == len(rest):
            break
        chosen.append(best)
        rest = [text for place, text in enumerate(rest) if place in bad[best]]
    return chosen


def _refuse_mixture(name, found, rest, otherwise, *, num_distinct):
    num_dates = sum(each.count for each in found)
    num_cells = num_dates + len(rest)
    share = num_dates / max(num_cells, 1)
    if share < 0.5:
        return
    if share < MOSTLY_DATES and num_distinct <= MANY_DATES:
        return
    what = " and ".join(
        f"{each.count:,} of the format {each.format}, such as {shorten(each.text)} in row "
        f"{each.row}"
        for each in found
    )
    fix = "write them in one way"
    expected = "dates of one format"
    if otherwise:
        expected += ", or categories"
    if rest:
        words = list(dict.fromkeys(text for _, text in rest))
        what += f"; and {_describe_others(rest, words)}"
        # A time may not be missing: a column that has no other use names the rows to remove.
        if otherwise:
            fix += f", read the others as missing (--read missing={shorten(words[0])})"
        else:
            fix += ", or remove the rows of the others"
    raise LoadError(
        f"the column {shorten(name)} has dates: {what}",
        expected=expected,
        fix=fix + otherwise,
    )


def _describe_others(rest, words):
    """Returns how many cells are no dates, and which: (row, text) of each, and their texts."""
    others = "other"
    if len(rest) > 1:
        others = "others"
    shown = ", ".join(map(shorten, words[:5]))
    first_row = rest[0][0]
    return f"{len(rest):,} {others}: {shown}, the first in row {first_row}"


def _guesses(cell):
    """Returns formats that may be the cell's: ISO, day first where points part it, month first else
    (and then the other).
    """
    guesses = []
    if cell[:4].isdigit():
        guesses.append("ISO8601")
    orders = (False, True)
    if "." in cell[:6]:
        orders = (True, False)
    for is_day_first in orders:
        guess = _guess_of_pandas(cell, is_day_first)
        if guess:
            guesses.append(guess)
        guesses += _usual_formats(cell, is_day_first)
    return list(dict.fromkeys(guesses))


def _guess_of_pandas(cell, is_day_first):
    from pandas.tseries.api import guess_datetime_format

    with warnings.catch_warnings():
        # pandas warns where the first date can only be read the other way round; every cell is
        # tried.
        warnings.simplefilter("ignore", UserWarning)
        return guess_datetime_format(cell, dayfirst=is_day_first)


def _usual_formats(cell, is_day_first):
    """Returns the formats of a day, and of a day with a time, whose mark the cell has."""
    first, second = "%m", "%d"
    if is_day_first:
        first, second = "%d", "%m"
    formats = []
    for mark in "./-":
        if mark not in cell:
            continue
        for year in ("%y", "%Y"):
            day = f"{first}{mark}{second}{mark}{year}"
            formats += [day, f"{day} %H:%M", f"{day} %H:%M:%S", f"{day} %I:%M %p"]
    return formats
