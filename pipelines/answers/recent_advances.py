"""Question 50: four newer ways, each against what was there before."""

from dataclasses import dataclass, replace

import numpy as np

from ..rows.parts import UnlabelledRows
from ..studies.learned_starts import Reptile
from ..tabular import CREDIT_MONOTONE, Mlp
from ..vision import Cnn, ContrastivePretraining, Vit
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.fallen import share_fallen
from .frame.flat_cnn import SMALL_CLOTHES, FlatCnn
from .frame.new_classes import learned_for_new

FEW, MANY = "300 pictures: transformer", "2,000 pictures: transformer"
LABELS = "60 labels: contrastive pretraining"
ONE, TWENTY = "1 example: learned start", "20 examples: learned start"
RULE = "credit: monotone net"
START = Reptile(num_tasks=200)
BATCH = 20
NET = Cnn(widths=(16, 32), pool_after=(0, 1))
TRANSFORMER = Vit(width=16, depth=1, heads=2)
# Labelled pictures and steps, then the older and the newer net.
PAIRS = {
    FEW: (300, 200, FlatCnn(), TRANSFORMER),
    MANY: (2000, 600, FlatCnn(), TRANSFORMER),
    LABELS: (60, 120, NET, ContrastivePretraining(net=NET, epochs=8, learning_rate=3e-3)),
}


@dataclass(frozen=True)
class RecentAdvances(Answer):
    """Compares newer nets and ways to learn with older ones, on clothes and credit."""

    number = 50
    question = "What are recent advances in deep learning?"
    claim = (
        "Transformers take the place of convolutions, nets learn from rows without labels and "
        "from one example, and rules are built in: each is better than what was there before."
    )
    known = (
        "Transformers are ahead with very many rows, or after pretraining on them; with few, "
        "convolutions are. Pretraining without labels is worth most where labels are few and "
        "rows many. Starts that were learned over tasks help with an example or two, often no "
        "more than features that were learned on the same classes. A rule that is true costs "
        "hardly anything. What generators draw is question 21; rules in the loss are in "
        "docs/rules.md."
    )
    sources = (
        "Dosovitskiy et al. 2021, transformers, https://arxiv.org/abs/2010.11929",
        "Chen et al. 2020, contrast, https://arxiv.org/abs/2002.05709",
        "Nichol et al. 2018, learned starts, https://arxiv.org/abs/1803.02999",
        "Raghu et al. 2020, features suffice, https://arxiv.org/abs/1909.09157",
        "Daniels and Velikova 2010, monotone nets, https://doi.org/10.1109/TNN.2010.2044803",
    )
    by_hand = """
import numpy as np
tokens = np.random.default_rng(0).normal(size=(4, 8))
scores = np.exp(tokens @ tokens.T / 8**0.5)  # attention: each token looks at all
print((scores / scores.sum(axis=1, keepdims=True) @ tokens).shape)
"""
    num_seeds: int = 3

    def measure(self) -> Findings:
        clothes, credit = net_rows(SMALL_CLOTHES), net_rows(CREDIT_MONOTONE)
        runs = [_of_seed(clothes, credit, seed) for seed in range(self.num_seeds)]
        found = {name: np.array([run[name] for run in runs]).T for name in runs[0]}
        table, ahead = {}, {}
        for name, values in found.items():
            table[name] = {"older": estimate(values[0]), "newer": estimate(values[1])}
            ahead[name] = values[1] - values[0]
        plain, monotone = found[RULE][2:]
        parts = [above(f"{name} is better", estimate(each)) for name, each in ahead.items()]
        parts[-1] = above(f"{RULE} loses less than .02", estimate(ahead[RULE]), -0.02)
        return Findings(
            "Accuracy on test pictures of clothes (16 × 16 pixels); of a start that Reptile "
            "learned on six kinds of clothes, on rows of the other four, against the nearest mean "
            f"of pixels; average precision on credit; {self.num_seeds} draws and seeds.",
            bars("Older and newer ways", table, y="score on new rows"),
            (
                *parts,
                above("without the rule, 1 % of answers fall with the debt", estimate(plain), 0.01),
                below("with it none do (1 in 1,000)", estimate(monotone), 1e-3),
            ),
        )


def _of_seed(clothes, credit, seed):
    """Scores of the older and the newer way; of the rule also the answers that break it."""
    found = {}
    for name, (size, steps, *nets) in PAIRS.items():
        few = _with_unlabelled(clothes, size, seed)
        # By epochs, so that pretraining sees each row once in its own.
        knobs = {"epochs": steps * BATCH // size, "batch_size": BATCH}
        fitted = [few.fit(net, seed=seed, **knobs) for net in nets]
        found[name] = [clothes.scores(each.model)["accuracy"] for each in fitted]
    new = learned_for_new(clothes, FlatCnn(), START, seed=seed)
    found[ONE], found[TWENTY] = (new.accuracies(number, seed) for number in (1, 20))
    nets = (Mlp(num_members=1), CREDIT_MONOTONE.build)
    models = [credit.fit(net, seed=seed, num_steps=400).model for net in nets]
    scores = [credit.scores(model)[credit.deciding] for model in models]
    fallen = [share_fallen(model, credit, CREDIT_MONOTONE) for model in models]
    found[RULE] = [*scores, *fallen]
    return found


def _with_unlabelled(clothes, size, seed):
    """Some labelled pictures, and 2,000 without."""
    few = clothes.few(size, seed=seed)
    more = clothes.few(2000, seed=seed)
    unlabelled = UnlabelledRows(more.train.x)
    return replace(few, train=replace(few.train, unlabelled=unlabelled))
