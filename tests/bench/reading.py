"""Reading tables and answering them, each against another way in the same run.

    python -m tests.bench_reading [ROWS]

A generated CSV file of ROWS (one million) rows of 30 columns, with holes, dates and categories, is
read by `LoadTable` (kinds inferred, checked, classes numbered) and by pandas, each in a process of
its own: CPU seconds, which other processes disturb least, and peak memory. Rows of bird strikes,
all columns text, are answered by the runner and, already prepared, by `model.predict`.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench_pairs import Pair, in_turns, record

BUNDLE = Path("saved_models/birds_mlp")
NUM_ROWS = 1_000_000
NUM_NUMBERS = 20
NUM_CATEGORIES = 8
NUM_ANSWERED = 20_000
WORDS = ("red", "green", "blue", "dark red", "gull", "sparrow hawk")
_MEASURE = """
import json, resource, sys, time
{imports}
start = time.process_time()
{read}
spent = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"CPU seconds": spent, "MiB": peak}}))
"""
_READERS = {
    "ours": (
        "import pandas, pyarrow.csv\nfrom pipelines.tabular import LoadTable",
        "LoadTable(sys.argv[1], 'target').read()",
    ),
    "pandas": ("import pandas", "pandas.read_csv(sys.argv[1])"),
}


def write_table(path: Path, num_rows: int) -> None:
    """Writes numbers, some with holes, categories, a date and a target."""
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
    columns["target"] = random.choice(np.array(["no", "yes"], object), num_rows)
    pd.DataFrame(columns).to_csv(path, index=False)


def read_by(name: str, path: Path) -> dict[str, float]:
    """Returns CPU seconds and peak MiB of one way to read a file, in a process of its own."""
    imports, read = _READERS[name]
    code = _MEASURE.format(imports=imports, read=read)
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def bench_reading(num_rows: int) -> list[Pair]:
    """Returns the pairs of reading a CSV file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        write_table(path, num_rows)
        ways = {name: lambda name=name: read_by(name, path) for name in _READERS}
        found = in_turns(ways)
    num_columns = NUM_NUMBERS + NUM_CATEGORIES + 2
    pairs = []
    for unit, values in found.items():
        what = f"read CSV, {num_rows:,} x {num_columns}"
        pairs.append(Pair(what, unit, values["ours"], values["pandas"], "pandas"))
    return pairs


def bench_answers() -> list[Pair]:
    """Returns the pair of answering raw rows of text; none without a bundle."""
    if not (BUNDLE / "model.keras").is_file():
        print(f"{BUNDLE} is not there: make run")
        return []
    import keras

    from pipelines.device import Runner

    runner = Runner.load(BUNDLE)
    table = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)
    table = pd.concat([table, table], ignore_index=True).iloc[:NUM_ANSWERED]
    columns = {column.name: table[column.name].tolist() for column in runner.signature.columns}
    model = keras.saving.load_model(BUNDLE / "model.keras", compile=False, safe_mode=True)
    floats = Runner.load(BUNDLE, form="float32")
    inputs = floats.prepare(floats.read(columns)[0])
    ways = {
        "ours": _seconds(lambda: runner.predict(columns)),
        "model.predict": _seconds(lambda: model.predict(inputs, verbose=0)),
    }
    for measure in ways.values():
        measure()  # the first call sets things up
    found = in_turns(ways)["CPU seconds"]
    what = f"answer {NUM_ANSWERED:,} rows of text"
    pair = Pair(what, "CPU seconds", found["ours"], found["model.predict"], "model.predict alone")
    rate = NUM_ANSWERED / min(pair.ours)
    print(f"runner, cells of text to labels: {rate:,.0f} rows a second")
    return [pair]


def _seconds(call):
    """Returns a function that measures a call."""

    def measure():
        start = time.process_time()
        call()
        return {"CPU seconds": time.process_time() - start}

    return measure


def main() -> None:
    """Measures and records."""
    num_rows = NUM_ROWS
    if len(sys.argv) > 1:
        num_rows = int(sys.argv[1])
    record("reading", bench_reading(num_rows))
    record("answers", bench_answers())


if __name__ == "__main__":
    main()
