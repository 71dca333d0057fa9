"""The recipe of a bundle, read back and checked like one that a user wrote: whoever made the bundle
need not be who runs it.
"""

from collections.abc import Sequence
from pathlib import Path

from ..errors import BundleError, RecipeError
from ..recipe import Recipe
from ..settings import from_json
from .folder import malformed, read_json


def read_recipe(folder: Path, specs: Sequence[type]) -> Recipe:
    """The recipe in a bundle's recipe.json, of the spec classes given. Raises BundleError where the
    file is missing, altered or no recipe, RecipeError where a name, a path or a knob is none that a
    recipe may have.
    """
    values = read_json(folder, "recipe.json")
    with malformed(folder, "recipe.json", "a recipe"):
        try:
            recipe = from_json(values, specs)
            if not isinstance(recipe, Recipe):
                raise TypeError(f"it is a {type(recipe).__name__}")
            recipe.check()
        except RecipeError as error:
            raise BundleError(
                f"recipe.json of the bundle {str(folder)!r}: {error.received}",
                expected=error.expected,
                fix="make the bundle again: python -m pipelines run ...",
            ) from error
    return recipe
