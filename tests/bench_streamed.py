"""What streaming costs: `python -m tests.bench_streamed --rows 1000000 --small`.

Makes a table of 30 columns in Parquet parts and prints, each of one process: the rows a CPU second
of a plain scan and of the statistics, the peak of the memory, and the seconds from load to verified
int8 and its score. With --equal it trains streamed and in memory on the same split, with several
seeds, and prints what differs: of the prepared rows, and of the validation scores. With --order
both train in the order in which rows are streamed, and what is left is rounding.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from pipelines.engine.machine import peak_mib
from pipelines.rows.parts import HeldOut, Splits, TrainSet, _take
from pipelines.rows.split import split
from pipelines.rows.streamed_split import TRAIN
from pipelines.steps import EncodeBins, EncodeOnehot
from pipelines.tabular import LoadTable, Memory, Mlp, table_recipe
from pipelines.training.feed import TrainingBatches
from pipelines.training.streamed_feed import FeedFault, StreamedBatches
from tests.family_memory import FamilyMemory

NUM_NUMBERS = 20
NUM_CATEGORIES = 8
PART_ROWS = 500_000
TARGET = "fault"


def make_part(num_rows: int, seed: int):
    """Returns a pyarrow.Table: 20 numbers with holes, 8 categories, a date, a target."""
    import pyarrow as pa

    random = np.random.default_rng(seed)
    columns = {}
    score = np.zeros(num_rows)
    for place in range(NUM_NUMBERS):
        x = random.gamma(1 + place % 5, 1.0, num_rows)
        score += np.sin(x) / (1 + place)
        x[random.random(num_rows) < 0.05 * (place % 4)] = np.nan
        columns[f"number{place}"] = pa.array(x, from_pandas=True)
    for place in range(NUM_CATEGORIES):
        codes = random.zipf(1.6, num_rows) % (5 * 2**place)
        score += (codes % 3 == 0) / (1 + place)
        texts = np.array([f"c{code}" for code in range(5 * 2**place)], object)
        columns[f"category{place}"] = pa.array(texts[codes])
    days = random.integers(0, 2000, num_rows).astype("timedelta64[D]")
    columns["day"] = pa.array(np.datetime64("2018-01-01", "s") + days)
    noisy = score + random.normal(0, 0.5, num_rows)
    columns[TARGET] = pa.array(np.where(noisy > 2.4, "yes", "no"))
    return pa.table(columns)


def make_table(folder: Path, num_rows: int) -> None:
    """Writes the parts."""
    import pyarrow.parquet

    for number, start in enumerate(range(0, num_rows, PART_ROWS)):
        part = make_part(min(PART_ROWS, num_rows - start), number)
        pyarrow.parquet.write_table(part, folder / f"{number:03}.parquet", row_group_size=250_000)


def recipe_of(folder: str, way: str, epochs: int, *, is_small: bool = False):
    """Returns the usual recipe of a table, without peers and other choices; a small one has a
    fifth of the inputs and one net of 32 units.
    """
    load = LoadTable(folder, TARGET, memory=Memory(way))
    recipe = table_recipe(load, name=f"bench_{way}")
    training = replace(recipe.training, epochs=epochs, batch_size=4096)
    judge = replace(recipe.judge, peers=False, beside=False)
    recipe = replace(recipe, training=training, judge=judge)
    if not is_small:
        return recipe
    encode = (EncodeBins(num_bins=8), EncodeOnehot(max_categories=32))
    return replace(recipe, encode=encode, build=Mlp(widths=(32,), num_members=1))


def scan(folder: str) -> dict:
    """Reads all columns by pyarrow, and keeps nothing."""
    import pyarrow.parquet

    start = time.process_time()
    num_rows = 0
    for file in sorted(Path(folder).iterdir()):
        for batch in pyarrow.parquet.ParquetFile(file).iter_batches(65_536, use_threads=False):
            num_rows += len(batch)
    return {"rows_a_second": num_rows / (time.process_time() - start)}


def statistics(folder: str) -> dict:
    """Splits, and learns what steps need of the training rows."""
    recipe = recipe_of(folder, "streamed", 1)
    dataset, _ = recipe.load.read()
    start = time.process_time()
    splits = split(dataset, recipe.split)
    seconds = time.process_time() - start
    return {"rows_a_second": dataset.num_rows / seconds, "train_rows": splits.train.num_rows}


def train(folder: str, way: str, epochs: int, *, is_small: bool) -> dict:
    """Runs a recipe from load to verified int8."""
    from pipelines import run

    recipe = recipe_of(folder, way, epochs, is_small=is_small)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        bundle = run(recipe, folder=place)
        scores = bundle.report["scores"]["litert_int8"]
    return {"seconds": time.perf_counter() - start, "score": scores["average_precision"]}


def train_small(folder: str, way: str) -> float:
    """Trains the small recipe for an epoch, and returns its validation score."""
    from pipelines.run import fit

    recipe = recipe_of(folder, way, 1, is_small=True)
    dataset, _ = recipe.load.read()
    parts = split(dataset, recipe.split)
    return fit(recipe, parts.train, parts.valid).validation_score


def in_memory(recipe, streamed: Splits) -> Splits:
    """Returns the parts of a streamed split, of the table as a whole: all training rows, and the
    held-out rows that the streamed split has in memory.
    """
    load = replace(recipe.load, memory=Memory("whole"))
    dataset, _ = load.read()
    parts = recipe.split.streamed_cut().parts_of(dataset.ids, dataset.group)
    return Splits(
        _take(dataset, TrainSet, parts == TRAIN),
        _take(dataset, HeldOut, np.isin(dataset.ids, streamed.valid.ids)),
        _take(dataset, HeldOut, np.isin(dataset.ids, streamed.test.ids)),
    )


def differing_share(one: dict, other: dict) -> float:
    """Returns the share of the values of encoded rows that differ by more than rounding."""
    num_values = 0
    num_other = 0
    for name, x in one.items():
        num_values += x.size
        num_other += int((np.abs(x - other[name]) > 1e-5).sum())
    return num_other / num_values


@contextmanager
def in_streamed_order(streamed: TrainSet):
    """Feeds every training inside with its rows in memory, in the order of a streamed table."""

    def batches_of(self, first_step=0):
        return _batches_in_order(self, streamed, first_step)

    with mock.patch.object(TrainingBatches, "__call__", batches_of):
        yield


def _batches_in_order(batches, streamed, first_step):
    """Returns the tf.data.Dataset of (x, y, weight) of rows in memory."""
    import tensorflow as tf

    rows = batches.feed.rows
    size = batches.batch_size
    feed = StreamedBatches(
        streamed, streamed.whole, batches.signature, size, batches.seed, FeedFault()
    )
    sorted_rows = np.argsort(rows.ids)
    arrays = (rows.x, batches.labels, rows.weight)

    def taken(places):
        return tf.nest.map_structure(lambda array: array[places], arrays)

    def batches_in_memory():
        rest = np.zeros(0, np.int64)
        for block in feed._blocks(first_step * size):
            found = np.searchsorted(rows.ids, block.ids, sorter=sorted_rows)
            rest = np.concatenate([rest, sorted_rows[found]])
            while len(rest) >= size:
                yield taken(rest[:size])
                rest = rest[size:]

    one = tf.nest.map_structure(tf.TensorSpec.from_tensor, _as_tensors(taken(np.arange(size))))
    return tf.data.Dataset.from_generator(batches_in_memory, output_signature=one).prefetch(4)


def _as_tensors(arrays):
    import tensorflow as tf

    return tf.nest.map_structure(tf.constant, arrays)


def same_order(recipe) -> dict:
    """Trains streamed and in memory on the same rows in the same order.

    Args:
        recipe: Of a streamed table, whose training rows fit into `train_rows`.
    """
    from pipelines.run import fit

    dataset, _ = recipe.load.read()
    streamed = split(dataset, recipe.split)
    whole = in_memory(recipe, streamed)
    trained = fit(recipe, streamed.train, streamed.valid)
    with in_streamed_order(streamed.train):
        again = fit(recipe, whole.train, streamed.valid)
    furthest = 0.0
    weights = zip(trained.model.get_weights(), again.model.get_weights(), strict=True)
    for one, other in weights:
        furthest = max(furthest, float(np.abs(one - other).max(initial=0)))
    return {
        "train_rows": [streamed.train.num_rows, len(whole.train)],
        "streamed": trained.history["loss"],
        "memory": again.history["loss"],
        "validation": [trained.validation_score, again.validation_score],
        "largest_difference_of_a_weight": furthest,
    }


def order(folder: str, epochs: int) -> dict:
    """Trains the small recipe as `same_order` does."""
    recipe = recipe_of(folder, "streamed", epochs, is_small=True)
    memory = Memory("streamed", train_rows=2**30)
    return same_order(replace(recipe, load=replace(recipe.load, memory=memory)))


def equal(folder: str, epochs: int, num_seeds: int) -> dict:
    """Trains on the same split, streamed and in memory."""
    from pipelines.run import fit
    from pipelines.training.inputs import fit_inputs

    recipe = recipe_of(folder, "streamed", epochs, is_small=True)
    all_rows = replace(recipe.load, memory=Memory("streamed", train_rows=2**30))
    dataset, _ = recipe.load.read()
    streamed = split(dataset, recipe.split)
    whole = in_memory(recipe, streamed)
    full, _ = all_rows.read()
    fitted = {
        "sample": fit_inputs(recipe, streamed.train, streamed.valid).valid.x,
        "all": fit_inputs(recipe, split(full, recipe.split).train, streamed.valid).valid.x,
        "memory": fit_inputs(recipe, whole.train, streamed.valid).valid.x,
    }
    found = {
        "train_rows": [streamed.train.num_rows, len(whole.train)],
        "differing_by_sample": differing_share(fitted["sample"], fitted["memory"]),
        "differing_by_all_rows": differing_share(fitted["all"], fitted["memory"]),
        "streamed": [],
        "memory": [],
    }
    for seed in range(num_seeds):
        seeded = replace(recipe, training=replace(recipe.training, seed=seed))
        for name, splits in (("streamed", streamed), ("memory", whole)):
            trained = fit(seeded, splits.train, splits.valid)
            found[name].append(round(trained.validation_score, 5))
            print(seed, name, found[name][-1], flush=True)
    differences = np.subtract(found["streamed"], found["memory"])
    found["mean_difference"] = round(float(differences.mean()), 5)
    return found


TASKS = {
    "scan": lambda asked: scan(asked.folder),
    "statistics": lambda asked: statistics(asked.folder),
    "streamed": lambda asked: train(asked.folder, "streamed", asked.epochs, is_small=asked.small),
    "order": lambda asked: order(asked.folder, asked.epochs),
    "equal": lambda asked: equal(asked.folder, asked.epochs, asked.seeds),
}


def measured(task: str, asked, folder: str) -> dict:
    """Does a task in a process of its own, which prints what it measured last."""
    command = [sys.executable, "-m", "tests.bench_streamed", "--task", task, "--folder", folder]
    command += ["--epochs", str(asked.epochs), "--seeds", str(asked.seeds)]
    if asked.small:
        command.append("--small")
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        FamilyMemory(process.pid) as family,
    ):
        printed, _ = process.communicate()
    if process.returncode:
        sys.exit(process.returncode)
    found = json.loads(printed.splitlines()[-1])
    return {**found, "peak_mib_of_others": family.most_of_others()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--equal", action="store_true", help="streamed against in memory")
    parser.add_argument("--order", action="store_true", help="both in one order")
    parser.add_argument("--seeds", type=int, default=3, help="of --equal")
    parser.add_argument("--small", action="store_true", help="a small net of few inputs")
    parser.add_argument("--no-training", action="store_true", help="scan and statistics alone")
    parser.add_argument("--task", choices=TASKS)
    parser.add_argument("--folder", default="")
    asked = parser.parse_args()
    if asked.task:
        found = TASKS[asked.task](asked)
        print(json.dumps({**found, "peak_mib": peak_mib()}))
        return
    tasks = ["scan", "statistics"]
    if not asked.no_training:
        tasks.append("streamed")
    if asked.order:
        tasks.append("order")
    if asked.equal:
        tasks.append("equal")
    with tempfile.TemporaryDirectory() as place:
        folder = asked.folder or place
        if not asked.folder:
            make_table(Path(folder), asked.rows)
        for task in tasks:
            print(task, measured(task, asked, folder), flush=True)


if __name__ == "__main__":
    main()
