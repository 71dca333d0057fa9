"""A Parquet file to a DataFrame, once its cells and bytes are counted: dictionaries and run lengths
pack a billion cells into a kilobyte.
"""

from pathlib import Path

from ..device.regular import open_regular
from ..errors import LoadError
from .limits import MAX_TABLE_BYTES, check_cells

PARQUET = (".parquet", ".pq")  # how the names of files end
BATCH_ROWS = 65_536


def read_parquet(path: Path):
    """Reads a .parquet file as a pandas.DataFrame.

    Raises:
        LoadError: For a file that would not fit into memory.
        ValueError: For a damaged one; so are TypeError, KeyError and pyarrow's exceptions.
    """
    import pyarrow.parquet

    with open_regular(path) as opened:
        file = pyarrow.parquet.ParquetFile(opened)
        _check_metadata(file.metadata, path.name)
        texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        if texts:
            # Texts stay in their dictionaries until it is known what they come to.
            packed = pyarrow.parquet.ParquetFile(opened, read_dictionary=texts)
            _check_texts(packed, texts, path.name)
        return file.read().to_pandas()


def _is_text(kind):
    import pyarrow

    is_string = pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)
    return is_string or pyarrow.types.is_binary(kind)


def _check_texts(packed, texts, name):
    """Raises LoadError for texts that unpack to more bytes than memory should hold."""
    num_bytes = 0
    for batch in packed.iter_batches(batch_size=BATCH_ROWS, columns=texts):
        num_bytes += sum(map(_num_bytes, batch.columns))
        if num_bytes > MAX_TABLE_BYTES:
            raise LoadError(
                f"{name!r} unpacks to more than {MAX_TABLE_BYTES:,} bytes",
                expected="a table that fits into memory",
                fix="take fewer rows or columns",
            )


def _check_metadata(metadata, name):
    """Raises LoadError for a file that declares more than memory should hold."""
    num_rows = 0
    num_values = 0
    num_bytes = 0
    for place in range(metadata.num_row_groups):
        group = metadata.row_group(place)
        num_rows += group.num_rows
        for column in range(metadata.num_columns):
            chunk = group.column(column)
            num_values += chunk.num_values
            num_bytes += chunk.total_uncompressed_size
    # Each count is declared by the file, and may be wrong.
    num_rows = max(metadata.num_rows, num_rows)
    check_cells(num_rows, metadata.num_columns, name)
    check_cells(num_values, 1, name)
    if num_bytes > MAX_TABLE_BYTES:
        raise LoadError(
            f"{name!r} unpacks to {num_bytes:,} bytes",
            expected=f"at most {MAX_TABLE_BYTES:,}",
            fix="take fewer rows or columns",
        )


def _num_bytes(column):
    """Returns the bytes of a column once its dictionary is unpacked."""
    import pyarrow
    import pyarrow.compute

    if not pyarrow.types.is_dictionary(column.type):
        return column.nbytes
    lengths = pyarrow.compute.binary_length(column.dictionary)
    of_cells = lengths.take(column.indices)
    total = pyarrow.compute.sum(of_cells)
    # None of a column without a value.
    return total.as_py() or 0
