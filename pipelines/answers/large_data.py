"""Question 44: rows that are read part by part, and what more rows are worth."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..tabular import Mlp
from .frame import Answer, Findings, above, bars, below, estimate, exactly, net_rows, within
from .frame.streamed import rows_a_second, streamed_storms, write_storms

FEW = "300 rows"
SOME = "3,000 rows"
WHOLE = "all, in memory"
STREAMED = "all, streamed"
NET = Mlp((64, 64), dropout=0.1, num_members=1)
BATCH = 128
# Rows in memory: a sample, of which bins are computed, and those that are shuffled together.
SAMPLE = 1000
BUFFER = 1024
NUM_PARTS = 8


@dataclass(frozen=True)
class LargeData(Answer):
    """Learns from 300 storm reports to all, in memory and from Parquet files in eight parts."""

    number = 44
    question = "How are large data sets handled?"
    claim = (
        "Rows are read from disk in batches while the net learns: that takes little memory, and "
        "costs neither score nor time. And the more rows, the better the net."
    )
    known = (
        "One pass over parts that are shuffled within a buffer learns as well as shuffling the "
        "whole, if the parts are not sorted. Reading and preparing rows again in each epoch "
        "takes time that arrays in memory do not, and can be longer than training a small net. "
        "The gain of more rows falls as a power of their number, so that ten times as many are "
        "needed for each step; what is hoped for is better bought by rows of other kinds."
    )
    sources = (
        "Bottou and Bousquet 2008, https://leon.bottou.org/papers/bottou-bousquet-2008",
        "Hestness et al. 2017, error by rows, https://arxiv.org/abs/1712.00409",
        "Nguyen et al. 2022, shuffled in part, https://hal.archives-ouvertes.fr/hal-03599740",
    )
    by_hand = """
import numpy as np
def batches(parts, size):  # one part in memory at a time
    for part in parts:
        yield from np.array_split(np.random.permutation(part), len(part) // size)
"""
    num_seeds: int = 3
    num_steps: int = 400

    def measure(self) -> Findings:
        with tempfile.TemporaryDirectory() as folder:
            write_storms(Path(folder), NUM_PARTS)
            whole = net_rows(streamed_storms(folder, 100_000, BUFFER))
            streamed = net_rows(streamed_storms(folder, SAMPLE, BUFFER))
            score, speed = self._measured(whole, streamed)
        table = {}
        for name, values in score.items():
            table[name] = {"accuracy": estimate(values)}
        for name, values in speed.items():
            table[name]["million rows a CPU second"] = estimate(values / 1e6)
        num_rows = len(whole.train)
        held = exactly((SAMPLE + BUFFER) / num_rows)
        apart = estimate(score[STREAMED] - score[WHOLE])
        pace = estimate(speed[STREAMED] / speed[WHOLE])
        some = score[SOME]
        return Findings(
            f"{len(whole.test):,} reports of storms that no report to learn from is of; "
            f"{num_rows:,} to learn from in {NUM_PARTS} Parquet files, {self.num_steps} steps of "
            f"{BATCH}, {self.num_seeds} seeds. Rows a second: of the feed alone, without the net.",
            bars("More rows, and rows from disk", table, y="accuracy, million rows"),
            (
                above("3,000 rows are better than 300", estimate(some - score[FEW])),
                above("all are better than 3,000", estimate(score[WHOLE] - some)),
                within("streamed: the same score, to .01", apart, -0.01, 0.01),
                below("streamed: a fifth of the rows in memory at most", held, 0.2),
                above("streamed: rows as quickly, to a tenth", pace, 0.9),
            ),
        )

    def _measured(self, whole, streamed):
        """Accuracy by rows, and rows a second of both feeds."""
        seeds = range(self.num_seeds)
        num_rows = len(whole.train)
        held = whole.few(num_rows)
        epochs = self.num_steps * BATCH // num_rows
        score, speed = {}, {}
        for name, size in ((FEW, 300), (SOME, 3000)):
            runs = []
            for seed in seeds:
                few = whole.few(size, seed=seed)
                runs.append(_accuracy(few, seed, num_steps=self.num_steps))
            score[name] = np.array(runs)
        for name, rows in ((WHOLE, held), (STREAMED, streamed)):
            runs = [_accuracy(rows, seed, epochs=epochs) for seed in seeds]
            paces = [rows_a_second(rows, seed, BATCH) for seed in range(self.num_seeds + 1)]
            score[name] = np.array(runs)
            speed[name] = np.array(paces[1:])  # the first one warms up
        return score, speed


def _accuracy(rows, seed, **knobs):
    """On the test rows of the same steps: bins of other rows are other bins."""
    fitted = rows.fit(NET, seed=seed, batch_size=BATCH, **knobs)
    return rows.scores(fitted.model)["accuracy"]
