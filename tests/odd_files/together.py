"""Errors of times and features whose fix must work: what is refused names the cell, and no knob
that refuses again.
"""

from pipelines.tabular import LoadTable, load_table
from pipelines.timeseries import LoadSeries
from tests.odd_files import OddFile, file_of

NUM_ROWS = 120


def series(times):
    """Writes a CSV file of these times and a target."""
    return file_of(
        "s.csv", "t,y\n" + "".join(f"{time},{row % 7}\n" for row, time in enumerate(times))
    )


def refused_series(path):
    return LoadSeries(str(path), "t", "y").read()


def refused_table(path):
    return load_table(LoadTable(str(path), "y"))


def days(unknown):
    """Dates, one of which is another word."""
    found = [f"2020-{1 + row // 28:02d}-{1 + row % 28:02d}" for row in range(NUM_ROWS)]
    found[7] = unknown
    return found


def shops(path, **spec):
    """(steps, their first date) of a table of two shops."""
    dataset, _ = LoadSeries(str(path), "t", "y", series="shop", **spec).read()
    return len(dataset), str(dataset.time[0])


ENDS = ("31", "29", "31", "30", "31", "30", "31", "31", "30", "31", "30", "31")
TWO_SHOPS = file_of(
    "s.csv",
    "t,shop,y\n"
    + "".join(
        f"2020-{month + 1:02d}-{day},{shop},{month % 5}\n"
        for shop, days_of in (("a", ENDS), ("b", ("15",) * 12))
        for month, day in enumerate(days_of)
    ),
)

ODD_FILES = (
    OddFile(
        "monthly series on different days of the month",
        TWO_SHOPS,
        shops,
        error="2 monthly series that are dated on different days of the month",
    ),
    OddFile(
        "the same as steps of a month",
        TWO_SHOPS,
        lambda path: shops(path, step="month"),
        (24, "2020-01-01T00:00:00"),
    ),
    OddFile(
        "quarters as times name the first cell",
        series(f"{1970 + row // 4}Q{row % 4 + 1}" for row in range(80)),
        refused_series,
        error="'1970Q1' in row 0 is not of the format ISO8601",
    ),
    OddFile(
        "quarters as times say what to write",
        series(f"{1970 + row // 4}Q{row % 4 + 1}" for row in range(80)),
        refused_series,
        error="quarters as the date that they begin on",
    ),
    OddFile(
        "a word among times is not read as missing: no time may be",
        series(days("unknown")),
        refused_series,
        error="fix: write them in one way, or remove the rows of the others",
    ),
    OddFile(
        "addresses and times of day alone: why none is a feature",
        file_of(
            "t.csv",
            "ip,y\n" + "".join(f"10.0.{row}.7,{'ab'[row % 2]}\n" for row in range(NUM_ROWS)),
        ),
        refused_table,
        error="no feature column is left ('ip': 120 different values in 120 cells: free text "
        "or ids)",
    ),
)
