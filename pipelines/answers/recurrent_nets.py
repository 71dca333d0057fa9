"""Question 15: recurrent nets against convolutions and linear models, on three kinds of series."""

from dataclasses import dataclass, replace

import numpy as np

from ..recipe import Recipe
from ..slots import Network
from ..text import REMARKS, AveragedEmbeddings, Lstm, TextCnn
from ..timeseries import ITALY_POWER, WEATHER, NLinear, SeriesFcn, SeriesLstm, Tcn
from ..training.clipping import ClipByGlobalNorm
from ..training.optimizers import AdamW
from .frame import Answer, Findings, bars, below, estimate, net_rows


@dataclass(frozen=True)
class Task:
    """A recipe, how many of its rows are learned from, and the nets that are compared."""

    recipe: Recipe
    num_rows: int
    batch: int
    num_steps: int
    nets: tuple[Network, Network, Network]


KINDS = ("recurrent", "convolutions", "linear")
FCN = SeriesFcn(widths=(16, 32), kernels=(8, 5))
TCN = Tcn(width=16, depth=3)
TEXT = TextCnn(kernels=(1, 2, 3), width=32)
TASKS = {
    "classes of days": Task(ITALY_POWER, 60, 15, 100, (SeriesLstm(), FCN, NLinear())),
    "weather, a day ahead": Task(WEATHER, 3000, 64, 160, (SeriesLstm(), TCN, NLinear())),
    "remarks": Task(REMARKS, 2000, 32, 100, (Lstm(), TEXT, AveragedEmbeddings())),
}


@dataclass(frozen=True)
class RecurrentNets(Answer):
    """Trains an LSTM, convolutions and a linear model on days, weather and remarks."""

    number = 15
    question = "What are recurrent nets, and what are they used for?"
    claim = (
        "Nets with a state that is handed on from step to step are made for what comes in order: "
        "series, forecasts and texts, where they are better than nets that have no memory."
    )
    known = (
        "Where the whole series is there at once, convolutions are as good in most comparisons "
        "and quicker, as their steps are computed together; forecasts of few series are often "
        "best by linear models. What is left to recurrent nets is what goes on for ever with a "
        "state of fixed size, step by step, and the newest kinds whose recurrence is linear."
    )
    sources = (
        "Bai, Kolter and Koltun 2018, convolutions, https://arxiv.org/abs/1803.01271",
        "Zeng et al. 2023, linear forecasts, https://arxiv.org/abs/2205.13504",
        "Gu and Dao 2023, linear recurrence, https://arxiv.org/abs/2312.00752",
    )
    by_hand = """
import numpy as np
state, values = 0.0, np.sin(np.arange(9))
for x in values: state = np.tanh(0.5 * x + 0.9 * state)  # recurrent: one number is kept
print(state, np.convolve(values, [0.5, 0.3, 0.2])[-3], values @ np.full(9, 0.1))
"""
    num_seeds: int = 3

    def measure(self) -> Findings:
        table, parts, settings = {}, [], []
        for name, task in TASKS.items():
            rows = net_rows(task.recipe)
            # Its score after training is that of the test rows: nothing is chosen by it.
            rows = replace(rows, valid=rows.test)
            runs = [self._errors(rows, task, seed) for seed in range(self.num_seeds)]
            recurrent, convolutions, linear = np.array(runs).T
            values = map(estimate, (recurrent, convolutions, linear))
            table[name] = dict(zip(KINDS, values, strict=True))
            for other, error in (("convolutions", convolutions), ("a linear model", linear)):
                words = f"{name}: recurrent errs less than {other}"
                parts.append(below(words, estimate(recurrent - error)))
            settings.append(f"{name}: {task.num_rows:,} to learn from, {len(rows.test):,} to test")
        return Findings(
            f"{'; '.join(settings)}. Error: 1 - accuracy, MASE, 1 - average precision; "
            f"100 to 160 steps, {self.num_seeds} draws and seeds.",
            bars("Three kinds of nets on what comes in order", table, y="error"),
            tuple(parts),
        )

    def _errors(self, rows, task, seed):
        few = rows.few(task.num_rows, seed=seed)
        found = []
        for net in task.nets:
            fitted = few.fit(
                net,
                seed=seed,
                num_steps=task.num_steps,
                batch_size=task.batch,
                optimizer=AdamW(learning_rate=0.005),
                clip=ClipByGlobalNorm(limit=1.0),
            )
            found.append(fitted.validation_score)
        if rows.deciding == "mase":
            return found
        return [1 - score for score in found]
