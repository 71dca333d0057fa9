"""Rows of the same content: in two parts of a split, or with two labels."""

from dataclasses import dataclass

import numpy as np

from ..device.pictures import picture_digest
from .columns import is_stored
from .contents import MAX_EXAMPLES, find_streamed_duplicates
from .parts import Splits, TrainSet

_PAIRS = (("test", "train"), ("valid", "train"), ("test", "valid"))


@dataclass(frozen=True)
class _RowContents:
    """The rows of a part, comparable.

    Attributes:
        ids: int64 [rows].
        contents: int64 [rows], one number for all rows with the same content.
    """

    ids: np.ndarray
    contents: np.ndarray

    def is_in(self, other: "_RowContents") -> np.ndarray:
        """Returns which rows stand in another part, bool [rows]."""
        return np.isin(self.contents, other.contents)

    def first_like(self, content: int) -> int:
        """Returns the id of the first row with a content."""
        is_like = self.contents == content
        first = is_like.argmax()
        return int(self.ids[first])


def find_duplicates(splits: Splits) -> dict:
    """Finds rows of one part whose whole content stands in another part too.

    Every column counts, labels do not. Two missing values are the same.

    Returns:
        "test_in_train", "valid_in_train" and "test_in_valid": how many rows of the one part are in
        the other; "examples": at most MAX_EXAMPLES of [id of such a row, id of its twin].
    """
    if splits.train.whole is not None:
        return find_streamed_duplicates(splits, splits.train.whole)
    parts = _row_contents(splits)
    counts = {}
    examples: list[list[int]] = []
    for one, other in _PAIRS:
        rows = parts[one]
        others = parts[other]
        is_twin = rows.is_in(others)
        counts[f"{one}_in_{other}"] = int(is_twin.sum())
        num_more = MAX_EXAMPLES - len(examples)
        for place in np.flatnonzero(is_twin)[:num_more]:
            row_id = int(rows.ids[place])
            twin_id = others.first_like(rows.contents[place])
            examples.append([row_id, twin_id])
    return {**counts, "examples": examples}


def find_contradictions(train: TrainSet) -> np.ndarray:
    """Finds training rows that have the content of an earlier one and another label.

    Every column counts; of texts neither case nor white space does.

    Args:
        train: Rows with a class each.

    Returns:
        int64 [pairs, 2]: the id of the first row with a content, that of a row with another label.
    """
    (contents,) = _contents([train], plain=_without_case)
    _, first_places, which = np.unique(
        contents,
        return_index=True,
        return_inverse=True,
    )
    first = first_places[which]
    first_labels = train.y[first]
    is_other = train.y != first_labels
    first_ids = train.ids[first]
    return np.stack(
        [first_ids[is_other], train.ids[is_other]],
        axis=1,
    )


def _row_contents(splits) -> dict[str, _RowContents]:
    """Returns the comparable rows of each part."""
    parts = {
        "train": splits.train,
        "valid": splits.valid,
        "test": splits.test,
    }
    contents = _contents(list(parts.values()))
    comparable = {}
    for name, numbers in zip(parts, contents, strict=True):
        comparable[name] = _RowContents(parts[name].ids, numbers)
    return comparable


def _contents(parts, plain=None):
    """Returns int64 [rows] of each part: one number for all rows with the same content; `plain`
    changes texts before they are compared.
    """
    lengths = [len(part) for part in parts]
    numbers = np.zeros(sum(lengths), np.int64)
    for name in parts[0].x:
        columns = [_comparable(part.x[name], plain) for part in parts]
        together = np.concatenate(columns)
        for values in together.T:
            # A missing value is a code of its own, -1.
            codes = _factorized(values) + 1
            num_codes = codes.max(initial=0) + 1
            # Two codes make one number, which is numbered anew before it grows too large.
            pairs = numbers * num_codes + codes
            numbers = _factorized(pairs)
    ends = np.cumsum(lengths)
    return np.split(numbers, ends[:-1])


def _factorized(values):
    """Returns int64 [rows]: one number for all equal values."""
    import pandas as pd

    codes, _ = pd.factorize(values)
    return codes.astype(np.int64)


def _without_case(texts):
    """Returns texts without their case and with one space for all white space."""
    plain = []
    for text in texts:
        words = text.casefold().split()
        plain.append(" ".join(words))
    return np.array(plain, object)


def _comparable(column, plain):
    """Returns [rows, values] of a column; of wide ones, such as pictures, a digest of each row."""
    if is_stored(column):
        return column.row_digests()
    if column.ndim == 1:
        if column.dtype.kind == "T":
            column = column.astype(object)
            if plain:
                column = plain(column)
        return column[:, None]
    if column.dtype.kind == "f":
        # One NaN, one zero.
        column = np.where(np.isnan(column), np.nan, column) + 0.0
    digests = b"".join(map(picture_digest, column))
    numbers = np.frombuffer(digests, np.uint64)
    return numbers.reshape(len(column), 2)
