"""Several labels a row, as a source writes them into one column a label → 0 and 1."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..device.cells import Column, is_missing, read_column, shorten
from ..errors import LoadError
from .label_sets import LabelSets, free_separator, target_title


def read_label_columns(
    table: Mapping[str, Sequence], names: tuple[str, ...], *, presence: bool, missing: frozenset
) -> tuple[LabelSets, np.ndarray]:
    """Reads one column a label: of 0 and 1 (or other words of truth), or filled and empty.

    Args:
        table: Column → raw cells.
        names: Of the columns, which are the labels.
        presence: Whether a row has the label where the cell is filled.
        missing: The words that read as missing.

    Returns:
        The labels of all rows, and bool [rows]: which rows have a value in each column. The labels
        of the others are not known.

    Raises:
        LoadError: For a cell that is neither.
    """
    columns = []
    num_rows = len(table[names[0]])
    is_known = np.ones(num_rows, bool)
    for name in names:
        cells = table[name]
        is_filled = np.array([not is_missing(cell, missing) for cell in cells], bool)
        if presence:
            columns.append(is_filled)
            continue
        columns.append(_read_truth(cells, name, missing))
        is_known &= is_filled
    has = np.stack(columns, axis=1).astype(np.int64)
    separator = free_separator(names)
    title = target_title(names)
    return LabelSets(title, names, has, separator), is_known


def _read_truth(cells, name, missing):
    """Returns which cells are true, bool [rows]. Raises LoadError for a word of neither truth."""
    column = Column(name, "boolean")
    read, bad = read_column(cells, column, missing)
    if bad:
        first = bad[0]
        raise LoadError(
            f"the target column {shorten(name)}, row {first.row}: {first.reason}: {first.value}",
            expected="0 or 1 (or yes, no, true, false) in each of several target columns",
            fix="write 0 and 1; --set load.target_kind=presence where a filled cell is a label; "
            "a column of numbers, or of more classes, is learned alone",
        )
    return np.array([word == "true" for word in read], bool)
