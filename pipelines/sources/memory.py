"""Tables in memory, a DataFrame or a dict of arrays, to raw cells by column."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..device.cells import shorten
from ..errors import LoadError
from .arrow_cells import packed_cells
from .csv_text import refuse_twice, with_rows


def table_from_memory(
    source: object,
    *,
    packed: bool = False,
) -> dict[str, Sequence]:
    """Returns the cells of a DataFrame or a dict of arrays by column.

    Args:
        source: The DataFrame or the dict.
        packed: Whether columns of text may be `PackedCells`; else they are lists.

    Raises:
        LoadError: For anything else, and for names and lengths that are no table's.
    """
    import pandas as pd

    if isinstance(source, Mapping):
        source = _frame_of(source)
    if not isinstance(source, pd.DataFrame):
        raise LoadError(
            f"a source of type {type(source).__name__}",
            expected="a path, a pandas DataFrame or a dict of arrays",
            fix="pass one of these",
        )
    refuse_twice([str(name) for name in source.columns])
    columns = {}
    for name in source.columns:
        cells = None
        if packed:
            cells = _packed_texts(source[name])
        if cells is None:
            cells = _from_series(source[name], str(name))
        columns[str(name)] = cells
    return with_rows(columns)


def _frame_of(source):
    """Returns a dict of arrays as a DataFrame. Raises LoadError for columns that are none."""
    import pandas as pd

    refuse_twice([str(name) for name in source])
    for name, values in source.items():
        if (
            not isinstance(
                values, (list, tuple, np.ndarray, pd.Series, pd.api.extensions.ExtensionArray)
            )
            or getattr(values, "ndim", 1) != 1
        ):
            raise LoadError(
                f"column {shorten(name)} of type {type(values).__name__}",
                expected="a list or a one-dimensional array in every column",
                fix="give each column its own name and its own array",
            )
    lengths = {name: len(values) for name, values in source.items()}
    if len(set(lengths.values())) > 1:
        raise LoadError(
            f"columns of different lengths: {shorten(lengths, 200)}",
            expected="one value a row in every column",
            fix="cut them to the same rows",
        )
    return pd.DataFrame({name: _to_series(values) for name, values in source.items()})


def _packed_texts(series):
    """Returns the cells of a column of text alone as PackedCells, None of another column."""
    import pandas as pd
    import pyarrow as pa

    if series.dtype.kind not in "OU" or not len(series):
        return None
    if pd.api.types.infer_dtype(series, skipna=True) != "string":
        return None
    try:
        array = pa.array(series, pa.string(), from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):
        return None  # half of a surrogate pair, which UTF-8 has no bytes for
    if isinstance(array, pa.Array):
        array = pa.chunked_array([array])
    return packed_cells(array)


def _to_series(values):
    import pandas as pd

    if isinstance(values, tuple):
        values = list(values)
    try:
        return pd.Series(values)
    except UnicodeEncodeError:
        # pandas keeps texts as UTF-8, in which half of a surrogate pair has no bytes.
        return pd.Series(values, dtype=object)


def _from_series(
    series,
    name,
):
    import pandas as pd

    if series.dtype.kind == "c":
        raise LoadError(
            f"column {shorten(name)} of complex numbers",
            expected="real numbers, text, truth values, dates",
            fix="split it into two columns",
        )
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        return series.to_numpy()
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        if getattr(series.dtype, "tz", None):
            utc = series.dt.tz_convert("UTC").dt.tz_localize(None)
        else:
            utc = series
        return utc.to_numpy().astype("datetime64[s]")
    if pd.api.types.is_bool_dtype(series.dtype) or not pd.api.types.is_numeric_dtype(series.dtype):
        return [
            None if absent is True else cell
            for cell, absent in zip(
                series.astype(object),
                series.isna().tolist(),
                strict=True,
            )
        ]
    return series.to_numpy(dtype=np.float64, na_value=np.nan)
