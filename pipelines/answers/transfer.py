"""Question 14: features of ImageNet against a net from scratch, by number of pictures."""

from dataclasses import dataclass, replace

import numpy as np

from ..training.optimizers import AdamW
from ..vision import EMOJI, AugmentFlip, EfficientNetLite0, LoadArrays, Transfer
from ..vision.features import compute_features, feature_function
from .frame import Answer, Findings, above, below, curves, estimate, net_rows
from .frame.flat_cnn import FlatCnn

SIZES = (90, 1000)
LARGER = replace(EMOJI, load=LoadArrays("data/emoji_32.npz", height=64, width=64))
SCRATCH = FlatCnn(widths=(8, 16, 32), pool_after=(0, 1, 2), dropout=0.2)
WEIGHTS = {"features of ImageNet": "imagenet", "features of random weights": "none"}


@dataclass(frozen=True)
class TransferLearning(Answer):
    """Learns nine groups of emoji from 90 to 1,000 pictures, with and without ImageNet."""

    number = 14
    question = "What is transfer learning?"
    claim = (
        "A net that was trained on many pictures of one kind has features that serve for "
        "others: with few pictures they are far better than a net from scratch, and fewer "
        "pictures are needed."
    )
    known = (
        "What is transferred is worth most with few rows, and less the farther the new pictures "
        "are from the old ones: of drawings, medicine or sensors it can be little. With enough "
        "rows and epochs nets from scratch catch up. Speed and size are those of the large net, "
        "which a microcontroller may not hold."
    )
    sources = (
        "Yosinski et al. 2014, https://arxiv.org/abs/1411.1792",
        "Kornblith, Shlens and Le 2019, which transfer, https://arxiv.org/abs/1805.08974",
        "He, Girshick and Dollár 2019, scratch catches up, https://arxiv.org/abs/1811.08883",
    )
    by_hand = """
import numpy as np
old = np.random.default_rng(0).normal(size=(3072, 64))  # kept as it is: the trained net
features = np.maximum(np.random.default_rng(1).random((9, 3072)) @ old, 0)
print(np.linalg.lstsq(features, np.eye(9), rcond=None)[0].shape)  # only the head is learned
"""
    num_seeds: int = 3
    num_steps: int = 150

    def measure(self) -> Findings:
        rows, larger = net_rows(EMOJI), net_rows(LARGER)
        found = {name: np.zeros((self.num_seeds, len(SIZES))) for name in ("scratch", *WEIGHTS)}
        for seed, place in np.ndindex(found["scratch"].shape):
            found["scratch"][seed, place] = self._from_scratch(rows, SIZES[place], seed)
        for name, weights in WEIGHTS.items():
            parts = _features(larger, weights)
            for seed, place in np.ndindex(found[name].shape):
                found[name][seed, place] = _by_head(larger, parts, SIZES[place], seed)
        scratch, known, random = found.values()
        gained = known - scratch
        return Findings(
            f"Accuracy on {len(rows.test)} test pictures of emoji, {self.num_seeds} draws and "
            f"seeds. From scratch: three convolutions, flips, {self.num_steps} steps of 32, "
            "32 × 32 pixels; features of EfficientNet-Lite0 at 64 × 64 with a logistic regression.",
            curves("With and without ImageNet", SIZES, found, x="pictures", y="accuracy", log="x"),
            (
                above(
                    "with 90 pictures it is better than scratch, by .1", estimate(gained[:, 0]), 0.1
                ),
                above("with 1,000 too", estimate(gained[:, -1]), 0.1),
                above(
                    "90 pictures with it are as good as 1,000 without",
                    estimate(known[:, 0] - scratch[:, -1]),
                ),
                below(
                    "more pictures make its lead smaller",
                    estimate(gained[:, -1] - gained[:, 0]),
                ),
                above(
                    "it is the training: random weights are worse",
                    estimate((known - random).mean(axis=1)),
                ),
            ),
        )

    def _from_scratch(self, rows, size, seed):
        few = rows.few(size, seed=seed)
        way = AdamW(learning_rate=0.003)
        knobs = {"num_steps": self.num_steps, "batch_size": 32, "optimizer": way}
        fitted = few.fit(SCRATCH, seed=seed, augment=(AugmentFlip(),), **knobs)
        return rows.scores(fitted.model)["accuracy"]


def _features(rows, weights):
    """Features of training and test pictures, float32 [rows, features] each."""
    model = rows.build(Transfer(EfficientNetLite0(weights=weights)), seed=0)
    call = feature_function(model)
    [name] = rows.train.x
    return [compute_features(call, part.x[name]) for part in (rows.train, rows.test)]


def _by_head(rows, parts, size, seed):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chosen = np.random.default_rng(seed).permutation(len(rows.train))[:size]
    head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))
    head.fit(parts[0][chosen], rows.train.y[chosen])
    return head.score(parts[1], rows.test.y)
