"""Rows of bird strikes, all columns text, answered by the runner, and by `model.predict`, which
takes them prepared.
"""

from pathlib import Path

import pandas as pd

from pipelines.device import Runner
from pipelines.sources.tensorflow import load_tensorflow

from .pairs import Pair, pairs_of, timed

BUNDLE = Path("saved_models/birds_mlp")
NUM_ROWS = 20_000


def bench() -> list[Pair]:
    """Returns the pair of many rows, and of the model alone."""
    load_tensorflow()
    import keras

    runner = Runner.load(BUNDLE)
    table = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)
    table = pd.concat([table, table], ignore_index=True).iloc[:NUM_ROWS]
    columns = {column.name: table[column.name].tolist() for column in runner.signature.columns}
    model = keras.saving.load_model(BUNDLE / "model.keras", compile=False, safe_mode=True)
    floats = Runner.load(BUNDLE, form="float32")
    ports = floats.prepare(floats.read(columns)[0])
    quantized = runner.prepare(runner.read(columns)[0])
    predict = timed(lambda: model.predict(ports, verbose=0))
    ways = {"ours": timed(lambda: runner.predict(columns)), "model.predict": predict}
    alone = {"ours": timed(lambda: runner.interpreter.run(quantized)), "model.predict": predict}
    rows = f"{NUM_ROWS:,} rows"
    pairs = pairs_of(f"answer {rows} of text", ways)
    rate = NUM_ROWS / min(pairs[0].ours)
    print(f"runner, cells of text to labels: {rate:,.0f} rows a second of CPU")
    return [*pairs, *pairs_of(f"the int8 model alone, {rows}", alone)]
