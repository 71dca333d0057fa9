"""Question 50: four newer ways, each against what was there before."""

from dataclasses import dataclass

import numpy as np

from ..studies.learned_starts import Reptile
from ..tabular import CREDIT_MONOTONE, Mlp
from ..vision import Cnn, Vit
from .frame import Answer, Findings, above, bars, below, estimate, net_rows
from .frame.fallen import share_fallen, with_more_debt
from .frame.flat_cnn import SMALL_CLOTHES, FlatCnn
from .frame.new_classes import learned_for_new
from .frame.unlabelled import contrastive, with_unlabelled

FEW, MANY = "300 pictures: transformer", "2,000 pictures: transformer"
LABELS = "60 labels: contrastive pretraining"
ONE, TWENTY = "1 example: learned start", "20 examples: learned start"
RULE = "credit: monotone net"
START = Reptile(num_tasks=100)
NET = Cnn(widths=(16, 32), pool_after=(0, 1))
TRANSFORMER = Vit(width=16, depth=1, heads=2)
SHORT, LONG = {"num_steps": 120, "batch_size": 32}, {"num_steps": 240, "batch_size": 32}
EPOCHS = {"epochs": 8, "batch_size": 20}
# Labelled pictures, how long they are learned from, then the older and the newer net.
PAIRS = {
    FEW: (300, SHORT, FlatCnn(), TRANSFORMER),
    MANY: (2000, LONG, FlatCnn(), TRANSFORMER),
    LABELS: (60, EPOCHS, NET, contrastive(NET)),
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
        more = with_more_debt(credit)
        runs = [_of_seed(clothes, (credit, more), seed) for seed in range(self.num_seeds)]
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


def _of_seed(clothes, credit_and_more, seed):
    """Scores of the older and the newer way; of the rule also the answers that break it."""
    credit, more = credit_and_more
    found = {}
    for name, (size, length, *nets) in PAIRS.items():
        few = clothes.few(size, seed=seed)
        if name == LABELS:
            few = with_unlabelled(few, clothes.few(2000, seed=seed))
        fitted = [few.fit(net, seed=seed, **length) for net in nets]
        found[name] = [clothes.scores(each.model)["accuracy"] for each in fitted]
    new = learned_for_new(clothes, FlatCnn(), START, seed=seed)
    found[ONE], found[TWENTY] = (new.accuracies(number, seed) for number in (1, 20))
    nets = (Mlp(num_members=1), CREDIT_MONOTONE.build)
    models = [credit.fit(net, seed=seed, num_steps=250).model for net in nets]
    scores = [credit.scores(model)[credit.deciding] for model in models]
    fallen = [share_fallen(model, credit, more) for model in models]
    found[RULE] = [*scores, *fallen]
    return found
