"""`run`: a named recipe."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import RecipeError
from .options import AnyRecipe, Drop, Group, Kinds, recipe_of
from .own_data import check_one_split, kinds_of
from .reading import Read, reading_of
from .watch import WatchedRunOptions

if TYPE_CHECKING:
    from ..recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class NamedOptions(WatchedRunOptions):
    """Options of `run`. Those of columns are for recipes of tables and series."""

    recipe: AnyRecipe
    drop: Drop = None
    kind: Kinds = None
    group: Group = None
    time: Annotated[
        str,
        typer.Option(
            metavar="COLUMN",
            help="The column with the time: hold out the last rows.",
        ),
    ] = ""
    read: Read = None


def run_named(options: NamedOptions) -> None:
    """Run a named recipe: raw rows to an int8 model."""
    recipe = recipe_of(options.recipe)
    recipe = _with_columns(recipe, options)
    options.train(replace(recipe, name=options.name or recipe.name))


def _with_columns(recipe: "Recipe", options: NamedOptions) -> "Recipe":
    """The recipe with the options of columns put into its loader, and the split that they ask for.

    The schema and the errors of any run name these options, so `run` has them too.
    """
    from ..rows.split import SplitByTime, SplitGrouped, SplitRandom

    check_one_split(options.group, options.time)
    load = recipe.load
    knobs = vars(load)
    changes: dict[str, object] = {}
    if options.drop:
        _require(recipe, knobs, "--drop", "drop")
        changes["drop"] = (*knobs["drop"], *options.drop)
    if options.kind:
        _require(recipe, knobs, "--kind", "kinds")
        changes["kinds"] = {**knobs["kinds"], **kinds_of(options.kind)}
    if options.read:
        _require(recipe, knobs, "--read", "reading")
        changes["reading"] = reading_of(options.read, start=knobs["reading"])
    split = recipe.split
    if options.group:
        _require(recipe, knobs, "--group", "group")
        changes["group"] = tuple(options.group)
        if type(split) is SplitRandom:
            split = SplitGrouped(test=split.test, valid=split.valid, seed=split.seed)
    if options.time:
        _require(recipe, knobs, "--time", "time")
        changes["time"] = options.time
        split = SplitByTime(test=split.test, valid=split.valid)
    return replace(recipe, load=replace(load, **changes), split=split)


def _require(recipe: "Recipe", knobs: Mapping[str, object], option: str, knob: str) -> None:
    if knob in knobs:
        return
    raise RecipeError(
        f"{option} with the recipe {recipe.name!r}",
        expected=f"knobs of {type(recipe.load).__name__}: {', '.join(knobs)}",
        fix=f"turn one of them: --set load.{next(iter(knobs))}=...",
    )
