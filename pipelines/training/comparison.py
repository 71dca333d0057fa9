"""The recipe of the model that is trained for comparison in the report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..balance import WeightByClass
from ..rows.parts import TrainSet
from ..settings import written
from ..tasks import task_of

if TYPE_CHECKING:
    from ..recipe import Recipe

# Classes are imbalanced if the commonest has more than this many rows for one of the rarest.
MOST_ROWS_FOR_ONE = 3


def other_recipe(recipe: Recipe, train: TrainSet) -> tuple[Recipe | None, str]:
    """Changes the one choice that the report shows the effect of.

    Returns:
        The recipe with the other choice of balancing, of series with a linear network, of an
        ensemble with one net of it; and what is different about it, in words. None if there is
        nothing to compare.
    """
    if not recipe.judge.beside:
        return None, ""
    recipe = replace(recipe, training=replace(recipe.training, watch=False))
    if recipe.build.fits_members:
        net = recipe.build.single()
        return replace(recipe, build=net), f"one net, {written(net)}"
    if task_of(train.schema.target).needs_frame:
        linear = recipe.build.linear()
        if linear is None:
            return None, ""
        return replace(recipe, build=linear), repr(linear)
    if recipe.balancer() is not None:
        return replace(recipe, balance=None, build=recipe.plain_build()), "no balancing"
    if not _is_imbalanced(train):
        return None, ""
    weights = WeightByClass()
    return replace(recipe, balance=weights, build=recipe.plain_build()), repr(weights)


def _is_imbalanced(rows):
    if not task_of(rows.schema.target).has_classes:
        return False
    counts = rows.count_classes()
    return counts.min() * MOST_ROWS_FOR_ONE < counts.max()
