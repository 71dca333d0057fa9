"""Files of text: pieces that end where a row ends are parts."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from ..device.cells import shorten
from ..errors import LoadError
from .part_format import (
    CHUNK_ROWS,
    OR_AS_A_WHOLE,
    FoundFile,
    PartFormat,
    ReadColumns,
    TablePart,
    unreadable,
)

# How many bytes are read at once.
PIECE_BYTES = 8 * 2**20
# Of one row, and of what stands before the rows.
MAX_ROW_BYTES = 64 * 2**20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
PACKED = ".gz"


@dataclass(frozen=True)
class TextFormat(PartFormat):
    """A way to write rows as UTF-8 text; packed by gzip all of a file is one part."""

    @abstractmethod
    def head(self, block: bytes, path: str) -> tuple[int, Any]:
        """Looks at the first bytes of a file.

        Returns:
            The byte that the first row begins at, and the schema of the columns, of pyarrow; None
            if only rows show it.
        """

    @abstractmethod
    def row_end(self, block: bytes) -> int:
        """Returns where the last whole row of some bytes ends, 0 if none does."""

    @abstractmethod
    def rows(self, piece: bytes, part: TablePart, columns: ReadColumns) -> Any:
        """Returns the rows of a piece as a pyarrow.Table.

        Args:
            piece: UTF-8 text.
            part: That the piece begins at.
            columns: Of the file; without names all are read.

        Raises:
            LoadError: It is no such text; with the row.
        """

    def find(self, filesystem: Any, info: Any) -> FoundFile:
        """See `PartFormat`: each piece is read once, so that every row is known to be readable."""
        path = info.path
        try:
            with _open(filesystem, path) as file:
                start, schema = self.head(file.read(PIECE_BYTES), path)
            with _open(filesystem, path) as file:
                _skip(file, path, start)
                parts, schema = self._parts(file, path, start, schema)
        except OSError as error:
            raise unreadable(path, self.name, error) from error
        num_bytes = sum(part.num_bytes for part in parts)
        if parts and path.lower().endswith(PACKED):
            num_rows = sum(part.num_rows for part in parts)
            parts = [replace(parts[0], num_rows=num_rows, num_bytes=num_bytes)]
        return FoundFile(tuple(parts), schema, repr(self), num_bytes)

    def _parts(self, file, path, start, schema):
        parts = []
        first_row = 0
        for piece in self._pieces(file, path):
            part = TablePart(path, start, first_row, num_rows=0, folders=(), num_bytes=len(piece))
            rows = self.rows(piece, part, ReadColumns(schema))
            schema = self.joined(schema, rows.schema)
            parts.append(replace(part, num_rows=len(rows)))
            first_row += len(rows)
            start += len(piece)
        return parts, schema

    def _pieces(self, file: BinaryIO, path: str, most: int | None = None) -> Iterator[bytes]:
        """Gives the bytes of a file from where it is, `most` of them, in pieces of whole rows."""
        rest = b""
        num_left = most
        while True:
            wanted = PIECE_BYTES
            if num_left is not None:
                wanted = min(num_left, wanted)
            block = file.read(wanted)
            if not block:
                break
            if num_left is not None:
                num_left -= len(block)
            together = rest + block
            end = self.row_end(together)
            rest = together[end:]
            if end:
                yield together[:end]
            _refuse_endless(rest, path)
        if rest:
            yield rest

    def batches(self, filesystem: Any, part: TablePart, columns: ReadColumns) -> Iterator[Any]:
        """See `PartFormat`."""
        try:
            with _open(filesystem, part.file) as file:
                _skip(file, part.file, part.start)
                for piece in self._pieces(file, part.file, part.num_bytes):
                    rows = self.rows(piece, part, columns)
                    part = replace(part, first_row=part.first_row + len(rows))
                    yield from rows.combine_chunks().to_batches(CHUNK_ROWS)
        except OSError as error:
            raise unreadable(part.file, self.name, error) from error


def first_bytes(filesystem: Any, path: str, most: int) -> bytes:
    """Returns the first bytes of a file, unpacked; none of one that cannot be read."""
    try:
        with _open(filesystem, path) as file:
            return file.read(most)
    except OSError:
        return b""  # its parts are looked for next, which states why


def _open(filesystem, path):
    if path.lower().endswith(PACKED):
        return filesystem.open_input_stream(path, compression="gzip")
    return filesystem.open_input_file(path)


def _skip(file, path, start):
    if path.lower().endswith(PACKED):
        file.read(start)  # what is unpacked has no places to go to
    else:
        file.seek(start)


def _refuse_endless(rest, path):
    if len(rest) <= MAX_ROW_BYTES:
        return
    raise LoadError(
        f"a row of more than {MAX_ROW_BYTES:,} bytes in {path!r}: {shorten(rest[:100])}",
        expected="rows that end",
        fix="close the quote that stands open, or shorten the row",
    )


def text_of(piece: bytes, part: TablePart) -> str:
    """Returns a piece as text. Raises LoadError if it is no UTF-8."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        num_bytes = part.start + error.start
        raise LoadError(
            f"{part.file!r} holds bytes that are no UTF-8, at byte {num_bytes:,}",
            expected="UTF-8 text, in a table in parts",
            fix=f"write it as UTF-8{OR_AS_A_WHOLE}",
        ) from error
