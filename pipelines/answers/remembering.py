"""Question 18: how far back a simple recurrent net and an LSTM remember."""

from dataclasses import dataclass, replace

import numpy as np

from ..rows.parts import HeldOut, TrainSet
from ..timeseries import ITALY_POWER, SeriesLstm, SeriesRnn
from ..training.clipping import ClipByGlobalNorm
from ..training.optimizers import Adam
from .frame import Answer, Findings, above, below, curves, estimate, net_rows

LENGTHS = (5, 40)
KNOBS = {"widths": (16,), "dropout": 0.0}
NETS = {"simple": SeriesRnn(**KNOBS), "LSTM": SeriesLstm(**KNOBS)}
RIGHT = 0.95  # of the answers: the sign is remembered


@dataclass(frozen=True)
class Remembering(Answer):
    """Asks nets for the sign of the first step after 5 or 40 steps of noise."""

    number = 18
    question = "What does an LSTM do that a simple recurrent net does not?"
    claim = (
        "Its cell state passes from step to step by addition, through gates, so that the "
        "gradient does not vanish: it remembers what is long past, and a simple recurrent net "
        "forgets after some ten steps."
    )
    known = (
        "A gate lets a cell keep a value, it does not make it: with gates at one half at the "
        "start a value fades in a few steps, so that long delays are learned late or never "
        "unless the bias of the forget gate starts high (about the log of the delay). With "
        "orthogonal recurrent weights, as both nets have here at the start, a simple net carries "
        "a value over dozens of steps too."
    )
    sources = (
        "Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735",
        "Jozefowicz et al. 2015, the bias of the forget gate, "
        "https://proceedings.mlr.press/v37/jozefowicz15.html",
        "Le, Jaitly and Hinton 2015, simple nets that remember, https://arxiv.org/abs/1504.00941",
    )
    by_hand = """
import numpy as np
for gate in (0.5, 0.73, 0.99):  # the forget gate, in each step
    print(gate, gate ** np.array([5, 20, 40]))  # what is left of a value in the cell
"""
    num_seeds: int = 3
    num_rows: int = 600
    num_steps: int = 200

    def measure(self) -> Findings:
        rows = net_rows(ITALY_POWER)
        found = {}
        for name in NETS:
            found[name] = np.zeros((self.num_seeds, len(LENGTHS)))
        for seed, place in np.ndindex(self.num_seeds, len(LENGTHS)):
            made = self._made(rows, LENGTHS[place], seed)
            for name, net in NETS.items():
                found[name][seed, place] = self._accuracy(made, net, seed)
        simple, lstm = found.values()
        gained = estimate(lstm[:, 1] - simple[:, 1])
        return Findings(
            f"Accuracy on 1,000 new series of noise (spread .3) whose first step is 1 or "
            f"-1, which is to be named; {self.num_rows:,} series to learn from, {self.num_steps} "
            f"steps of 50, 16 units, {self.num_seeds} seeds.",
            curves(
                "What is remembered",
                LENGTHS,
                found,
                x="steps",
                y="accuracy",
                log="x",
            ),
            (
                above("LSTM: 5 steps are remembered (.95)", estimate(lstm[:, 0]), RIGHT),
                above("LSTM: 40 steps are too", estimate(lstm[:, 1]), RIGHT),
                above("the simple net: 5 steps are too", estimate(simple[:, 0]), RIGHT),
                below("the simple net: 40 steps are not", estimate(simple[:, 1]), RIGHT),
                above("LSTM is better than it at 40 steps", gained),
            ),
        )

    def _made(self, rows, num_steps, seed):
        """Rows of noise after a sign, in the place of days of electricity."""
        [port] = rows.signature.inputs
        random = np.random.default_rng(seed)
        parts = []
        for kind, size in ((TrainSet, self.num_rows), (HeldOut, 50), (HeldOut, 1000)):
            y = random.integers(0, 2, size)
            noise = random.normal(scale=0.3, size=(size, num_steps, 1))
            x = noise.astype(np.float32)
            x[:, 0, 0] = 2 * y - 1
            made = kind({port.name: x}, y, np.arange(size), rows.train.schema)
            parts.append(made)
        longer = replace(port, shape=(num_steps, 1))
        signature = replace(rows.signature, inputs=(longer,))
        train, valid, test = parts
        return replace(
            rows,
            signature=signature,
            train=train,
            valid=valid,
            test=test,
        )

    def _accuracy(self, rows, net, seed):
        fitted = rows.fit(
            net,
            seed=seed,
            num_steps=self.num_steps,
            batch_size=50,
            clip=ClipByGlobalNorm(limit=1.0),
            optimizer=Adam(learning_rate=0.005),
        )
        return rows.scores(fitted.model)["accuracy"]
