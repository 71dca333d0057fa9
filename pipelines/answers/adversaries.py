"""Question 21: what a generative adversarial net draws, and what it is worth to a classifier."""

from dataclasses import dataclass, replace

import numpy as np

from ..balance import frechet_distance
from ..vision import FASHION
from .frame import Answer, Findings, above, below, curves, estimate, net_rows, numbers_of
from .frame.adversaries import ConditionalGan
from .frame.drawn import coverage, drawn_by_autoencoder

TINY_CLOTHES = replace(FASHION, load=replace(FASHION.load, height=8, width=8))
BATCHES = (100, 300, 1000, 3000)
GAN, VAE, REAL = "adversarial net", "variational autoencoder", "training rows"
RATE = 5e-4
SIZES = {"width": 64, "code": 16}
NUM_COMPONENTS = 16


@dataclass(frozen=True)
class Adversaries(Answer):
    """Draws pictures of clothes of 8 × 8 pixels, and learns to classify with them."""

    number = 21
    question = "What is a generative adversarial net?"
    claim = (
        "A generator draws rows and a critic parts them from real ones; each gets better by the "
        "other, until what is drawn is like real rows, of every kind, and serves as more rows "
        "to learn from."
    )
    known = (
        "The game need not end: distances fall at first, then go up and down, and kinds of rows "
        "are left out (mode collapse). Likelihoods, as of variational autoencoders, cover more "
        "and train steadily. A classifier rarely gains by drawn rows: they hold no more than "
        "the rows that the generator has learned from. Here the distance was still falling when "
        "training ended, after as many batches as the autoencoder had."
    )
    sources = (
        "Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661",
        "Heusel et al. 2017, distance, and rates, https://arxiv.org/abs/1706.08500",
        "Ravuri and Vinyals 2019, drawn rows to learn from, https://arxiv.org/abs/1905.10887",
        "Naeem et al. 2020, coverage, https://arxiv.org/abs/2002.09797",
    )
    by_hand = """
import numpy as np
critic = np.array([2.0, -1.0])  # logits of being real, of a real row and of a drawn one
share = 1 / (1 + np.exp(-critic))
print(share - [1, 0], share[1] - 1)  # slopes: the critic's of both, the generator's of its own
"""
    num_seeds: int = 4
    num_rows: int = 500

    def measure(self) -> Findings:
        rows = net_rows(TINY_CLOTHES)
        runs = [self._of_seed(rows, seed) for seed in range(self.num_seeds)]
        found = {name: np.array([run[name] for run in runs]) for name in runs[0]}
        distance = {name: found[name] for name in (GAN, VAE, REAL)}
        first, *_, last = found[GAN].T
        best = found[GAN].min(axis=1)
        return Findings(
            f"Fréchet distance to {len(rows.test):,} test pictures of clothes (8 × 8 pixels, "
            f"{NUM_COMPONENTS} components), {self.num_rows} to learn from, {self.num_seeds} draws "
            "and seeds; covered: test rows with a drawn one within their five nearest; a "
            "logistic regression learns from real rows, then from as many drawn ones too.",
            curves(
                "What is drawn, by batches of training",
                BATCHES,
                distance,
                x="batches",
                y="Fréchet distance",
                log="xy",
            ),
            (
                below("the distance falls to a half and less", estimate(last / first), 0.5),
                below("it ends within a tenth of its best", estimate(last / best), 1.1),
                below("it ends nearer than the autoencoder's", estimate(last - found[VAE][:, -1])),
                above("it covers 90 % of what training rows do", estimate(found["covered"]), 0.9),
                above("drawn rows help a classifier", estimate(found["gain"])),
            ),
        )

    def _of_seed(self, rows, seed):
        """Distances by batches, what is covered, and accuracy without and with drawn rows."""
        few = rows.few(self.num_rows, seed=seed).train
        x, test = _flat(few, rows.test)
        axes = np.linalg.svd(x, full_matrices=False)[2][:NUM_COMPONENTS].T
        real = test @ axes
        gan = ConditionalGan(x, few.y, seed=seed, **SIZES)
        found = {GAN: [], VAE: [], REAL: []}
        learned = 0
        for num_batches in BATCHES:
            gan.learn(num_batches - learned, rate=RATE)
            learned = num_batches
            knobs = {"num_batches": num_batches, "seed": seed, **SIZES}
            drawn = {
                GAN: gan.draw(rows.test.y),
                VAE: drawn_by_autoencoder(x, few.y, rows.test.y, **knobs),
                REAL: x,
            }
            for name, each in drawn.items():
                found[name].append(frechet_distance(real, each @ axes))
        more = gan.draw(few.y)
        both = np.concatenate([x, more])
        labels = np.concatenate([few.y, few.y])
        judged = (test, rows.test.y)
        found["covered"] = coverage(real, more @ axes) / coverage(real, x @ axes)
        found["gain"] = _accuracy(both, labels, judged) - _accuracy(x, few.y, judged)
        return found


def _flat(few, test):
    """Pixels of a row each, less the mean of the training rows, by their spread."""
    learned = numbers_of(few).reshape(len(few), -1)
    judged = numbers_of(test).reshape(len(test), -1)
    mean = learned.mean(axis=0)
    return (learned - mean) / learned.std(), (judged - mean) / learned.std()


def _accuracy(x, y, judged):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=0.1, max_iter=300)
    return model.fit(x, y).score(*judged)
