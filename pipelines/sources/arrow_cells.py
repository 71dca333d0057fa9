"""Cells of text in the arrays of pyarrow, which takes a tenth of the memory of a list of texts."""

from collections.abc import Iterator
from typing import Any, overload

import numpy as np

from ..device.cells import is_missing
from ..device.packed import PackedCells, RepeatedCells

# The share of different texts above which a column is not kept as few texts and their places: of
# the first cells, and of all.
_SAMPLE = 20_000
_MANY_IN_SAMPLE = 0.6
_MOSTLY_DIFFERENT = 0.1
# What a plain number is written with. No sign stands in front of a word, and no letter but e.
_OF_NUMBERS = b"0123456789.+-eE"
# What str.strip cuts of ASCII.
_SPACES = (*range(9, 14), *range(28, 33))
_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def packed_cells(column: Any) -> PackedCells:
    """Packs a column of text.

    Args:
        column: pyarrow.ChunkedArray of strings; null where a cell is None.
    """
    import pyarrow.compute as pc

    sample = column.slice(0, _SAMPLE)
    num_different = pc.count_distinct(sample, mode="all").as_py()
    if num_different <= _MANY_IN_SAMPLE * len(sample):
        repeated = _repeated(column)
        texts, _ = repeated.each_once()
        if len(texts) <= _MOSTLY_DIFFERENT * len(column):
            return repeated
    return ArrowCells(column)


def _repeated(column):
    """Returns a column as its texts and their places."""
    texts: list = []
    places = np.empty(len(column), np.int32)
    start = 0
    # One dictionary for all chunks: in the order of the first cell of each text.
    for chunk in column.dictionary_encode(null_encoding="encode").chunks:
        end = start + len(chunk)
        places[start:end] = chunk.indices.to_numpy(zero_copy_only=False)
        start = end
        if len(chunk.dictionary) > len(texts):
            texts = chunk.dictionary.to_pylist()
    return RepeatedCells(texts, places)


class ArrowCells(PackedCells):
    """Cells that are mostly different.

    Args:
        column: pyarrow.ChunkedArray of strings; null where a cell is None.
        whole: The cells that these were kept of, and bool [rows], which were.
    """

    def __init__(
        self,
        column: Any,
        *,
        whole: tuple["ArrowCells", np.ndarray] | None = None,
    ):
        self._column = column
        self._whole = whole
        self._numbers: tuple[np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, place: int) -> str | None: ...
    @overload
    def __getitem__(self, place: slice) -> list[str | None]: ...
    def __getitem__(
        self,
        place,
    ):
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step == 1:
                num_cells = max(stop - start, 0)
                return self._column.slice(start, num_cells).to_pylist()
            rows = np.arange(start, stop, step)
            return self._column.take(rows).to_pylist()
        return self._column[int(place)].as_py()

    def __iter__(self) -> Iterator[str | None]:
        for chunk in self._column.chunks:
            yield from chunk.to_numpy(zero_copy_only=False).tolist()

    def each_once(self) -> tuple[list[str | None], np.ndarray]:
        """See `PackedCells`."""
        return _repeated(self._column).each_once()

    def keep(
        self,
        is_kept: np.ndarray,
    ) -> "ArrowCells":
        """See `PackedCells`."""
        if is_kept.all():
            return self
        return ArrowCells(self._column.filter(is_kept), whole=(self, is_kept))

    def may_hold(
        self,
        letters: str,
    ) -> bool:
        """See `PackedCells`. UTF-8 holds no letter inside another one."""
        wanted = [letter.encode() for letter in letters]
        of_ascii = [letter for letter in wanted if len(letter) == 1]
        for text in map(_bytes_of, self._column.chunks):
            likely = wanted
            if text.isascii():
                likely = of_ascii
            if any(letter in text for letter in likely):
                return True
        return False

    def _find_missing(
        self,
        words,
    ):
        import pyarrow as pa
        import pyarrow.compute as pc

        if not words:
            return pc.is_null(self._column).to_numpy()
        if self._may_have_margins():
            return np.fromiter((is_missing(text, words) for text in self), bool, len(self))
        if words == {""} or ("" in words and not self._may_be_words(words)):
            is_absent = pc.equal(pc.binary_length(self._column), 0)
        else:
            is_absent = pc.is_in(self._column, pa.array(sorted(words), self._column.type))
        is_absent = pc.fill_null(is_absent, True)
        return is_absent.to_numpy()

    def _may_have_margins(self):
        """Tests whether a cell may begin or end with white space, as Python knows it."""
        return any(map(_has_margins, self._column.chunks))

    def _may_be_words(
        self,
        words,
    ):
        """Tests whether a word but for the empty one may be a cell: all its letters are there."""
        letters = {letter: letter.encode() for letter in "".join(words)}
        seen = set()
        for text in map(_bytes_of, self._column.chunks):
            for letter, code in letters.items():
                if code in text:
                    seen.add(letter)
        for word in words:
            if word and seen.issuperset(word):
                return True
        return False

    def are_plain_numbers(self) -> bool:
        """See `PackedCells`."""
        if self._whole is None:
            return bool(self.plain_numbers()[1].all())
        whole, is_kept = self._whole
        _, is_plain = whole.plain_numbers()
        return bool(is_plain[is_kept].all())

    def plain_numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """See `PackedCells`. Both pyarrow and Python round to the nearest float64."""
        if self._whole is not None:
            # Numbers take their time: those of a column are read once.
            whole, is_kept = self._whole
            values, is_plain = whole.plain_numbers()
            return values[is_kept], is_plain[is_kept]
        if self._numbers is None:
            values = np.full(len(self), np.nan)
            is_plain = np.zeros(len(self), bool)
            start = 0
            for chunk in self._column.chunks:
                end = start + len(chunk)
                values[start:end], is_plain[start:end] = _numbers_of(chunk)
                start = end
            self._numbers = (values, is_plain)
        return self._numbers


def _bytes_of(chunk):
    """Returns the UTF-8 of all texts of an array, one after the other, and maybe of others."""
    import pyarrow as pa

    _, offsets, texts = chunk.buffers()
    if texts is None:
        return b""
    width = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
    ends = np.frombuffer(offsets, width)
    start = int(ends[chunk.offset])
    end = int(ends[chunk.offset + len(chunk)])
    return memoryview(texts)[start:end].tobytes()


def _has_margins(chunk):
    """Tests whether a text of an array may begin or end with white space."""
    text = _bytes_of(chunk)
    if not text.isascii():
        return True
    for code in _SPACES:
        if bytes([code]) in text:
            return True
    return False


def _numbers_of(chunk):
    """Returns float64 [cells] and bool [cells], which cells are plain numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_plain = pc.greater(pc.binary_length(chunk), 0)
    if _bytes_of(chunk).translate(None, _OF_NUMBERS):
        is_plain = pc.match_substring_regex(chunk, _PLAIN)
    is_plain = pc.fill_null(is_plain, False)
    try:
        plain = pc.if_else(is_plain, chunk, None)
        values = pc.cast(plain, pa.float64())
    except pa.ArrowInvalid:
        return np.nan, False
    return (
        pc.fill_null(values, np.nan).to_numpy(zero_copy_only=False),
        is_plain.to_numpy(zero_copy_only=False),
    )
