"""A generated table of 30 columns, with holes, dates and categories, read by `LoadTable` (kinds
inferred, checked, classes numbered), by pandas and by pyarrow, each in a process of its own.
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from pipelines.tabular import LoadTable

from .pairs import Pair, in_own_process, pairs_of

NUM_ROWS = 1_000_000
NUM_NUMBERS = 20
NUM_CATEGORIES = 8
WORDS = ("red", "green", "blue", "dark red", "gull", "sparrow hawk")
TARGET = "target"


def make_table(num_rows: int) -> pd.DataFrame:
    """Returns numbers, some with holes, categories, a date and a target."""
    random = np.random.default_rng(0)
    columns: dict[str, object] = {}
    for place in range(NUM_NUMBERS):
        scale = 10.0 ** (place % 4)
        numbers = (random.normal(size=num_rows) * scale).round(4)
        if place % 3 == 1:
            numbers = random.integers(0, 5000, num_rows).astype(float)
        if place % 2:
            numbers[random.random(num_rows) < 0.05] = np.nan
        columns[f"number_{place}"] = numbers
    for place in range(NUM_CATEGORIES):
        words = random.choice(np.array(WORDS, object), num_rows)
        words[random.random(num_rows) < 0.03] = None
        columns[f"word_{place}"] = words
    days = random.integers(0, 9000, num_rows).astype("timedelta64[D]")
    columns["day"] = (np.datetime64("2001-01-01") + days).astype(str)
    columns[TARGET] = random.choice(np.array(["no", "yes"], object), num_rows)
    return pd.DataFrame(columns)


def ours(path: Path) -> None:
    """Reads a table of any format."""
    LoadTable(str(path), TARGET).read()


def pandas_json(path: Path) -> None:
    """Reads JSON lines by pandas."""
    pd.read_json(path, lines=True)


def bench(num_rows: int = NUM_ROWS) -> list[Pair]:
    """Returns the pairs of reading CSV, Parquet and JSON lines, of these a third of the rows."""
    few = num_rows // 3
    formats = (
        ("CSV", "table.csv", num_rows, pd.read_csv, pyarrow.csv.read_csv),
        ("Parquet", "table.parquet", num_rows, pd.read_parquet, pyarrow.parquet.read_table),
        ("JSON lines", "table.jsonl", few, pandas_json, pyarrow.json.read_json),
    )
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        table = make_table(num_rows)
        table.to_csv(f"{folder}/table.csv", index=False)
        table.to_parquet(f"{folder}/table.parquet", index=False)
        table.iloc[:few].to_json(f"{folder}/table.jsonl", orient="records", lines=True)
        num_columns = table.shape[1]
        del table
        for name, file, rows, by_pandas, by_pyarrow in formats:
            path = Path(folder) / file
            ways = {
                "ours": in_own_process(ours, path),
                "pandas": in_own_process(by_pandas, path),
                "pyarrow": in_own_process(by_pyarrow, path),
            }
            pairs += pairs_of(f"read {name}, {rows:,} x {num_columns}", ways)
    return pairs
