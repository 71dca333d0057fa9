"""CSV files in parts, by pyarrow's reader where it provably reads the same cells as the strict one
(see `fast_csv`); what is in doubt is refused with its place.
"""

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..device.cells import shorten
from ..device.csv_rows import rows_of
from ..errors import LoadError
from .csv_files import SNIFF_CHARACTERS, separator_of
from .csv_text import refuse_twice
from .fast_csv import (
    CsvScan,
    header_names,
    is_plain_separator,
    read_block,
    scan_block,
)
from .part_format import OR_AS_A_WHOLE, ReadColumns, TablePart
from .text_parts import BYTE_ORDER_MARK, TextFormat, text_of

# What shows the separator.
SNIFF_BYTES = SNIFF_CHARACTERS
_QUOTE = ord('"')
_NEWLINE = ord("\n")


@dataclass(frozen=True)
class CsvFormat(TextFormat):
    """CSV with a header line.

    Attributes:
        mark: What parts the cells of a row; empty: found of each file.
    """

    mark: str = ","

    @property
    def name(self) -> str:
        return "CSV"

    @property
    def separator(self) -> str:
        return self.mark

    def head(self, block: bytes, path: str) -> tuple[int, Any]:
        """See `TextFormat`."""
        import pyarrow as pa

        if not block:
            raise LoadError(
                f"{path!r} is empty (0 bytes)",
                expected="a header line, and rows or none",
                fix="write it again, or take it out of the table",
            )
        start = 0
        if block.startswith(BYTE_ORDER_MARK):
            start = len(BYTE_ORDER_MARK)
        try:
            names, num_bytes = header_names(_as_file(block[start:]), self.mark)
        except (csv.Error, UnicodeError) as error:
            raise LoadError(
                f"the header of {path!r}: {shorten(str(error), 200)}",
                expected="UTF-8 text, whose first line names the columns",
                fix=f"write the file anew{OR_AS_A_WHOLE}",
            ) from error
        refuse_twice(names)
        fields = [(name, pa.string()) for name in names]
        return start + num_bytes, pa.schema(fields)

    def row_end(self, block: bytes) -> int:
        """See `TextFormat`: a line that ends inside quotes ends no row."""
        if b'"' not in block:
            return block.rfind(b"\n") + 1
        codes = np.frombuffer(block, np.uint8)
        quotes = np.flatnonzero(codes == _QUOTE)
        newlines = np.flatnonzero(codes == _NEWLINE)
        num_before = np.searchsorted(quotes, newlines)
        ends = newlines[num_before % 2 == 0]
        if not len(ends):
            return 0
        return int(ends[-1]) + 1

    def rows(self, piece: bytes, part: TablePart, columns: ReadColumns) -> Any:
        """See `TextFormat`."""
        import pyarrow as pa

        names = columns.schema.names
        scan = CsvScan()
        is_sure = scan_block(
            piece, before=b"\n", after=b"\n", separator=self.mark.encode(), scan=scan
        )
        is_open = scan.num_quotes % 2 == 1
        is_mixed = scan.has_long_cells and scan.has_returns
        if is_open or is_mixed or not is_sure or piece.startswith(BYTE_ORDER_MARK):
            raise self._fault(piece, part, names)
        try:
            return read_block(
                pa.BufferReader(piece),
                names,
                wanted=columns.names or names,
                separator=self.mark,
                scan=scan,
            )
        except pa.ArrowException as error:
            raise self._fault(piece, part, names) from error

    def _fault(self, piece, part, names):
        """Returns the error of the first row that is no row, as the strict reader finds it."""
        lines = _as_file(text_of(piece, part).encode())
        row_number = part.first_row
        expected = "cells with matching quotes, as many in every row as in the header"
        fix = "fix that row, or give --read 'separator=;'"
        for row in rows_of(lines, self.mark):
            where = f"{part.file!r}, row {row_number}"
            if isinstance(row, Exception):
                return LoadError(f"{where}: {shorten(str(row), 200)}", expected=expected, fix=fix)
            if len(row) != len(names):
                received = f"{where}: {len(row)} cells, the header has {len(names)}"
                return LoadError(received, expected=expected, fix=fix)
            row_number += 1
        return LoadError(
            f"{part.file!r}, from row {part.first_row} on: a quote inside of a cell, a lone "
            "carriage return, or a null byte, so that the end of a row is in doubt",
            expected="quotes around whole cells, and lines that end alike, in a table in parts",
            fix=f"write it anew, as pandas does{OR_AS_A_WHOLE}",
        )


def _as_file(block):
    """Returns bytes as a text file; what is no UTF-8 becomes half of a surrogate pair."""
    return io.TextIOWrapper(
        io.BytesIO(block), encoding="utf-8", errors="surrogateescape", newline=""
    )


def csv_format(block: bytes, separator: str) -> CsvFormat:
    """Returns the format of a CSV file.

    Args:
        block: Its first bytes.
        separator: That is given; empty: found.

    Raises:
        LoadError: Rows cannot be streamed by this separator.
    """
    text = block[:SNIFF_CHARACTERS].decode("utf-8-sig", errors="replace")
    mark = separator or separator_of(text)
    if not is_plain_separator(mark):
        raise LoadError(
            f"the separator {mark!r}",
            expected="a printable character of ASCII or a tab, in a table in parts",
            fix=f"write the files with commas{OR_AS_A_WHOLE}",
        )
    return CsvFormat(mark=mark)
