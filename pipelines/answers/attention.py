"""Question 19: words that are written backwards, by length, with and without attention."""

import tempfile
from dataclasses import dataclass

import numpy as np

from ..text import AttentionDecoder
from ..training.optimizers import AdamW
from .frame import Answer, Findings, above, below, curves, estimate, net_rows
from .frame.mirrored import (
    is_right,
    letters_read,
    mirrored_words,
    num_letters,
    share_mirrored,
    with_map,
)

LENGTHS = range(3, 11)
NUM_SHORT = 3  # of the lengths; as many are long
RIGHT = 0.9
WITH = "attention, a query a letter"
ONE = "one vector"
MAP = "what is read"
KNOBS = {"depth": 5, "dropout": 0.0, "embedding_dropout": 0.0}
NETS = {
    WITH: AttentionDecoder(width=48, queries=10, **KNOBS),
    ONE: AttentionDecoder(width=48, queries=1, **KNOBS),
}


@dataclass(frozen=True)
class Attention(Answer):
    """Writes words of remarks backwards, letter by letter."""

    number = 19
    question = "What is attention in sequence to sequence?"
    claim = (
        "Without attention the whole input must pass through one vector, so that long ones are "
        "spoiled; with attention the decoder looks back at what it needs in each step, and "
        "length does not matter. The weights show where it looks."
    )
    known = (
        "Here the right place is known: the mirrored letter. What is looked at are vectors that "
        "convolutions made of five letters and more, so that a neighbour holds the letter too: "
        "weights agree with alignments in part, and are no proof of a reason. A query must know "
        "which place it asks for: decoders that get it from a state or a code of places are less "
        "troubled by length than these learned queries. One vector is enough for what is short, or "
        "if it is wide and trained for long; attention alone is the transformer (question 50)."
    )
    sources = (
        "Bahdanau, Cho and Bengio 2015, https://arxiv.org/abs/1409.0473",
        "Luong, Pham and Manning 2015, https://arxiv.org/abs/1508.04025",
        "Jain and Wallace 2019, weights are no reason, https://arxiv.org/abs/1902.10186",
    )
    by_hand = """
import numpy as np
read, asked = np.eye(4), np.eye(4)[::-1] * 5  # states of four letters, questions of four steps
shares = np.exp(asked @ read.T) / np.exp(asked @ read.T).sum(axis=1, keepdims=True)
print(shares.round(2))  # the last letter first
"""
    num_seeds: int = 3
    epochs: int = 10

    def measure(self) -> Findings:
        with tempfile.TemporaryDirectory() as folder:
            recipe = mirrored_words(folder)
            splits = [net_rows(recipe, seed=seed) for seed in range(self.num_seeds)]
        runs = [self._of_seed(rows, seed) for seed, rows in enumerate(splits)]
        found = {name: np.array([run[name] for run in runs]) for name in NETS}
        looks = [share_mirrored(rows, run[MAP]) for rows, run in zip(splits, runs, strict=True)]
        long = {name: each[:, -NUM_SHORT:].mean(axis=1) for name, each in found.items()}
        short = {name: each[:, :NUM_SHORT].mean(axis=1) for name, each in found.items()}
        first = splits[0]
        exhibit = curves(
            "Words written backwards",
            LENGTHS,
            found,
            x="letters",
            y="exact match",
        )
        return Findings(
            f"Share of words that are right in every letter: {len(first.test):,} words of remarks "
            f"on bird strikes, {len(first.train):,} others to learn from, {self.epochs} epochs of "
            f"64, five convolutions of 48 channels, {self.num_seeds} splits and seeds; short is 3 "
            "to 5 letters, long 8 to 10.",
            with_map(exhibit, first, runs[0][MAP]),
            (
                above("long words: attention is better", estimate(long[WITH] - long[ONE])),
                above("long words with attention: .9 are right", estimate(long[WITH]), RIGHT),
                above("one vector: short ones better by .2", estimate(short[ONE] - long[ONE]), 0.2),
                below(
                    "attention: short ones better by .05 at most",
                    estimate(short[WITH] - long[WITH]),
                    0.05,
                ),
                above("the letter read most is the mirrored one (.9)", estimate(looks), RIGHT),
            ),
        )

    def _of_seed(self, rows, seed):
        """Exact match by length of each net, and what attention reads."""
        lengths = num_letters(rows)
        found = {}
        for name, net in NETS.items():
            fitted = rows.fit(
                net,
                seed=seed,
                epochs=self.epochs,
                batch_size=64,
                optimizer=AdamW(learning_rate=0.003),
            )
            right = is_right(rows, fitted.model)
            found[name] = [right[lengths == each].mean() for each in LENGTHS]
            if name == WITH:
                found[MAP] = letters_read(rows, fitted.model)
        return found
