"""A recipe with a narrower or wider net, and with each of its regularizers turned."""

from dataclasses import replace
from typing import Any

from ... import catalog
from ...errors import PipelineError
from ...recipe import Candidate, Recipe
from ...rows.parts import Schema
from ...run import settle
from ..tuning.space import has_knob, value_of
from ..tuning.usual import Scaled

# Knobs of networks that give how wide they are, the first that is there.
_WIDTHS = ("build.widths", "build.width", "build.of.widths", "build.of.width")
_DROPOUTS = ("build.dropout", "build.of.dropout", "build.head.dropout")
_USUAL_DROPOUT = 0.3
_MOST_DROPOUT = 0.7
_WEIGHT_DECAY = "training.optimizer.weight_decay"
_PENALTY = 1e-3


def width_knob(recipe: Recipe) -> str:
    """Returns the knob of the net's width, or "" if it has none."""
    for knob in _WIDTHS:
        if has_knob(recipe, knob) and value_of(recipe, knob):
            return knob
    return ""


def wider(recipe: Recipe, factor: float) -> Recipe:
    """Returns the recipe with a net so many times as wide.

    Raises:
        RecipeError: it has no such width.
    """
    knob = width_knob(recipe)
    scaled = Scaled(knob, (factor,))
    value = scaled.values_of(recipe)[0]
    return catalog.override(recipe, f"{knob}={value}")


def regularizers(recipe: Recipe) -> list[Candidate]:
    """Returns the recipe with one regularizer weaker, stronger or left out, for each that it may
    have: dropout, decay, L2, noise, augmentation, early stopping, a teacher, members.
    """
    found = [
        *_dropouts(recipe),
        *_decays(recipe),
        _set(recipe, "build.layers.l2", _PENALTY),
        _set(recipe, "build.layers.noise", 0.1),
        *_of_slots(recipe),
    ]
    usable = []
    for each in found:
        if each is not None and each.recipe != recipe:
            usable.append(each)
    return usable


def reason_against(recipe: Recipe, schema: Schema) -> str:
    """Returns why a recipe cannot learn from such rows, one line, or ""."""
    try:
        recipe.check()
        settle(recipe, schema)
    except PipelineError as error:
        return error.received.partition("\n")[0]
    return ""


def _set(recipe, knob, value):
    """The recipe with a knob turned, or None if it has no such knob, or has that value."""
    if not has_knob(recipe, knob):
        return None
    setting = f"{knob}={value}"
    return Candidate(setting, catalog.override(recipe, setting))


def _dropouts(recipe):
    for knob in _DROPOUTS:
        if not has_knob(recipe, knob):
            continue
        now = value_of(recipe, knob)
        more = _USUAL_DROPOUT
        if now:
            more = min(2 * now, _MOST_DROPOUT)
        return [_set(recipe, knob, 0.0), _set(recipe, knob, round(more, 3))]
    return []


def _decays(recipe):
    if not has_knob(recipe, _WEIGHT_DECAY):
        return []
    now = value_of(recipe, _WEIGHT_DECAY)
    more = 10 * now or 0.1
    return [_set(recipe, _WEIGHT_DECAY, 0.0), _set(recipe, _WEIGHT_DECAY, min(more, 10.0))]


def _of_slots(recipe):
    """The recipe without augmentation, without early stopping, without a teacher, and with one
    member in place of several.
    """
    found: list[Any] = []
    training = recipe.training
    if training.schedule.keeps_best:
        to_the_end = replace(training, schedule=training.schedule.to_the_end())
        found.append(Candidate("no early stopping", replace(recipe, training=to_the_end)))
    if recipe.augment:
        found.append(Candidate("augment=()", replace(recipe, augment=())))
    if recipe.teacher is not None:
        found.append(Candidate("teacher=None", replace(recipe, teacher=None)))
    if has_knob(recipe, "build.num_members") and value_of(recipe, "build.num_members") > 1:
        found.append(_set(recipe, "build.num_members", 1))
    return found
