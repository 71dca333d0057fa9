"""Question 10: what each part of a convolutional net is worth."""

from dataclasses import dataclass, replace

import numpy as np

from ..vision import Cnn
from .frame import Answer, Findings, above, bars, estimate, exactly, net_rows
from .frame.flat_cnn import SMALL_CLOTHES


@dataclass(frozen=True)
class WholeCnn(Cnn):
    """Two convolutions with pooling and a dense head; each part can be left out."""

    widths: tuple[int, ...] = (8, 16)
    pools: bool = True
    head: int = 64

    def _features(self, x, blocks):
        import keras

        for depth, width in enumerate(self.widths):
            x = blocks.convolve(x, width, name=f"conv{depth}")
            if self.pools:
                x = blocks.halve(x, f"pool{depth}")
        if not self.head:
            return blocks.summarize(x)
        flat = keras.layers.Flatten(name="flat")(x)
        x = blocks.dense(flat, self.head, name="head")
        x = blocks.normalize(x, "head")
        return blocks.activate(x, "head")


WHOLE = WholeCnn()
NETS = {
    "whole": WHOLE,
    "no convolutions": replace(WHOLE, widths=()),
    "no pooling": replace(WHOLE, pools=False),
    "average, no dense head": replace(WHOLE, head=0),
}


@dataclass(frozen=True)
class CnnParts(Answer):
    """Leaves out one part of a net for pictures of clothes at a time."""

    number = 10
    question = "What is the architecture of a convolutional net?"
    claim = (
        "Convolutions find features, pooling makes their maps smaller, and dense layers at the "
        "end put them together to classes: each part is needed."
    )
    known = (
        "Nearly all of the weights are those of the dense layer, which modern nets do without: "
        "the average of each map serves as well if there are more convolutions and they are "
        "trained for longer. Pooling can be strides (question 11), and a dense net is behind by "
        "little where pictures are small and centred."
    )
    sources = (
        "LeCun et al. 1998, https://doi.org/10.1109/5.726791",
        "Lin, Chen and Yan 2014, the average as the head, https://arxiv.org/abs/1312.4400",
        "Springenberg et al. 2015, all convolutions, https://arxiv.org/abs/1412.6806",
    )
    by_hand = """
sizes = {"conv0": 9 * 1 * 8 + 8, "conv1": 9 * 8 * 16 + 16, "head": 4 * 4 * 16 * 64 + 64}
print(sizes, sizes["head"] / sum(sizes.values()))  # where the weights are
print(16 * 16 * 9 * 8, 8 * 8 * 9 * 8 * 16, 4 * 4 * 16 * 64)  # and where the work is
"""
    num_seeds: int = 3
    num_rows: int = 1000
    num_steps: int = 120

    def measure(self) -> Findings:
        rows = net_rows(SMALL_CLOTHES)
        seeds = range(self.num_seeds)
        found, table = {}, {}
        for name, net in NETS.items():
            scores = [self._accuracy(rows, net, seed) for seed in seeds]
            num_weights = rows.build(net, seed=0).count_params()
            found[name] = np.array(scores)
            table[name] = {
                "accuracy": estimate(scores),
                "weights, 100,000": exactly(num_weights / 1e5),
            }
        parts = []
        for name in list(NETS)[1:]:
            lost = estimate(found["whole"] - found[name])
            words = f"{name}: less accurate than the whole"
            parts.append(above(words, lost))
        return Findings(
            f"{len(rows.test):,} test pictures of clothes (16 × 16 pixels), {self.num_rows:,} to "
            f"learn from, {self.num_steps} steps of 50, {self.num_seeds} draws and seeds; without "
            "convolutions, and so without pooling, the dense layer reads pixels.",
            bars("One part left out", table, y="accuracy, 100,000 weights"),
            tuple(parts),
        )

    def _accuracy(self, rows, net, seed):
        few = rows.few(self.num_rows, seed=seed)
        fitted = few.fit(
            net,
            seed=seed,
            num_steps=self.num_steps,
            batch_size=50,
        )
        return rows.scores(fitted.model)["accuracy"]
