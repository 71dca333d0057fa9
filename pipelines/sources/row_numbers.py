"""Columns that only count the rows of a file, which tools write in front without a name."""

import re
from collections.abc import Sequence

import numpy as np

# The header of R's write.csv and of pandas' to_csv, what pandas and readr make of such a header,
# and pandas' Parquet.
_UNNAMED = re.compile(r"(Unnamed: \d+(\.\d+)*|\.\.\.\d+|__index_level_\d+__)?")


def is_unnamed(name: str) -> bool:
    """Tests whether a column has no name of its own, or one that a tool made up for it."""
    return _UNNAMED.fullmatch(name.strip()) is not None


def counts_rows(name: str, cells: Sequence, rows: np.ndarray) -> str:
    """Tests whether an unnamed column holds the number of each row and nothing else.

    Args:
        name: The column's name.
        cells: Its raw cells.
        rows: int64 [rows], the place of each row in the source, from 0.

    Returns:
        Why it does, for the printed schema; "" if it does not.
    """
    if not is_unnamed(name) or len(rows) < 2:
        return ""
    for first in (0, 1):
        numbers = (rows + first).tolist()
        if all(map(_is_number, cells, numbers)):
            return (
                f"row numbers from {first}, in a column without a name; --kind '{name}=numeric' "
                "takes it as a feature"
            )
    return ""


def _is_number(cell, number):
    if isinstance(cell, str):
        return cell.strip() in (str(number), f"{number}.0")
    if isinstance(cell, (bool, np.bool_)):
        return False
    return cell == number
