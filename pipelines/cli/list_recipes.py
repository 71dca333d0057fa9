"""`list`: the named recipes."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """`list` has no options."""


def list_recipes(options: ListOptions) -> None:
    """Name the recipes and what each predicts."""
    from .. import catalog

    for name, recipe in catalog.RECIPES.items():
        print(f"{name:16} {recipe.about}")
