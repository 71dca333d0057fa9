"""Parquet files, whose row groups are parts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .part_format import (
    CHUNK_ROWS,
    FoundFile,
    PartFormat,
    ReadColumns,
    TablePart,
    is_text,
    unreadable,
)

_PAGE_BYTES = 2**20


@dataclass(frozen=True)
class ParquetFormat(PartFormat):
    """Parquet. Nothing but footers is read until a part is asked for."""

    @property
    def name(self) -> str:
        return "Parquet"

    def find(self, filesystem: Any, info: Any) -> FoundFile:
        """See `PartFormat`."""
        import pyarrow as pa
        import pyarrow.parquet

        try:
            with filesystem.open_input_file(info.path) as opened:
                file = pyarrow.parquet.ParquetFile(opened)
                metadata = file.metadata
                schema = file.schema_arrow
        except (pa.ArrowException, OSError) as error:
            raise unreadable(info.path, self.name, error) from error
        parts = []
        first_row = 0
        for place in range(metadata.num_row_groups):
            num_rows = metadata.row_group(place).num_rows
            part = TablePart(info.path, place, first_row, num_rows, folders=())
            first_row += num_rows
            parts.append(part)
        return FoundFile(tuple(parts), schema, repr(metadata.to_dict()))

    def batches(self, filesystem: Any, part: TablePart, columns: ReadColumns) -> Iterator[Any]:
        """See `PartFormat`: pages are read one by one, and texts stay in their dictionaries."""
        import pyarrow as pa
        import pyarrow.parquet

        texts = [field.name for field in columns.schema if is_text(field.type)]
        try:
            with filesystem.open_input_file(part.file) as opened:
                file = pyarrow.parquet.ParquetFile(
                    opened, read_dictionary=texts, buffer_size=_PAGE_BYTES, pre_buffer=False
                )
                yield from file.iter_batches(
                    CHUNK_ROWS,
                    row_groups=[part.start],
                    columns=list(columns.names),
                    use_threads=False,
                )
        except (pa.ArrowException, OSError) as error:
            raise unreadable(part.file, self.name, error) from error
