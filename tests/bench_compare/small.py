"""The small recipes that slots are compared with: one net, no teacher, nothing balanced."""

from dataclasses import replace

from pipelines import catalog
from pipelines.recipe import Recipe
from pipelines.tabular import Mlp

NAMES = ("birds_mlp", "credit_mlp", "storms_mlp")


def small_form(
    recipe: Recipe,
    *,
    epochs: int = 15,
    batch_size: int = 128,
) -> Recipe:
    """Returns a recipe of a table with one net of 64 units and few epochs."""
    training = replace(recipe.training, epochs=epochs, batch_size=batch_size)
    return replace(
        recipe,
        teacher=None,
        build=Mlp(widths=(64,), num_members=1),
        training=training,
        judge=replace(recipe.judge, peers=False),
    )


def unbalanced(name: str) -> Recipe:
    """Returns the small form of a named recipe with nothing balanced, for some 2,000 rows."""
    small = small_form(
        catalog.RECIPES[name],
        epochs=40,
        batch_size=64,
    )
    return replace(small, balance=None)
