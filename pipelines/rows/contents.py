"""One number for the content of a row, so that rows of a source that is streamed can be compared
with those in memory.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import SplitError
from .drawn import mixed
from .parts import Dataset, HeldOut, Splits, TrainSet
from .stream import CodedTexts, StreamedRows, Values

MAX_EXAMPLES = 5
_MISSING = "\0missing"  # cannot occur: cells with a null character are refused


def content_numbers(x: Mapping[str, Values]) -> np.ndarray:
    """Returns uint64 [rows]: the same number for rows with the same values in every column.

    Two missing values are the same. Rows that differ have another number but for one pair in 2^64.

    Args:
        x: Column → its values [rows].
    """
    together = np.zeros(1, np.uint64)
    for column in x.values():
        together = mixed(together + _numbers(column))
    return together


def _numbers(column) -> np.ndarray:
    if isinstance(column, CodedTexts):
        numbers = _text_numbers(column.texts)
        return numbers[column.places]
    if column.dtype.kind == "O":
        return _text_numbers(column)
    if column.dtype.kind == "M":
        seconds = column.astype("datetime64[s]")
        return mixed(seconds.view(np.uint64))
    zero = np.float32(0)
    plain = column + zero  # one zero
    unknown = np.isnan(plain)
    plain[unknown] = np.nan  # one NaN
    bits = plain.view(np.uint32)
    return mixed(bits.astype(np.uint64))


def _text_numbers(texts):
    from pandas.util import hash_array

    plain = texts.copy()
    for place, text in enumerate(texts):
        if text is None:
            plain[place] = _MISSING
    return hash_array(plain)


def find_streamed_duplicates(splits: Splits, whole: StreamedRows) -> dict:
    """Finds held-out rows in memory whose whole content stands in a training row of the source, or
    in a held-out row of the other part: one more pass.

    Args:
        splits: Whose held-out rows are looked for.
        whole: All training rows.

    Returns:
        As `find_duplicates`.
    """
    test = content_numbers(splits.test.x)
    valid = content_numbers(splits.valid.x)
    wanted = np.union1d(test, valid)
    first_ids = _first_ids(whole, wanted)
    of_test = _twins(splits.test, test, first_ids)
    of_valid = _twins(splits.valid, valid, first_ids)
    is_in_valid = np.isin(test, valid)
    examples = [*of_test, *of_valid]
    return {
        "test_in_train": len(of_test),
        "valid_in_train": len(of_valid),
        "test_in_valid": int(is_in_valid.sum()),
        "examples": examples[:MAX_EXAMPLES],
    }


def _twins(rows, numbers, first_ids):
    """Returns [id, id of a training row] of each row whose content a training row has."""
    pairs = []
    for row, number in zip(rows.ids.tolist(), numbers.tolist(), strict=True):
        twin = first_ids.get(number)
        if twin is not None:
            pairs.append([row, twin])
    return pairs


def _first_ids(whole, wanted) -> dict[int, int]:
    """Returns content → the id of the first training row that has it, of those wanted."""
    found: dict[int, int] = {}
    for part in range(whole.stream.num_parts):
        for chunk in whole.stream.chunks(part):
            numbers = content_numbers(chunk.x)
            is_wanted = np.isin(numbers, wanted)
            twins = numbers[is_wanted].tolist()
            rows = chunk.ids[is_wanted].tolist()
            for number, row in zip(twins, rows, strict=True):
                found.setdefault(number, row)
    return found


def refuse_streamed(rows: Dataset | TrainSet | HeldOut, what: str) -> None:
    """Raises SplitError for rows that are a sample of those in their source.

    Args:
        rows: That all have to stand in memory.
        what: What needs them.
    """
    if rows.whole is None:
        return
    raise SplitError(
        f"{what} of {rows.num_rows:,} rows that are streamed",
        expected="rows that stand in memory as a whole",
        fix="--set load.memory.way=whole if they fit, or take a part of the table",
    )
