"""A table that is read part by part: its statistics against a scan that keeps nothing, and a small
training against one in memory; each in a process of its own.
"""

import tempfile
from pathlib import Path

from tests.bench_streamed import make_table, scan, statistics, train_small

from .pairs import CPU, Measure, Pair, from_own_process, in_own_process, pairs_of

SCANNED = 2_000_000
TRAINED = 300_000


def reading(call, folder: str) -> Measure:
    """Returns a function that measures one pass over the rows, by the rate that it returns."""

    def measure():
        return {CPU: SCANNED / from_own_process(call, folder)["rows_a_second"]}

    return measure


def bench() -> list[Pair]:
    """Returns the pairs of statistics and of a training, the memory of the latter too."""
    with tempfile.TemporaryDirectory() as folder:
        make_table(Path(folder), SCANNED)
        ways = {"ours": reading(statistics, folder), "a plain scan": reading(scan, folder)}
        scanned = pairs_of(f"statistics of {SCANNED:,} x 30, streamed", ways)
    with tempfile.TemporaryDirectory() as folder:
        make_table(Path(folder), TRAINED)
        ways = {
            "ours": in_own_process(train_small, folder, "streamed"),
            "in memory": in_own_process(train_small, folder, "whole"),
        }
        trained = pairs_of(f"load to validated, an epoch of {TRAINED:,} x 30, streamed", ways)
    return scanned + trained
