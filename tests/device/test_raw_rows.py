"""Rows as dicts: the columns, and the refusals, of rows that are looked through one by one."""

from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device import DeviceError
from pipelines.device.cells import Column
from pipelines.device.raw_rows import raw_columns

COLUMNS = (Column("a", "numeric"), Column("b", "categorical"))
CELLS = st.sampled_from(["1", "", None, 2.5, ("x",)])
ROW = st.dictionaries(st.sampled_from(["a", "b", "c"]), CELLS, min_size=1)


def found_in(rows):
    try:
        return dict(raw_columns(rows, COLUMNS))
    except DeviceError as error:
        return str(error)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.one_of(ROW, ROW.map(lambda row: {"a": "", "b": "", **row})), max_size=5))
def test_dicts_are_read_as_any_mapping(rows):
    """Of mappings that are no dicts every row is asked for every name."""
    found = found_in(rows)
    assert found == found_in([MappingProxyType(row) for row in rows])
    if not isinstance(found, str):
        assert found == {name: [row[name] for row in rows] for name in ("a", "b")}


class MadeUp(dict):
    def __missing__(self, name):
        return "made up"


@pytest.mark.parametrize("row", [MadeUp(a="1"), "text", None])
def test_a_row_that_lacks_a_column_is_refused(row):
    with pytest.raises(DeviceError, match="row 1 misses the column 'b'|a row of type"):
        raw_columns([{"a": "1", "b": "2"}, row], COLUMNS)
