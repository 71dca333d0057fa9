"""Months, days with the name of a month, and times of day, as people write them."""

import numpy as np
import pytest

from pipelines.sources.dates import date_format
from pipelines.tabular import LoadTable, load_table


@pytest.mark.parametrize(
    "cells, format",
    [
        (["May 2005", "March 2006"], "%B %Y"),
        (["May-2005", "Mar-2006"], "%b-%Y"),
        (["2005 Jan", "2006 Feb"], "%Y %b"),
        (["01/2005", "12/2006"], "%m/%Y"),
        (["1-2005", "12-2006"], "%m-%Y"),
        (["05-Jan-98", "17-Feb-99"], "%d-%b-%y"),
    ],
)
def test_months_are_read(cells, format):
    assert date_format("when", cells, frozenset())[0] == format


@pytest.mark.parametrize(
    "cells", [["13/2005", "12/2006"], ["Hall 2005", "Room 2006"], ["2009/10", "2010/11"]]
)
def test_what_only_looks_like_a_month_is_none(cells):
    assert date_format("what", cells, frozenset()) == ("", "")


def test_times_of_day_are_pointed_out_and_read(tmp_path):
    path = tmp_path / "sales.csv"
    rows = [f"{n // 60}:{n % 60:02d},{n},{n % 2}" for n in range(0, 1440, 7)]
    path.write_text("at,n,y\n" + "\n".join(rows) + "\n")
    _, lines = load_table(LoadTable(str(path), "y"))
    (line,) = [line for line in lines if line.name == "at"]
    assert line.kind == "ignored" and line.why.endswith("--kind 'at=date:%H:%M'")
    dataset, _ = load_table(LoadTable(str(path), "y", kinds={"at": "date:%H:%M"}))
    assert dataset.x["at"][1] == np.datetime64("1900-01-01T00:07:00")
