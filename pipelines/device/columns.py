"""The columns of raw data: their kinds, the words in their cells, and what a cell fails by."""

from dataclasses import dataclass

from .visible import shorten

NUMERIC = "numeric"
CATEGORICAL = "categorical"
BOOLEAN = "boolean"
DATE = "date"
KINDS = (NUMERIC, CATEGORICAL, BOOLEAN, DATE)
PICTURE = "picture"
TEXT = "text"
SERIES = "series"
TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE_WORDS = frozenset({"false", "f", "no", "n", "0", "0.0"})
# The words that pandas reads as missing, written out so that a bundle can carry and a user can
# change them.
MISSING_WORDS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)


@dataclass(frozen=True)
class Column:
    """A raw column.

    Attributes:
        name: In the source.
        kind: One of the seven.
        format: Of dates: a `datetime.strptime` format, "ISO8601", or "unix" for seconds since 1970.
        decimal: The decimal mark of numbers.
        shape: A picture's (height, width, channels), a series' (steps,).
        white: The white point of 16-bit pictures, 1 to 65,535 (see `sixteen_bits.to_bytes`); 0 if
            training saw none.
        thousands: What separates the digits of numbers in threes; "" if nothing does.
        unit: What every text of a number carries.
        marks: Further marks that a number may have (see `numbers`).
    """

    name: str
    kind: str
    format: str = "ISO8601"
    decimal: str = "."
    shape: tuple[int, ...] = ()
    white: int = 0
    thousands: str = ""
    unit: str = ""
    marks: str = ""


@dataclass(frozen=True)
class BadCell:
    """A cell that could not be read.

    Attributes:
        row: From 0.
        value: What was received, shortened.
        reason: In words.
    """

    row: int
    value: str
    reason: str


class BadCells(list[BadCell]):
    """The cells of a column that could not be read."""

    def add(self, row: int, cell: object, reason: str) -> None:
        """Adds a cell.

        Args:
            row: From 0.
            cell: What was received.
            reason: In words.
        """
        value = shorten(cell)
        self.append(BadCell(row, value, reason))
