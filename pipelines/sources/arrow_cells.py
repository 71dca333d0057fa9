"""Cells of text in the arrays of pyarrow, which takes a tenth of the memory of a list of texts."""

from collections.abc import Iterator
from functools import cached_property
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
_OF_NUMBERS = frozenset(b"0123456789.+-eE")
# What str.strip cuts of ASCII.
_SPACES = frozenset((*range(9, 14), *range(28, 33)))
_PLAIN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
# A column's first bytes hold most of the characters that it is written with.
_FIRST_BYTES = 4096
_FIRST_NOT_ASCII = 128


def packed_cells(column: Any) -> PackedCells:
    """Packs a column of text.

    Args:
        column: pyarrow.ChunkedArray of strings, or of their dictionaries; null where a cell is
            None.
    """
    import pyarrow as pa

    is_encoded = pa.types.is_dictionary(column.type)
    if is_encoded:
        repeated = _of_dictionaries(column.unify_dictionaries())
    elif _repeats(column):
        repeated = _repeated(column)
    else:
        return ArrowCells(column)
    texts, _ = repeated.each_once()
    if len(texts) <= _MOSTLY_DIFFERENT * len(column):
        return repeated
    if is_encoded:
        column = column.cast(column.type.value_type)
    return ArrowCells(column)


def _repeats(column):
    """Tests whether the first cells of a column are the same texts again and again."""
    import pyarrow.compute as pc

    sample = column.slice(0, _SAMPLE)
    num_different = pc.count_distinct(sample, mode="all").as_py()
    return num_different <= _MANY_IN_SAMPLE * len(sample)


def _repeated(column):
    """Returns a column as its texts and their places."""
    # One dictionary for all chunks: in the order of the first cell of each text.
    return _of_dictionaries(column.dictionary_encode(null_encoding="encode"))


def _of_dictionaries(column):
    """Returns a column of one dictionary as its texts and their places."""
    texts: list = []
    places = np.empty(len(column), np.int32)
    start = 0
    for chunk in column.chunks:
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

    @cached_property
    def _characters(self):
        """The bytes that the texts are written with."""
        if self._whole is not None:
            whole, _ = self._whole
            if whole._num_bytes() == self._num_bytes():
                return whole._characters  # what is left out is empty
        found: set[int] = set()
        for text in map(_bytes_of, self._column.chunks):
            found.update(text[:_FIRST_BYTES])
            found.update(text.translate(None, bytes(found)))
        return found

    def _num_bytes(self):
        """Returns the length of all texts."""
        total = 0
        for ends in map(_ends_of, self._column.chunks):
            total += int(ends[-1]) - int(ends[0])
        return total

    def _is_ascii(self):
        return max(self._characters, default=0) < _FIRST_NOT_ASCII

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
        long = []
        for letter in letters:
            code = letter.encode()
            if self._characters.issuperset(code):
                if len(code) == 1:
                    return True
                long.append(code)
        for text in map(_bytes_of, self._column.chunks):
            if any(code in text for code in long):
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
        return not self._is_ascii() or bool(_SPACES & self._characters)

    def _may_be_words(
        self,
        words,
    ):
        """Tests whether a word but for the empty one may be a cell: all its letters are there."""
        for word in words:
            if word and self._characters.issuperset(word.encode()):
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
            values = np.empty(len(self))
            is_plain = np.empty(len(self), bool)
            are_digits = self._characters <= _OF_NUMBERS
            start = 0
            for chunk in self._column.chunks:
                end = start + len(chunk)
                values[start:end], is_plain[start:end] = _numbers_of(chunk, are_digits)
                start = end
            self._numbers = (values, is_plain)
        return self._numbers


def _bytes_of(chunk):
    """Returns the UTF-8 of all texts of an array, one after the other."""
    _, _, texts = chunk.buffers()
    if texts is None:
        return b""
    ends = _ends_of(chunk)
    return memoryview(texts)[ends[0] : ends[-1]].tobytes()


def _ends_of(chunk):
    """Returns where each text of an array begins in its bytes, and where the last one ends."""
    import pyarrow as pa

    _, offsets, _ = chunk.buffers()
    width = np.int64 if pa.types.is_large_string(chunk.type) else np.int32
    if offsets is None:  # of no cells
        return np.zeros(1, width)
    ends = np.frombuffer(offsets, width)
    return ends[chunk.offset : chunk.offset + len(chunk) + 1]


def _numbers_of(chunk, are_digits):
    """Returns float64 [cells] and bool [cells], which cells are plain numbers.

    Args:
        chunk: pyarrow.Array of strings.
        are_digits: Whether no cell holds anything but what numbers are written with.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if are_digits:
        is_plain = pc.greater(pc.binary_length(chunk), 0)
    else:
        is_plain = pc.match_substring_regex(chunk, _PLAIN)
    is_plain = pc.fill_null(is_plain, False).to_numpy(zero_copy_only=False)
    try:
        values = pc.cast(_nulls_but(chunk, is_plain), pa.float64())
    except pa.ArrowInvalid:
        return np.nan, False
    return values.to_numpy(zero_copy_only=False), is_plain


def _nulls_but(chunk, is_kept):
    """Returns an array of strings with null in place of all but some; no text is copied."""
    import pyarrow as pa

    if is_kept.all():
        return chunk
    _, _, texts = chunk.buffers()
    bits = np.packbits(is_kept, bitorder="little")
    if texts is None:  # all cells are empty
        texts = pa.py_buffer(b"")
    buffers = [pa.py_buffer(bits), pa.py_buffer(_ends_of(chunk)), texts]
    return pa.Array.from_buffers(chunk.type, len(chunk), buffers)
