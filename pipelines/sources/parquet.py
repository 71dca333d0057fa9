"""A Parquet file to a DataFrame, once its cells and bytes are counted: dictionaries and run lengths
pack a billion cells into a kilobyte.
"""

from pathlib import Path

from ..device.regular import open_regular
from ..errors import LoadError
from .limits import MAX_TABLE_BYTES, check_cells

BATCH_ROWS = 65_536


def read_parquet(path: Path):
    """The pandas.DataFrame of a .parquet file. Raises LoadError for one that would not fit into
    memory, ValueError, TypeError, KeyError and pyarrow's exceptions for a damaged one.
    """
    import pyarrow.parquet

    with open_regular(path) as opened:
        file = pyarrow.parquet.ParquetFile(opened)
        _check_metadata(file.metadata, path.name)
        # Texts stay in their dictionaries until it is known what they come to.
        texts = [
            field.name
            for field in file.schema_arrow
            if pyarrow.types.is_string(field.type)
            or pyarrow.types.is_large_string(field.type)
            or pyarrow.types.is_binary(field.type)
        ]
        packed = pyarrow.parquet.ParquetFile(opened, read_dictionary=texts)
        num_bytes = 0
        for batch in (
            packed.iter_batches(
                batch_size=BATCH_ROWS,
                columns=texts,
            )
            if texts
            else ()
        ):
            num_bytes += sum(map(_num_bytes, batch.columns))
            if num_bytes > MAX_TABLE_BYTES:
                raise LoadError(
                    f"{path.name!r} unpacks to more than {MAX_TABLE_BYTES:,} bytes",
                    expected="a table that fits into memory",
                    fix="take fewer rows or columns",
                )
        return file.read().to_pandas()


def _check_metadata(metadata, name):
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    num_rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    check_cells(num_rows, metadata.num_columns, name)
    chunks = [group.column(place) for group in groups for place in range(metadata.num_columns)]
    check_cells(sum(chunk.num_values for chunk in chunks), 1, name)
    num_bytes = sum(chunk.total_uncompressed_size for chunk in chunks)
    if num_bytes > MAX_TABLE_BYTES:
        raise LoadError(
            f"{name!r} unpacks to {num_bytes:,} bytes",
            expected=f"at most {MAX_TABLE_BYTES:,}",
            fix="take fewer rows or columns",
        )


def _num_bytes(column):
    """Bytes of a column once its dictionary is unpacked."""
    import pyarrow
    import pyarrow.compute

    if not pyarrow.types.is_dictionary(column.type):
        return column.nbytes
    lengths = pyarrow.compute.binary_length(column.dictionary)
    return pyarrow.compute.sum(lengths.take(column.indices)).as_py() or 0
