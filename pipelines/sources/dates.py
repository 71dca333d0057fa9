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
    """The format that reads every cell, or "" where there is none; and what to say of it. Raises
    LoadError where day first and month first both read every cell, as other dates, and no point
    between them decides (1.2.2024 is day first), unless `ask` is False.
    """
    filled = [str(cell).strip() for cell in cells if not is_missing(cell, missing)]
    if not filled or not _may_be_date(filled[0]):
        return "", ""
    return _that_reads_all(name, filled, _guesses(filled[0]), ask=ask)


def find_dates(
    name: str, cells: Sequence, missing: frozenset[str], otherwise: str
) -> tuple[str, str]:
    """As `date_format`, of a column whose first cell may be no date.

    Args:
        name: of the column.
        cells: raw, one a row.
        missing: the words that read as missing.
        otherwise: what else the user may do with the column, for the error; "" for the column of
            time, of which no cell may be missing.

    Raises:
        LoadError: where most cells are dates, but not all of one format.
    """
    places = [row for row, cell in enumerate(cells) if not is_missing(cell, missing)]
    rest = [(row, str(cells[row]).strip()) for row in places]
    distinct = list(dict.fromkeys(text for _, text in rest))
    likely = [text for text in distinct if _may_be_date(text) and not _IS_NUMBER.fullmatch(text)]
    if not likely or 2 * len(likely) < len(distinct):
        return "", ""
    found = []
    for guess in _frequent_guesses(likely):
        bad = {
            each.row
            for each in read_column(
                [text for _, text in rest], Column("", "date", guess), frozenset()
            )[1]
        }
        read = [each for place, each in enumerate(rest) if place not in bad]
        if read:
            found.append(_Format(guess, len(read), *read[0]))
            rest = [each for place, each in enumerate(rest) if place in bad]
    if len(found) == 1 and not rest:
        filled = [str(cells[row]).strip() for row in places]
        return _that_reads_all(name, filled, [found[0].format, *_guesses(found[0].text)], ask=True)
    _refuse_mixture(name, found, rest, otherwise, num_distinct=len(likely))
    return "", ""


def _may_be_date(text):
    return any(letter.isdigit() for letter in text) and len(text) <= MAX_DATE_CHARACTERS


def _that_reads_all(name, filled, guesses, *, ask):
    few = filled[
        :: len(filled) // 20 + 1
    ]  # they rule most guesses out, and all cells take their time
    fits = [
        guess
        for guess in guesses
        if not any(
            read_column(texts, Column("", "date", guess), frozenset())[1] for texts in (few, filled)
        )
    ]
    if fits:
        return (fits[0], _why(name, filled, fits, ask))
    return ("", "")


def _why(name, filled, fits, ask):
    why = f"dates of the format {fits[0]}"
    other = next((guess for guess in fits[1:] if {guess[:2], fits[0][:2]} == {"%d", "%m"}), "")
    if not other:
        return why
    if "." in fits[0][:3] or not ask:
        return f"{why}, or else 'date:{other}'"
    values, others = (
        read_column(filled, Column("", "date", each), frozenset())[0] for each in (fits[0], other)
    )
    differ = values != others
    if not differ.any():
        return why
    text = filled[int(differ.argmax())]
    raise LoadError(
        f"the column {shorten(name)} has dates such as {shorten(text)}, and no day after the 12th: "
        "is the day first, or the month?",
        expected="dates that can be read in one way",
        fix=f"--kind '{name}=date:{other}' or --kind '{name}=date:{fits[0]}'",
    )


def _frequent_guesses(texts):
    """At most MAX_FORMATS formats, each the one that reads most of what those before it do not."""
    rest = texts[:: len(texts) // SAMPLE + 1]
    by_shape = {re.sub(r"\d", "9", text): text for text in rest}
    guesses = list(
        dict.fromkeys(guess for text in list(by_shape.values())[:20] for guess in _guesses(text))
    )
    chosen = []
    while rest and len(chosen) < MAX_FORMATS:
        bad = {
            guess: {
                each.row for each in read_column(rest, Column("", "date", guess), frozenset())[1]
            }
            for guess in guesses
        }
        best = min(guesses, key=lambda guess: len(bad[guess]), default="")
        if not best or len(bad[best]) == len(rest):
            break
        chosen.append(best)
        rest = [text for place, text in enumerate(rest) if place in bad[best]]
    return chosen


def _refuse_mixture(name, found, rest, otherwise, *, num_distinct):
    num_dates = sum(each.count for each in found)
    share = num_dates / max(num_dates + len(rest), 1)
    if share < 0.5 or (share < MOSTLY_DATES and num_distinct <= MANY_DATES):
        return
    what = " and ".join(
        f"{each.count:,} of the format {each.format}, such as {shorten(each.text)} in row "
        f"{each.row}"
        for each in found
    )
    fix = "write them in one way"
    if rest:
        words = list(dict.fromkeys(text for _, text in rest))
        what += (
            f"; and {len(rest):,} other{'s' * (len(rest) > 1)}: "
            f"{', '.join(map(shorten, words[:5]))}, the first in row {rest[0][0]}"
        )
        # A time may not be missing: a column that has no other use names the rows to remove.
        as_missing = f", read the others as missing (--read missing={shorten(words[0])})"
        if otherwise:
            fix += as_missing
        else:
            fix += ", or remove the rows of the others"
    raise LoadError(
        f"the column {shorten(name)} has dates: {what}",
        expected=f"dates of one format{', or categories' * bool(otherwise)}",
        fix=fix + otherwise,
    )


def _guesses(cell):
    """Formats that may be the cell's: ISO, day first where points part it, month first else (and
    then the other).
    """
    from pandas.tseries.api import guess_datetime_format

    if cell[:4].isdigit():
        guesses = ["ISO8601"]
    else:
        guesses = []
    for dayfirst in (True, False) if "." in cell[:6] else (False, True):
        with warnings.catch_warnings():
            # pandas warns where the first date can only be read the other way round; every cell is
            # tried.
            warnings.simplefilter("ignore", UserWarning)
            guess = guess_datetime_format(cell, dayfirst=dayfirst)
        if guess:
            guesses += [guess]
        if dayfirst:
            first, second = ("%d", "%m")
        else:
            first, second = ("%m", "%d")
        for mark in "./-":
            for year in ("%y", "%Y"):
                day = f"{first}{mark}{second}{mark}{year}"
                if mark in cell:
                    guesses += [day, f"{day} %H:%M", f"{day} %H:%M:%S", f"{day} %I:%M %p"]
    return list(dict.fromkeys(guesses))
