"""Storms in Parquet files that are read part by part, and how quickly they are fed."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...recipe import Recipe
from ...sources.files import find_file
from ...tabular import STORMS, Memory
from ...training.feed import TrainFeed, TrainingBatches
from ...training.fit import task_labels
from .rows import NetRows


def write_storms(folder: Path, num_parts: int) -> None:
    """Writes the reports of storms as Parquet files, in an order that is drawn."""
    import pandas as pd

    path = find_file("data/storms.csv.gz", "storms")
    table = pd.read_csv(path)
    random = np.random.default_rng(0)
    order = random.permutation(len(table))
    parts = np.array_split(order, num_parts)
    for number, places in enumerate(parts):
        part = table.iloc[places]
        part.to_parquet(
            folder / f"{number}.parquet",
            index=False,
        )


def streamed_storms(folder: str, most_rows: int, buffer_rows: int) -> Recipe:
    """Returns the recipe of storms that reads a folder of files.

    Args:
        folder: of Parquet files.
        most_rows: training rows that are held in memory.
        buffer_rows: training rows that are shuffled together.
    """
    memory = Memory(
        "streamed",
        train_rows=most_rows,
        buffer_rows=buffer_rows,
    )
    load = replace(
        STORMS.load,
        source=folder,
        memory=memory,
    )
    return replace(STORMS, load=load)


def rows_a_second(rows: NetRows, seed: int, batch_size: int) -> float:
    """Returns rows by CPU second of one epoch of batches that no net learns from."""
    labels = task_labels(
        rows.train.y,
        rows.signature,
    )
    batches = TrainingBatches(
        TrainFeed(rows.train),
        labels,
        rows.signature,
        batch_size,
        seed,
    )
    feed = iter(batches())
    next(feed)  # what is traced and read once, before the first batch
    start = time.process_time()
    for _ in range(batches.steps):
        next(feed)
    seconds = time.process_time() - start
    return batches.steps * batch_size / seconds
