"""Question 42: gradients that explode, clipped by value and by norm."""

from dataclasses import dataclass

import numpy as np

from ..training.clipping import ClipByGlobalNorm, ClipByValue
from .frame import Answer, Findings, above, bars, below, estimate, exactly

STEPS = 50  # of the recurrence
RATE = 1.0
WAYS = {
    "none": None,
    "by value": ClipByValue(limit=0.5),
    "by norm": ClipByGlobalNorm(limit=0.5),
    "far too small": ClipByGlobalNorm(limit=1e-3),
}
CLIPPED = ("by value", "by norm")


@dataclass(frozen=True)
class GradientClipping(Answer):
    """Trains a recurrent unit of two weights over 50 steps, whose loss has a cliff."""

    number = 42
    question = "What is gradient clipping?"
    claim = (
        "Recurrent nets have cliffs where the gradient explodes, and one step throws the "
        "weights far away. Clipping by norm keeps the direction of the step and clipping by "
        "value does not; both let the net learn."
    )
    known = (
        "The direction is kept by norm alone. Clipping by value works as well in practice, "
        "being a step of bounded size too, much like a sign. Clipping treats exploding "
        "gradients, never vanishing ones, and a threshold that is far too small is only a "
        "small rate."
    )
    sources = (
        "Pascanu, Mikolov and Bengio 2013, https://arxiv.org/abs/1211.5063",
        "Zhang et al. 2020, why clipping is faster, https://arxiv.org/abs/1905.11881",
        "Mikolov 2012, section 3.2.2, https://www.fit.vut.cz/study/phd-thesis/283/",
    )
    by_hand = """
import numpy as np
g = np.array([3.0, 40.0])
print(np.clip(g, -1, 1), g * min(1, 1 / np.linalg.norm(g)))  # by value, by norm
"""
    num_starts: int = 200
    num_steps: int = 400

    def measure(self) -> Findings:
        random = np.random.default_rng(0)
        starts = random.uniform([1.0, -1.5], [5.0, 0.0], (self.num_starts, 2))
        learned, longest, table = {}, {}, {}
        for name, clip in WAYS.items():
            losses, longest[name] = self._descend(starts, clip)
            learned[name] = np.where(losses < 0.01, 1.0, 0.0)
            shown = {"share that learned": learned[name], "longest step": longest[name]}
            table[name] = {each: estimate(values) for each, values in shown.items()}
        gained = {name: estimate(each - learned["none"]) for name, each in learned.items()}
        turns = [estimate(_turns(WAYS[name])) for name in CLIPPED]
        few = estimate(learned["far too small"])
        return Findings(
            f"x <- tanh(w x + b), {STEPS} steps, loss (x - .7)², rate {RATE}, "
            f"{self.num_starts} "
            f"starts, {self.num_steps} updates.",
            bars("A unit with a cliff, with and without clipping", table, y="value"),
            (
                above(
                    "a step without clipping is longer than 1", exactly(longest["none"].max()), 1
                ),
                below("by norm the direction is kept", turns[1], 1e-6),
                above("by value it turns by .1 radian and more", turns[0], 0.1),
                above("more starts learn by norm than without", gained["by norm"]),
                above("and by value", gained["by value"]),
                below("with a threshold far too small hardly any learn", few, 0.2),
            ),
        )

    def _descend(self, weights, clip):
        """The last loss of each start, and its longest step."""
        longest = np.zeros(len(weights))
        for _ in range(self.num_steps):
            step = RATE * _clipped(_slopes(weights)[1], clip)
            longest = np.maximum(longest, np.linalg.norm(step, axis=1))
            weights = weights - step
        return _slopes(weights)[0], longest


def _slopes(weights):
    """The losses of units that start at .5, and their gradients by weight and bias."""
    x = np.full(len(weights), 0.5)
    slopes = np.zeros_like(weights)
    for _ in range(STEPS):
        before = np.column_stack([x, np.ones_like(x)])
        slopes = before + weights[:, :1] * slopes
        x = np.tanh(np.sum(weights * before, axis=1))
        slopes = (1 - x**2)[:, None] * slopes
    return (x - 0.7) ** 2, 2 * (x - 0.7)[:, None] * slopes


def _clipped(gradients, clip):
    """Gradients float64 [starts, weights] as the spec of clipping makes them."""
    if clip is None:
        return gradients
    if isinstance(clip, ClipByValue):
        return np.clip(gradients, -clip.limit, clip.limit)
    norms = np.linalg.norm(gradients, axis=1, keepdims=True)
    return gradients * np.minimum(1.0, clip.limit / np.maximum(norms, 1e-30))


def _turns(clip):
    """The angles between random gradients and what clipping leaves of them."""
    gradients = np.random.default_rng(0).normal(size=(50, 5)) * 3
    kept = _clipped(gradients, clip)
    lengths = np.linalg.norm(gradients, axis=1) * np.linalg.norm(kept, axis=1)
    return np.arccos(np.minimum(np.sum(gradients * kept, axis=1) / lengths, 1.0))
