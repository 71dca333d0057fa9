"""CSV that neither a spreadsheet nor a terminal acts on.

A spreadsheet runs a cell that begins with one of FORMULA_MARKS as a formula
(https://owasp.org/www-community/attacks/CSV_Injection), a terminal obeys escape sequences. The
rule, where answers are written safely: a cell that begins with such a mark and is no number gets an
apostrophe in front, and every character that `visible` escapes is written as its escape. Cells are
then no longer what the data holds, so that a pipe or a file gets them as they are, unless asked
otherwise.
"""

import csv

from .visible import visible

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(cell: object) -> object:
    """Returns a cell as the rule above has it; a number stays as it is."""
    if not isinstance(cell, str):
        return cell
    shown = visible(cell)
    if cell.startswith(FORMULA_MARKS) and not _is_number(cell):
        return f"'{shown}"
    return shown


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    # float() passes over white space at the ends, which a spreadsheet or a terminal may not.
    return text == text.strip()


class SafeWriter:
    """A csv writer of safe cells."""

    def __init__(self, writer):
        self._writer = writer

    def writerow(self, cells) -> None:
        """Writes one line."""
        self._writer.writerow([safe_cell(cell) for cell in cells])


def answers_writer(sink, *, safe: bool | None = None):
    """Returns a csv writer to an open text file.

    Args:
        sink: The file.
        safe: Whether it writes safe cells; if None, to a terminal.
    """
    writer = csv.writer(sink, lineterminator="\n")
    if safe is None:
        safe = sink.isatty()
    if safe:
        return SafeWriter(writer)
    return writer
