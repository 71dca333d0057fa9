"""Question 45: ways to make a net smaller: score against packed bytes and multiplications."""

from dataclasses import dataclass

import numpy as np

from .. import compress
from ..vision import Cnn, DsCnn
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.cost import costs, packed_bytes, round_weights, tuning_of
from .frame.flat_cnn import SMALL_CLOTHES

EPOCHS = 2  # in which a net that was made smaller is fitted further
BATCH = 50
WHOLE, INT8 = "whole", "whole, int8 weights"
ZEROS, CHANNELS = "half of the weights zero", "half of the channels"
SEPARABLE, SMALL, TAUGHT = "separable", "small", "small, distilled"
FURTHER = compress.PruneWeights(share=0.0, epochs=EPOCHS)
WAYS = {
    WHOLE: FURTHER,
    ZEROS: compress.PruneWeights(share=0.5, epochs=EPOCHS),
    CHANNELS: compress.PruneChannels(share=0.5, epochs=EPOCHS),
    "low rank": compress.FactorizeLowRank(rank_share=0.4, epochs=EPOCHS),
}
LARGE_NET = Cnn(widths=(8, 16, 32), pool_after=(0, 1))
SMALL_NET = Cnn(widths=(4, 8, 16), pool_after=(0, 1))
SEPARABLE_NET = DsCnn(width=16, depth=2)
NAMES = ("accuracy", "10 kB packed", "million products")


@dataclass(frozen=True)
class LessComputation(Answer):
    """Makes a net for pictures of clothes smaller in seven ways."""

    number = 45
    question = "How is computation reduced?"
    claim = (
        "Pruning, int8, separable convolutions, low rank and distillation make nets several "
        "times smaller and faster, at hardly any loss."
    )
    known = (
        "int8 is nearly free. Zeros make a packed file smaller and nothing faster, as kernels "
        "multiply them like other numbers; whole channels have to go for that. Small nets that "
        "are trained well from the start are hard to beat by cutting large ones, and "
        "distillation gains where the teacher is much better and training is long. What is "
        "saved in multiplications is not what is saved in time: depthwise layers wait for "
        "memory. Spectra (FFT) pay for kernels of a hundred steps and more, in float32 only; an "
        "accelerator pays for the layers that it knows."
    )
    sources = (
        "Blalock et al. 2020, the state of pruning, https://arxiv.org/abs/2003.03033",
        "Liu et al. 2019, the value of pruning, https://arxiv.org/abs/1810.05270",
        "Beyer et al. 2022, a patient teacher, https://arxiv.org/abs/2106.05237",
        "Mathieu, Henaff and LeCun 2014, spectra, https://arxiv.org/abs/1312.5851",
    )
    by_hand = """
import numpy as np
u, s, v = np.linalg.svd(np.random.default_rng(0).normal(size=(64, 64)))
print(64 * 64, [(rank, rank * 128, (s[:rank] ** 2).sum() / (s**2).sum()) for rank in (8, 16, 32)])
"""
    num_seeds: int = 3
    num_rows: int = 1000
    num_steps: int = 120

    def measure(self) -> Findings:
        rows = net_rows(SMALL_CLOTHES)
        runs = [self._of_seed(rows, seed) for seed in range(self.num_seeds)]
        found = {way: np.array([run[way] for run in runs]).T for way in runs[0]}
        table, lost, share = {}, {}, {}
        for way, values in found.items():
            table[way] = dict(zip(NAMES, map(estimate, values), strict=True))
            lost[way] = estimate(values[0] - found[WHOLE][0])
            share[way] = [estimate(each) for each in values / found[WHOLE]]
        taught = estimate(found[TAUGHT][0] - found[SMALL][0])
        return Findings(
            f"{len(rows.test):,} test pictures of clothes (16 × 16 pixels), {self.num_rows:,} to "
            f"learn from, {self.num_steps} steps of {BATCH} and {EPOCHS} epochs further, "
            f"{self.num_seeds} draws and seeds; kernels as int8 unless stated, after gzip.",
            bars("Ways to a smaller net", table, y="accuracy, 10 kB, millions"),
            (
                above("int8 weights lose less than .01", lost[INT8], -0.01),
                below(f"{ZEROS}: two thirds of the bytes", share[ZEROS][1], 0.67),
                below("it is faster: fewer products", share[ZEROS][2], 0.9),
                above("it loses less than .02", lost[ZEROS], -0.02),
                below(f"{CHANNELS}: half of the products", share[CHANNELS][2], 0.5),
                above("it loses less than .02 too", lost[CHANNELS], -0.02),
                below(f"{SEPARABLE}: half of the products", share[SEPARABLE][2], 0.5),
                above("it loses less than .02 as well", lost[SEPARABLE], -0.02),
                above("distilled, a small net is better than on its own", taught),
            ),
        )

    def _of_seed(self, rows, seed):
        """Accuracy, packed bytes and products of each way."""
        few = rows.few(self.num_rows, seed=seed)
        knobs = {"seed": seed, "num_steps": self.num_steps, "batch_size": BATCH}
        whole = few.fit(LARGE_NET, **knobs).model
        small = few.fit(SMALL_NET, **knobs).model
        # As long as the others and what they are fitted further.
        knobs["num_steps"] += EPOCHS * self.num_rows // BATCH
        separable = few.fit(SEPARABLE_NET, **knobs).model
        tuning = tuning_of(few, batch_size=BATCH, seed=seed)
        models = {way: spec.compress(whole, tuning) for way, spec in WAYS.items()}
        models[SEPARABLE] = separable
        models[SMALL] = FURTHER.compress(small, tuning)
        further = compress.Distil(epochs=EPOCHS)
        models[TAUGHT] = compress.distil(small, models[WHOLE], tuning, further)
        found = {way: costs(rows, model) for way, model in models.items()}
        size = packed_bytes(models[WHOLE], is_int8=False)
        score, _, products = found[WHOLE]
        found["whole, float32"] = [score, size / 1e4, products]
        round_weights(models[WHOLE])
        found[INT8] = costs(rows, models[WHOLE])
        return found
