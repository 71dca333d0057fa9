"""Options that several commands share."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..slots import Loader

AnyLoader = TypeVar("AnyLoader", bound="Loader")
STOPPED = "stopped: no bundle was written; the same command goes on from here"

Bundle = Annotated[
    Path,
    typer.Argument(
        metavar="BUNDLE",
        help="The folder of a bundle: saved_models/<name>.",
    ),
]
Folder = Annotated[
    Path, typer.Option(metavar="FOLDER", help="The folder that bundles are written to.")
]
Form = Annotated[
    str,
    typer.Option(
        metavar="FORM", help="The model file: int8 or float32; uint8 for models of pictures."
    ),
]
RecipeName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A named recipe; see `list`.",
    ),
]
AnyRecipe = Annotated[
    str,
    typer.Argument(
        metavar="RECIPE",
        help="A named recipe (see `list`), or a bundle or a recipe.json: its recipe.",
    ),
]
RunsOn = Annotated[
    str,
    typer.Option(
        metavar="RUNTIMES",
        help="Where the model shall run: litert, micro, c, mediapipe, web, ethosu, with commas "
        "between them. One with a question mark is optional: 'litert,web?'.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KNOB=VALUE",
        help="Turn a knob of the recipe: training.epochs=3, 'balance=SmoteNC()', split.seed=1. "
        "`knobs` lists them.",
    ),
]
Strategy = Annotated[
    str,
    typer.Option(
        metavar="WORD",
        help="Where training runs: auto takes a TPU, several GPUs, one GPU or the CPU, in this "
        "order; or cpu, gpu, mirrored (all GPUs), tpu.",
    ),
]
DataService = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS|N",
        help="A tf.data service whose workers augment the batches of training, such as "
        "grpc://host:5000; or N workers of this machine (docs/training.md).",
    ),
]
Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh",
        help="Compute everything again, whatever earlier runs have finished.",
    ),
]
Name = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Name of the bundle; by default that of the file.",
    ),
]
Target = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="The column to predict. Several 0/1 columns, each its own label: repeat the option.",
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="COLUMN=KIND",
        help="State a column's kind: numeric, categorical, boolean, date, date:%d.%m.%Y, "
        "date:unix or ignored. May be repeated.",
    ),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Leave a column out. May be repeated."),
]
Group = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Keep rows with the same value of this column (a patient) in one part of the split. "
        "May be repeated.",
    ),
]


@dataclass(frozen=True)
class _OnlyLoad:
    """What `--set load.KNOB` is applied to before there is a recipe."""

    load: "Loader"


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What every command that trains a model has.

    Attributes:
        name: of the bundle.
        settings: knobs to turn, such as "training.epochs=3".
        runs_on: runtimes with commas between them; "" keeps those of the recipe.
        folder: that the bundle is written to.
        fresh: whether everything is computed again.
        strategy: where training runs; "" keeps the recipe's own.
        data_service: whose workers make the batches; "" keeps the recipe's own.
    """

    name: Name = ""
    settings: Settings = None
    runs_on: RunsOn = ""
    folder: Folder = Path("saved_models")
    fresh: Fresh = False
    strategy: Strategy = ""
    data_service: DataService = ""

    def turned(self, words: str) -> "Recipe":
        """Returns the recipe of RECIPE under --name, with the knobs turned."""
        recipe = recipe_of(words)
        return self.applied_to(replace(recipe, name=self.name or recipe.name))

    def turned_load(self, load: "AnyLoader") -> "AnyLoader":
        """Returns the loader with its knobs turned: the recipe that is made for it follows from
        them, such as the split from `load.group`.
        """
        from .. import catalog, settings

        only = _OnlyLoad(load)
        for setting in self.settings or []:
            if setting.startswith("load."):
                only = settings.override(only, setting, catalog.SPECS, what="this recipe")
        return cast("AnyLoader", only.load)

    def applied_to(self, recipe: "Recipe") -> "Recipe":
        """Returns the recipe with the knobs turned and the runtimes chosen."""
        from .. import catalog

        if self.runs_on:
            targets = catalog.targets_named(self.runs_on)
            recipe = replace(recipe, shipping=replace(recipe.shipping, targets=targets))
        if self.strategy:
            recipe = replace(recipe, training=replace(recipe.training, strategy=self.strategy))
        if self.data_service:
            training = replace(recipe.training, data_service=self.data_service)
            recipe = replace(recipe, training=training)
        return catalog.override(recipe, *self.settings or [])


def recipe_of(words: str) -> "Recipe":
    """Returns a recipe of the catalogue, or that of a bundle or of a recipe.json.

    Raises:
        BundleError: the file holds no recipe.
        RecipeError: there is no such recipe.
    """
    from .. import catalog
    from ..bundle.saved_recipe import load_recipe, read_recipe

    place = Path(words)
    if words in catalog.RECIPES or not place.exists():
        return named_recipe(words)
    if place.is_dir():
        return read_recipe(place, catalog.SPECS)
    return load_recipe(place, catalog.SPECS)


def named_recipe(name: str) -> "Recipe":
    """Returns a recipe of the catalogue. Raises RecipeError for a name that it does not have."""
    from difflib import get_close_matches

    from .. import catalog
    from ..errors import RecipeError

    if name in catalog.RECIPES:
        return catalog.RECIPES[name]
    close = get_close_matches(name, catalog.RECIPES, n=1)
    if close:
        fix = f"did you mean {close[0]}?"
    else:
        fix = "python -m pipelines list; for data of your own: table, images, text or series"
    raise RecipeError(f"recipe {name!r}", expected=", ".join(catalog.RECIPES), fix=fix)
