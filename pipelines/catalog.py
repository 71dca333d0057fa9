"""Named recipes, and every spec that a recipe can hold: the one place that knows the modalities."""

import dataclasses
import inspect
import types
from dataclasses import replace

from . import balance, compress, steps, tabular, text, timeseries, vision
from . import recipe as recipes
from .convert.quantize import Quantize
from .errors import RecipeError
from .recipe import Judge, Recipe, Shipping, Tried
from .rows import split, split_by_time, split_fold
from .slots import Layers
from .sources import prototypes
from .spec import Spec
from .targets.c.spec import TargetC
from .targets.ethosu.spec import TargetEthosU
from .targets.litert.spec import TargetLiteRT
from .targets.mediapipe.spec import TargetMediaPipe
from .targets.micro.spec import TargetMicro
from .targets.web.spec import TargetWeb
from .training import (
    averaging,
    class_losses,
    clipping,
    ensembles,
    losses,
    number_losses,
    optimizers,
    rule_loss,
    schedules,
)
from .training.training import Training

RECIPES = {
    "birds_mlp": tabular.BIRDS,
    "credit_mlp": tabular.CREDIT,
    "credit_monotone": tabular.CREDIT_MONOTONE,
    "storms_mlp": tabular.STORMS,
    "storms_rules": tabular.STORMS_RULES,
    "penguins_mlp": tabular.PENGUINS,
    "fashion_cnn": vision.FASHION,
    "emoji_cnn": vision.EMOJI,
    "emoji_generated": vision.EMOJI_GENERATED,
    "emoji_lite0": vision.EMOJI_LITE0,
    "fashion_prototypes": vision.FASHION_PROTOTYPES,
    "fashion_100kb": vision.FASHION_100KB,
    "fashion_30kb": vision.FASHION_30KB,
    "fashion_few_labels": vision.FASHION_FEW_LABELS,
    "remarks_cnn": text.REMARKS,
    "remarks5_cnn": text.REMARKS5,
    "remarks_linear": text.REMARKS_LINEAR,
    "dates_attention": text.DATES,
    "dates_stepwise": text.DATES_STEPWISE,
    "glucose_mlp": timeseries.GLUCOSE,
    "weather_linear": timeseries.WEATHER,
    "italy_power": timeseries.ITALY_POWER,
    "gun_point": timeseries.GUN_POINT,
    "gun_point_minirocket": timeseries.GUN_POINT_MINIROCKET,
    "basic_motions": timeseries.BASIC_MOTIONS,
    "weather_anomaly": timeseries.WEATHER_ANOMALY,
}

RUNTIMES = (TargetLiteRT, TargetMicro, TargetC, TargetMediaPipe, TargetWeb, TargetEthosU)

# The rooms whose public specs a recipe can hold, and the files that have no room of their own.
_ROOMS = (prototypes, losses, class_losses, number_losses, rule_loss)
_ROOMS += (optimizers, clipping, averaging, schedules, split, split_by_time, split_fold)
_ROOMS += (compress, steps, balance, tabular, vision, text, timeseries, ensembles)


def _public_specs(room: types.ModuleType) -> list[type]:
    """The specs that a room lists in `__all__`, or that a file without one defines."""
    found = vars(room)
    own = []
    for name, value in found.items():
        if _is_spec(value) and _is_of(value, room):
            own.append(name)
    names = found.get("__all__", own)
    return [found[name] for name in names if _is_spec(found[name])]


def _is_spec(value):
    if not (isinstance(value, type) and issubclass(value, Spec)):
        return False
    is_final = not inspect.isabstract(value) and not value.__name__.startswith("_")
    return is_final and dataclasses.is_dataclass(value)


def _is_of(value, room):
    return value.__module__ == room.__name__


def _all_specs() -> tuple[type, ...]:
    """Every spec class, each once: what recipes hold, then the rooms in their order."""
    found = [Recipe, Tried, Judge, Training, Shipping, Quantize, Layers, *RUNTIMES]
    for room in _ROOMS:
        found += _public_specs(room)
    return tuple(dict.fromkeys(found))


SPECS = _all_specs()


TARGETS = {runtime.word(): runtime() for runtime in RUNTIMES}


def targets_named(words: str) -> tuple:
    """The targets of words with commas between them: "micro,web,mediapipe?". One with a question
    mark is optional: where a net cannot run there, the report gives the reason, and the others are
    written. Raises RecipeError for a word that is none.
    """
    required = {}
    for word in words.split(","):
        name = word.strip().removesuffix("?")
        if name not in TARGETS:
            raise RecipeError(
                f"the target {word.strip()!r}",
                expected=", ".join(TARGETS),
                fix="name some of these, with commas between them; 'micro,web?' where web is "
                "optional",
            )
        required[name] = required.get(name, False) or not word.strip().endswith("?")
    return tuple(replace(TARGETS[name], required=needed) for name, needed in required.items())


def override(recipe: Recipe, *settings: str) -> Recipe:
    """The recipe with knobs turned: override(recipe, "training.epochs=3", "balance=SmoteNC()").
    Raises RecipeError.
    """
    for setting in settings:
        recipe = recipes.override(recipe, setting, SPECS)
    return recipe
