"""The recipe of a bundle, read back and checked like one that a user wrote: whoever made the bundle
need not be who runs it.
"""

from collections.abc import Sequence
from pathlib import Path

from ..device.regular import read_regular
from ..device.signature import MAX_JSON_BYTES
from ..device.typed import load_json
from ..engine.workspace import write_whole
from ..errors import BundleError, RecipeError
from ..recipe import Recipe
from ..settings import from_json, to_json
from .folder import as_json, malformed, read_json


def read_recipe(folder: Path, specs: Sequence[type]) -> Recipe:
    """The recipe in a bundle's recipe.json, of the spec classes given. Raises BundleError where the
    file is missing, altered or no recipe, RecipeError where a name, a path or a knob is none that a
    recipe may have.
    """
    values = read_json(folder, "recipe.json")
    again = "make the bundle again: python -m pipelines run ..."
    return _as_recipe(values, specs, path=folder / "recipe.json", fix=again)


def load_recipe(path: Path, specs: Sequence[type]) -> Recipe:
    """Returns the recipe in a file, such as `tune` writes.

    Args:
        path: of a file like a bundle's recipe.json.
        specs: the classes that may stand in it.

    Raises:
        BundleError: the file cannot be read or holds no recipe.
        RecipeError: a name, a path or a knob in it is none that a recipe may have.
    """
    expected = "a recipe.json, as a bundle has it and as tune writes it"
    try:
        values = load_json(read_regular(path, MAX_JSON_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(
            f"the recipe {str(path)!r} cannot be read: {error}",
            expected=expected,
            fix="name a recipe of the catalogue (python -m pipelines list), or such a file",
        ) from error
    return _as_recipe(values, specs, path=path, fix=f"give {expected}")


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Writes a recipe as a file that `run` takes; at every moment it is whole."""
    write_whole(path, as_json(to_json(recipe)).encode())


def _as_recipe(values, specs, *, path, fix):
    """Returns the recipe of values of JSON, checked like one that a user wrote."""
    with malformed(path, "a recipe"):
        try:
            recipe = from_json(values, specs)
            if not isinstance(recipe, Recipe):
                raise TypeError(f"it is a {type(recipe).__name__}")
            recipe.check()
        except RecipeError as error:
            received = f"{path.name} in {str(path.parent)!r}: {error.received}"
            raise BundleError(received, expected=error.expected, fix=fix) from error
    return recipe
