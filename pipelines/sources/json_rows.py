"""Lines of JSON, each an object of single values (https://jsonlines.org)."""

import json
from typing import Any

from ..device.cells import shorten
from ..errors import LoadError

MAX_JSON_LINE = 16 * 2**20
EXPECTED = "one JSON object a line, of numbers, texts, true, false or null"


class NoRow(ValueError):
    """A line that is no row.

    Attributes:
        fix: What the user may do.
    """

    def __init__(self, received: str, fix: str = "fix that line, or give --read encoding=..."):
        super().__init__(received)
        self.fix = fix


def row_error(file: str, row: int, error: NoRow) -> LoadError:
    """Returns the error of a line that is no row.

    Args:
        file: Its name.
        row: The place of the row, from 0.
        error: What is wrong.
    """
    return LoadError(f"{file!r}, row {row:,}: {error}", expected=EXPECTED, fix=error.fix)


def json_object(line: str) -> dict[str, Any]:
    """Returns the cells of a line by column.

    Raises:
        NoRow: It is no object of single values.
    """
    if len(line) > MAX_JSON_LINE:
        raise NoRow(f"a line of more than {MAX_JSON_LINE:,} characters")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NoRow(shorten(str(error), 200)) from error
    if not isinstance(row, dict):
        raise NoRow(f"not an object of single values but {shorten(line.strip(), 80)}")
    for name, cell in row.items():
        if isinstance(cell, (dict, list)):
            raise NoRow(
                f"the column {shorten(name)} is nested: {shorten(cell, 80)}",
                fix="write what is nested as columns of their own, as pandas.json_normalize(rows) "
                "does, or leave it out",
            )
    return row
