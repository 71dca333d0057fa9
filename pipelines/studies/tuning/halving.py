"""Successive halving: most trials end after a ninth of their epochs, a third of the rest after a
third (Li et al. 2020, https://arxiv.org/abs/1810.05934).
"""

from collections.abc import Mapping
from dataclasses import replace

from ...recipe import Recipe

SHARES = (1 / 9, 1 / 3, 1.0)
KEPT = 3


def at_share(recipe: Recipe, share: float) -> Recipe:
    """Returns the recipe with a share of its epochs, at least one."""
    epochs = max(round(recipe.training.epochs * share), 1)
    return replace(recipe, training=replace(recipe.training, epochs=epochs))


def survivors(scores: Mapping[int, float], *, is_smaller_better: bool) -> set[int]:
    """Returns the numbers of the best third of all trials that have a score, at least of one.

    Args:
        scores: number of a trial → its score after so many epochs.
        is_smaller_better: whether less is better.
    """
    sign = 1 if is_smaller_better else -1
    order = sorted(scores, key=lambda number: (sign * scores[number], number))
    return set(order[: max(len(order) // KEPT, 1)])
