"""The knobs of a recipe as parameters of scikit-learn."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import catalog
from ..recipe import Recipe

_SLOTS = frozenset(field.name for field in dataclasses.fields(Recipe))


def is_knob(parameter: str) -> bool:
    """Returns whether a parameter such as training__epochs, or build, names a slot of a recipe."""
    slot, _, _ = parameter.partition("__")
    return slot in _SLOTS


def knob_of(parameter: str) -> str:
    """Returns the knob of a parameter: training.epochs of training__epochs."""
    return parameter.replace("__", ".")


def parameter_of(knob: str) -> str:
    """Returns the parameter of a knob: training__epochs of training.epochs."""
    return knob.replace(".", "__")


def turned(recipe: Recipe, knobs: Mapping[str, Any] | None) -> Recipe:
    """Returns the recipe with knobs turned.

    Args:
        recipe: The slots in order.
        knobs: Such as {"training.epochs": 5, "build": Mlp(widths=(32,))}.

    Raises:
        RecipeError: There is no such knob, or it takes no such value.
    """
    settings = []
    for knob, value in (knobs or {}).items():
        settings.append(f"{knob}={_plain(value)!r}")
    return catalog.override(recipe, *settings)


def _plain(value):
    """Returns a number of numpy, as grids have them, as one of Python."""
    if isinstance(value, np.generic):
        return value.item()
    return value
