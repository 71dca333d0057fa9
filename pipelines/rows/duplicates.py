"""Rows that stand in two parts of a split."""

import numpy as np

from ..device.pictures import picture_digest
from .columns import is_stored
from .parts import Splits

MAX_EXAMPLES = 5
_PAIRS = (("test", "train"), ("valid", "train"), ("test", "valid"))


def find_duplicates(splits: Splits) -> dict:
    """Finds rows of one part whose whole content stands in another part too.

    Every column counts, labels do not. Two missing values are the same.

    Returns:
        "test_in_train", "valid_in_train" and "test_in_valid": how many rows of the one part are in
        the other; "examples": at most MAX_EXAMPLES of [id of such a row, id of its twin].
    """
    parts = {"train": splits.train, "valid": splits.valid, "test": splits.test}
    contents = dict(zip(parts, _contents(list(parts.values())), strict=True))
    counts = {}
    examples: list[list[int]] = []
    for one, other in _PAIRS:
        is_twin = np.isin(contents[one], contents[other])
        counts[f"{one}_in_{other}"] = int(is_twin.sum())
        num_more = MAX_EXAMPLES - len(examples)
        for place in np.flatnonzero(is_twin)[:num_more]:
            is_same = contents[other] == contents[one][place]
            first = int(is_same.argmax())
            row_id = int(parts[one].ids[place])
            twin_id = int(parts[other].ids[first])
            examples.append([row_id, twin_id])
    return {**counts, "examples": examples}


def _contents(parts):
    """Returns int64 [rows] of each part: one number for all rows with the same content."""
    lengths = [len(part) for part in parts]
    numbers = np.zeros(sum(lengths), np.int64)
    for name in parts[0].x:
        columns = [_comparable(part.x[name]) for part in parts]
        for values in np.concatenate(columns).T:
            # A missing value is a code of its own, -1.
            codes = _factorized(values) + 1
            num_codes = codes.max(initial=0) + 1
            # Two codes make one number, which is numbered anew before it grows too large.
            numbers = _factorized(numbers * num_codes + codes)
    ends = np.cumsum(lengths)
    return np.split(numbers, ends[:-1])


def _factorized(values):
    """Returns int64 [rows]: one number for all equal values."""
    import pandas as pd

    codes, _ = pd.factorize(values)
    return codes.astype(np.int64)


def _comparable(column):
    """Returns [rows, values] of a column; of wide ones, such as pictures, a digest of each row."""
    if is_stored(column):
        return column.row_digests()
    if column.ndim == 1:
        if column.dtype.kind == "T":
            column = column.astype(object)
        return column[:, None]
    if column.dtype.kind == "f":
        # One NaN, one zero.
        column = np.where(np.isnan(column), np.nan, column) + 0.0
    digests = b"".join(picture_digest(row) for row in column)
    return np.frombuffer(digests, np.uint64).reshape(len(column), 2)
