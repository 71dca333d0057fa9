"""Columns of tables and series that count rows, hardly differ, tell the target, or are very
many.
"""

import io

import numpy as np
import pandas as pd

from pipelines.report.suspects import find_suspects
from pipelines.rows.split import SplitGrouped, SplitRandom, split
from pipelines.sources.csv_text import MAX_COLUMNS
from pipelines.steps import EncodeBins, fit_steps
from pipelines.tabular import LoadTable, load_table
from pipelines.tabular.recipes import ENCODE, PREPARE
from pipelines.timeseries import LoadSeries
from tests.odd_files import OddFile, file_of

NUM_ROWS = 120


def table(first_line, row, num_rows=NUM_ROWS):
    """Writes a CSV file: the header, and row(place, random) for every row."""
    random = np.random.default_rng(0)
    lines = [first_line, *(row(place, random) for place in range(num_rows))]
    return file_of("t.csv", "\n".join(lines) + "\n")


def numbered(header, first=0, step=1, num_rows=NUM_ROWS):
    """A column that counts, a measurement, and a target that rises with the rows."""
    return table(
        f"{header},x,y",
        lambda place, random: (
            f"{first + step * place},{random.normal():.3f},"
            f"{'late' if 2 * place >= num_rows else 'early'}"
        ),
        num_rows,
    )


def kinds_of(path, **knobs):
    """Column → kind, as printed."""
    return {each.name: each.kind for each in load_table(LoadTable(str(path), "y", **knobs))[1]}


def suspects_of(path, **knobs):
    """Column → what to type."""
    if "group" in knobs:
        how = SplitGrouped()
    else:
        how = SplitRandom()
    dataset, _ = load_table(LoadTable(str(path), "y", **knobs))
    return {each.column: each.fix for each in find_suspects(split(dataset, how))}


def number_of_bins(path):
    """Of the column x, with 16 bins."""
    dataset, _ = load_table(LoadTable(str(path), "y"))
    train = split(dataset, SplitRandom()).train
    return EncodeBins().fit(train).apply(train).x["x"].shape[1]


def prepared(path):
    """Runs the steps of the recipe for tables."""
    dataset, _ = load_table(LoadTable(str(path), "y"))
    train = split(dataset, SplitRandom()).train
    return len(fit_steps((*PREPARE, *ENCODE), train)[1].x)


def parquet_with_index(folder):
    """A DataFrame whose index became a column, as `reset_index` or an older pyarrow leave it."""
    frame = pd.DataFrame(
        {"__index_level_0__": np.arange(40), "x": np.arange(40) % 7 / 3, "y": ["a", "b"] * 20}
    )
    content = io.BytesIO()
    frame.to_parquet(content)
    return file_of("t.parquet", content.getvalue())(folder)


def series_kinds(path):
    return {each.name: each.kind for each in LoadSeries(str(path), "t", "kwh").read()[1]}


def wide(num_columns, num_rows):
    names = ",".join(f"g{place}" for place in range(num_columns))
    return table(
        f"{names},y",
        lambda place, random: (
            ",".join(map(str, random.integers(0, 999, num_columns))) + f",{'ab'[place % 2]}"
        ),
        num_rows,
    )


SERIES = table(
    ",t,kwh",
    lambda place, random: (
        f"{place},2024-01-{1 + place // 24:02}T{place % 24:02}:00:00,{np.sin(place / 4):.3f}"
    ),
)
DROP_NR = "--drop 'nr', or --time 'nr' if it is a time"

ODD_FILES = (
    OddFile(
        "an unnamed column of row numbers from 0",
        numbered(""),
        kinds_of,
        {"": "ignored", "x": "numeric"},
    ),
    OddFile(
        "an unnamed column of row numbers from 1",
        numbered("", 1),
        kinds_of,
        {"": "ignored", "x": "numeric"},
    ),
    OddFile(
        "pandas' name for such a column",
        numbered("Unnamed: 0"),
        kinds_of,
        {"Unnamed: 0": "ignored", "x": "numeric"},
    ),
    OddFile(
        "readr's name for such a column",
        numbered("...1", 1),
        kinds_of,
        {"...1": "ignored", "x": "numeric"},
    ),
    OddFile(
        "row numbers in Parquet",
        parquet_with_index,
        kinds_of,
        {"__index_level_0__": "ignored", "x": "numeric"},
    ),
    OddFile(
        "row numbers as decimals",
        table(",x,y", lambda place, _: f"{place}.0,{place % 7},{'ab'[place % 2]}"),
        kinds_of,
        {"": "ignored", "x": "numeric"},
    ),
    OddFile(
        "row numbers of rows of which some have no target",
        table(",x,y", lambda place, _: f"{place},{place % 7},{['a', 'b', ''][place % 3]}"),
        kinds_of,
        {"y": "target", "": "ignored", "x": "numeric"},
    ),
    OddFile(
        "row numbers, taken all the same",
        numbered(""),
        lambda path: kinds_of(path, kinds={"": "numeric"}),
        {"": "numeric", "x": "numeric"},
    ),
    OddFile(
        "row numbers, asked for by name",
        numbered(""),
        lambda path: kinds_of(path, columns=("", "x")),
        {"": "numeric", "x": "numeric"},
    ),
    OddFile(
        "an unnamed column of something else",
        numbered("", 5, 3),
        kinds_of,
        {"": "numeric", "x": "numeric"},
    ),
    OddFile(
        "nothing but row numbers",
        table(",y", lambda place, _: f"{place},{'ab'[place % 2]}"),
        kinds_of,
        error="no feature column is left",
    ),
    OddFile(
        "row numbers of a series",
        SERIES,
        series_kinds,
        {"t": "time", "": "ignored", "kwh": "numeric"},
    ),
    OddFile("rising numbers with a name", numbered("nr", 17, 2), suspects_of, {"nr": DROP_NR}),
    OddFile("falling numbers with a name", numbered("nr", 9999, -3), suspects_of, {"nr": DROP_NR}),
    OddFile(
        "an unnamed column that rises with holes",
        table(
            ",x,y",
            lambda place, random: (
                f"{place * 3 // 2},{random.normal():.3f},{'ab'[random.integers(2)]}"
            ),
        ),
        suspects_of,
        {"": "--drop '', or --time '' if it is a time"},
    ),
    OddFile(
        "ids of cases in no order",
        table(
            "case.id,x,y",
            lambda place, random: (
                f"{place * 7919 % 100003},{random.normal():.3f},{'ab'[place % 2]}"
            ),
        ),
        suspects_of,
        {"case.id": "--drop 'case.id'"},
    ),
    OddFile(
        "subjects with a few rows each",
        table(
            "subject_id,x,y",
            lambda place, random: f"S{place % 23},{random.normal():.3f},{'ab'[random.integers(2)]}",
        ),
        suspects_of,
        {"subject_id": "--group 'subject_id', or --drop 'subject_id'"},
    ),
    OddFile(
        "subjects given as groups",
        table(
            "subject_id,x,y",
            lambda place, random: f"S{place % 23},{random.normal():.3f},{'ab'[random.integers(2)]}",
        ),
        lambda path: suspects_of(path, group=("subject_id",)),
        {},
    ),
    OddFile(
        "measurements that never repeat",
        table(
            "x,z,y",
            lambda place, random: f"{random.normal()},{random.random()},{'ab'[random.integers(2)]}",
        ),
        suspects_of,
        {},
    ),
    OddFile(
        "the target in other words",
        table(
            "x,result,y",
            lambda place, random: (
                f"{random.normal():.3f},{['bad', 'good'][place % 2]},{'ab'[place % 2]}"
            ),
        ),
        suspects_of,
        {"result": "--drop 'result'"},
    ),
    OddFile(
        "a column that is filled for one class alone",
        table(
            "x,healed on day,y",
            lambda place, random: (
                f"{random.normal():.3f},{random.integers(9) if place % 2 else ''},{'ab'[place % 2]}"
            ),
        ),
        suspects_of,
        {"healed on day": "--drop 'healed on day'"},
    ),
    OddFile(
        "a quote in the name of a constant",
        table(
            "it's,x,y", lambda place, random: f"3,{random.normal():.3f},{'ab'[random.integers(2)]}"
        ),
        suspects_of,
        {"it's": "--drop 'it'\\''s'"},
    ),
    OddFile(
        "96 % zeros and a tail",
        table(
            "x,y",
            lambda place, random: (
                f"{random.lognormal(5, 2) if place % 25 == 0 else 0},{'ab'[place % 2]}"
            ),
            5000,
        ),
        number_of_bins,
        9,
    ),
    OddFile(
        "more columns than a table may have",
        file_of("t.csv", ",".join(map(str, range(MAX_COLUMNS + 1))) + "\n"),
        kinds_of,
        error=f"{MAX_COLUMNS + 1:,} columns",
    ),
    OddFile(
        "200,000 columns of one name",
        file_of("t.csv", "x," * 200_000 + "y\n"),
        kinds_of,
        error="200,001 columns",
    ),
    OddFile(
        "more inputs than a model may have", wide(2500, 40), prepared, error="EncodeBins would make"
    ),
)
