"""The format that a column's dates are written in, found from its cells."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from ..device.cells import Column, is_missing, read_column, shorten
from ..device.packed import PackedCells, RepeatedCells, each_cell_once, filled_cells
from ..errors import LoadError

MAX_DATE_CHARACTERS = 40
# As for numbers (`refuse_some_numbers`): nine in ten cells, or half of them and those of many
# values.
MOSTLY_DATES = 0.9
MANY_DATES = 20
MAX_FORMATS = 3
SAMPLE = 60
MAX_SHAPES = 20
_IS_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
# Months: 01/2005, Jan 2005, January-2005, 2005 Jan; and days such as 05-Jan-98. None is guessed by
# pandas.
_IS_MONTH = re.compile(r"\d{1,2}[-/]\d{4}|[A-Za-z]+[-/ ]\d{4}|\d{4}[-/ ][A-Za-z]+")
_MONTH_NAMES = ("%b", "%B")
_DAY_OF_NAMED_MONTH = "%d-%b-%y"
_IS_DAY = re.compile(r"\d{1,2}-[A-Za-z]{3}-\d\d")


@dataclass(frozen=True)
class _Format:
    """A date format and what it reads.

    Attributes:
        format: As of Python's strptime, or "ISO8601".
        count: How many cells it reads.
        row: Of the first of them.
        text: Of the first of them.
    """

    format: str
    count: int
    row: int
    text: str


def date_format(
    name: str, cells: Sequence, missing: frozenset[str], *, ask: bool = True
) -> tuple[str, str]:
    """Returns the format that reads every cell, or "" if there is none; and why it was chosen.

    Args:
        name: Of the column.
        cells: Raw, one a row.
        missing: The words that read as missing.
        ask: Whether dates of two readings are an error.

    Raises:
        LoadError: If day first and month first both read every cell, as other dates, and no point
            between them decides (1.2.2024 is day first), unless `ask` is False.
    """
    if isinstance(cells, PackedCells):
        filled = _stripped(filled_cells(cells, missing))
    else:
        filled = [text for _, text in _filled_cells(cells, missing)]
    if not len(filled):
        return "", ""
    first = filled[0]
    if not _may_be_date(first):
        return "", ""
    return _format_of_all(name, filled, _guesses(first), ask=ask)


def _stripped(cells):
    """Returns packed cells without white space around them; as a list if there is any."""
    if isinstance(cells, RepeatedCells):
        texts, _ = cells.each_once()
        if all(text == text.strip() for text in texts):
            return cells
    return [text.strip() for text in cells]


def _filled_cells(cells, missing):
    """Returns (row, text) of each cell with a value."""
    filled = []
    for row, cell in enumerate(cells):
        if not is_missing(cell, missing):
            text = str(cell).strip()
            filled.append((row, text))
    return filled


def find_dates(
    name: str,
    cells: Sequence,
    missing: frozenset[str],
    otherwise: str,
    *,
    rows: Sequence[int] | None = None,
) -> tuple[str, str]:
    """Does as `date_format`, for a column whose first cell may be no date.

    Args:
        name: Of the column.
        cells: Raw, one a row.
        missing: The words that read as missing.
        otherwise: What else the user may do with the column, for the error; "" for the column of
            time, of which no cell may be missing.
        rows: The row of the source that each cell stands in, for the error; None: its place.

    Raises:
        LoadError: If most cells are dates, but not all of one format.
    """
    if isinstance(cells, PackedCells):
        texts, _ = cells.each_once()
        distinct = _distinct(text for _, text in _filled_cells(texts, missing))
    else:
        distinct = _distinct(text for _, text in _filled_cells(cells, missing))
    likely = [text for text in distinct if _is_likely_date(text)]
    if not likely or 2 * len(likely) < len(distinct):
        return "", ""
    guesses = _frequent_guesses(likely)
    if not guesses:
        # Codes such as c12: no need to look at each of a million cells.
        return "", ""
    filled = _filled_cells(cells, missing)
    if rows is not None:
        filled = [(int(rows[place]), text) for place, text in filled]
    texts = [text for _, text in filled]
    formats, rest = _part_by_format(filled, guesses)
    if len(formats) == 1 and not rest:
        only = formats[0]
        guesses = [only.format, *_guesses(only.text)]
        return _format_of_all(name, texts, guesses, ask=True)
    _refuse_mixture(name, formats, rest, otherwise, num_distinct=len(likely))
    return "", ""


def _distinct(values):
    """Returns each value once, in the order of its first place."""
    return list(dict.fromkeys(values))


def _part_by_format(filled, guesses):
    """Parts cells by the first of the guesses that reads them.

    Args:
        filled: (row, text) of each cell.
        guesses: Formats.

    Returns:
        A _Format for each guess that reads a cell, and the cells that none reads.
    """
    formats = []
    rest = filled
    for guess in guesses:
        texts = [text for _, text in rest]
        bad = _unread(texts, guess)
        read = [cell for place, cell in enumerate(rest) if place not in bad]
        if not read:
            continue
        row, text = read[0]
        formats.append(_Format(guess, len(read), row, text))
        rest = [cell for place, cell in enumerate(rest) if place in bad]
    return formats, rest


def _unread(texts, format):
    """Returns the places of the texts that a format does not read."""
    _, bad = _read_dates(texts, format)
    return {each.row for each in bad}


def _reads_all(texts, format):
    """Tests whether a format reads all texts."""
    _, bad = _read_dates(each_cell_once(texts), format)
    return len(bad) == 0


def _read_dates(texts, format):
    """Returns the dates of texts in a format, and the cells that it does not read."""
    column = Column("", "date", format)
    return read_column(texts, column, frozenset())


def _may_be_date(text):
    if len(text) > MAX_DATE_CHARACTERS:
        return False
    return any(letter.isdigit() for letter in text)


def _is_likely_date(text):
    if _IS_NUMBER.fullmatch(text):
        return False
    return _may_be_date(text)


def _format_of_all(name, filled, guesses, *, ask):
    """Returns the first of the guesses that reads all texts, "" if none does; and why."""
    # All cells take their time, and a few of them rule most guesses out.
    step = len(filled) // 20 + 1
    few = filled[::step]
    fits = []
    for guess in guesses:
        if not _reads_all(few, guess):
            continue
        if _reads_all(filled, guess):
            fits.append(guess)
            if fits[0][:2] not in ("%d", "%m"):
                break  # no other order of day and month to look for
    if not fits:
        return "", ""
    return fits[0], _why(name, filled, fits, ask)


def _why(name, filled, fits, ask):
    """Returns why the first format that fits was chosen. Raises LoadError for two readings."""
    chosen = fits[0]
    why = f"dates of the format {chosen}"
    other = _other_order(fits)
    if not other:
        return why
    has_points = "." in chosen[:3]
    if has_points or not ask:
        return f"{why}, or else 'date:{other}'"
    dates, _ = _read_dates(filled, chosen)
    other_dates, _ = _read_dates(filled, other)
    differ = dates != other_dates
    if not differ.any():
        return why
    first = int(differ.argmax())
    raise LoadError(
        f"the column {shorten(name)} has dates such as {shorten(filled[first])}, and no day after "
        "the 12th: is the day first, or the month?",
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
    step = len(texts) // SAMPLE + 1
    rest = texts[::step]
    guesses = _guesses_of_shapes(rest)
    chosen = []
    while rest and guesses and len(chosen) < MAX_FORMATS:
        best, bad = _best_guess(rest, guesses)
        if len(bad) == len(rest):
            break
        chosen.append(best)
        rest = [text for place, text in enumerate(rest) if place in bad]
    return chosen


def _guesses_of_shapes(texts):
    """Returns the formats that texts of different shapes may be of, each once."""
    by_shape = {}
    for text in texts:
        shape = re.sub(r"\d", "9", text)
        by_shape[shape] = text
    few = list(by_shape.values())[:MAX_SHAPES]
    guesses = []
    for text in few:
        guesses += _guesses(text)
    return _distinct(guesses)


def _best_guess(texts, guesses):
    """Returns the first format that reads most texts, and the places that it does not read."""
    best = ""
    least_bad = None
    for guess in guesses:
        bad = _unread(texts, guess)
        if least_bad is None or len(bad) < len(least_bad):
            best = guess
            least_bad = bad
    return best, least_bad


def _refuse_mixture(name, formats, rest, otherwise, *, num_distinct):
    """Raises LoadError if most cells are dates of several formats.

    Args:
        name: Of the column.
        formats: The _Formats of the cells that are dates.
        rest: (row, text) of the other cells.
        otherwise: As of `find_dates`.
        num_distinct: How many different texts look like dates.
    """
    num_dates = sum(each.count for each in formats)
    num_cells = num_dates + len(rest)
    share = num_dates / max(num_cells, 1)
    if share < 0.5:
        return
    if share < MOSTLY_DATES and num_distinct <= MANY_DATES:
        return
    what = " and ".join(map(_describe_format, formats))
    fix = "write them in one way"
    expected = "dates of one format"
    if otherwise:
        expected += ", or categories"
    if rest:
        words = _distinct(text for _, text in rest)
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


def _describe_format(each):
    first = f"such as {shorten(each.text)} in row {each.row}"
    return f"{each.count:,} of the format {each.format}, {first}"


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
    if _IS_MONTH.fullmatch(cell):
        guesses += _month_formats(cell)
    if _IS_DAY.fullmatch(cell):
        guesses.append(_DAY_OF_NAMED_MONTH)
    return _distinct(guesses)


def _month_formats(cell):
    """Returns formats of a month and its year that the cell may be of."""
    if not any(letter.isalpha() for letter in cell):
        return ["%m/%Y", "%m-%Y"]
    formats = []
    for mark in "-/ ":
        if mark not in cell:
            continue
        for month in _MONTH_NAMES:
            formats += [f"{month}{mark}%Y", f"%Y{mark}{month}"]
    return formats


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
