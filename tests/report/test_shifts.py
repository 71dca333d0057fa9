"""Columns that are missing in one part of a split alone are named; training rows decide nothing."""

import numpy as np
import pytest

from pipelines.report.shifts import find_shifts
from pipelines.rows.split import SplitByTime, split
from pipelines.tabular import LoadTable, load_table
from pipelines.timeseries import LoadSeries
from tests.tabular.hostile_tables import plain

NUM_ROWS = 400


def shifts_of(first, last, share=1.0):
    """Column → reason, where a share of the cells of `a` is missing from row `first` to `last`."""
    random = np.random.default_rng(0)
    table = plain()
    place = np.arange(NUM_ROWS)
    is_absent = (place >= first) & (place < last) & (random.random(NUM_ROWS) < share)
    table["a"] = np.where(is_absent, np.nan, table["a"])
    table["day"] = np.datetime64("2021-01-01", "s") + 86_400 * place
    dataset, _ = load_table(LoadTable("", "y", time="day"), table)
    return {each.column: each.reason for each in find_shifts(split(dataset, SplitByTime()))}


@pytest.mark.parametrize(
    "first, last, words",
    [
        (320, 400, "missing in 100% of the test rows and in 0% of the training rows"),
        (272, 320, "missing in 100% of the validation rows and in 0% of the training rows"),
        (0, 272, "missing in 0% of the validation rows and in 100% of the training rows"),
    ],
)
def test_cells_missing_in_one_part_are_named(first, last, words):
    assert words in shifts_of(first, last)["a"]


def test_cells_missing_everywhere_or_seldom_are_not_named():
    assert shifts_of(0, 400, share=0.6) == {}
    assert shifts_of(320, 400, share=0.4) == {}


def test_steps_of_series_are_counted_before_they_are_windows(tmp_path):
    hours = np.datetime64("2021-01-01T00", "h") + np.arange(NUM_ROWS)
    lines = ["t,kwh,wind"]
    for place, hour in enumerate(hours):
        wind = "" if place >= 320 else f"{np.cos(place):.3f}"
        lines.append(f"{hour}:00,{np.sin(place / 4):.3f},{wind}")
    path = tmp_path / "s.csv"
    path.write_text("\n".join(lines) + "\n")
    dataset, _ = LoadSeries(str(path), "t", "kwh").read()
    (found,) = find_shifts(split(dataset, SplitByTime()))
    assert found.column == "wind" and "100% of the test rows" in found.reason
