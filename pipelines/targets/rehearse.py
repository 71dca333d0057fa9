"""What the targets answer about a network before it is trained."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np

from ..compress.tuning import Untuned
from ..convert.scales import staggered_copies
from ..errors import RecipeError
from ..slots import Network
from ..training.layers import built_with_layers
from ..training.members import average_members
from .export import convert_forms
from .exported_model import ExportedModel
from .refusals import ask_targets

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..training.inputs import TrainingInputs

# The standard deviation of what was 0.
_MOVED = 0.01


def rehearse(recipe: Recipe, inputs: TrainingInputs) -> dict[str, str]:
    """Asks the targets about the untrained network, if one of them has something to say.

    A network of random weights, none of which is 0, takes the bytes, the memory and the time of the
    trained one.

    Returns:
        The form of each target that is not required and is left out → the reason.

    Raises:
        RecipeError: the network cannot run on a required target, or would break a budget.
        ExportError, VerifyError: a required target lacks an operator of it.
    """
    if not needs_rehearsal(recipe):
        return {}
    targets = recipe.shipping.runs_on()
    model = _untrained(recipe, inputs)
    if not _needs_file(recipe):
        return ask_targets(targets, inputs.signature, model)
    model = _with_moved_zeros(model, recipe.training.seed)
    exported, refused = _converted(recipe, inputs, model)
    asked = [target for target in targets if target.form not in refused]
    _check_budgets(asked, exported, recipe.build)
    return refused


def needs_rehearsal(recipe: Recipe) -> bool:
    """Tests whether a target has something to say about the untrained network: a budget, an
    operator that its runtime may lack, or what it asks of any network.
    """
    asks_net = any(target.asks_net for target in recipe.shipping.runs_on())
    return asks_net or _needs_file(recipe)


def _needs_file(recipe):
    """Returns whether the untrained network must be converted: there is a budget, or a runtime may
    lack an operator of it, one that runs other than LiteRT's fastest kernels.
    """
    if any(target.has_budget() for target in recipe.shipping.runs_on()):
        return True
    if recipe.build.has_known_operators():
        return False
    return any(target.kernels for target in recipe.shipping.targets)


def export_untrained(recipe: Recipe, inputs: TrainingInputs) -> ExportedModel:
    """Returns the untrained network with its TFLite files, which are as large as the trained ones.

    Raises:
        PipelineError: it cannot be built or converted.
    """
    exported, _ = _converted(recipe, inputs, _untrained(recipe, inputs))
    return exported


def _untrained(recipe, inputs):
    seed = recipe.training.seed
    return average_members(built_with_layers(recipe.build, inputs.signature, seed=seed))


def _with_moved_zeros(model, seed):
    """Moves weights that begin at 0, such as biases, as training does: the converter leaves zeros
    out of the file.
    """
    random = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        values = variable.numpy()
        if not values.any():
            variable.assign(random.normal(0, _MOVED, values.shape))
    return model


def _converted(recipe, inputs, model):
    """The network with its TFLite files, and the forms that runtimes refuse → the reason."""
    return convert_forms(
        ExportedModel(
            recipe.name,
            inputs.signature,
            _pruned(recipe, model),
            {},
            inputs.calibration,
            recipe.training.seed,
            inputs.train_rows,
        ),
        recipe.shipping,
        copies=staggered_copies(recipe.build, inputs.signature, recipe.shipping.quantize),
    )


def _pruned(recipe, model):
    for spec in recipe.shipping.compress:
        if spec.shrinks_untrained:
            model = spec.compress(model, Untuned())
    return model


def _check_budgets(targets, exported, build):
    for target in targets:
        if not target.has_budget():
            continue
        cost = target.cost(exported)
        broken = target.broken_budget(cost)
        if not broken:
            continue
        if cost.shares:
            broken = f"{broken}; {cost.shares}"
        knobs = ", ".join(_size_knobs(build, "build"))
        raise RecipeError(
            f"the untrained net breaks a budget: {broken}",
            expected="a net within its budgets",
            fix=f"make the net smaller by --set: it has {knobs}; or raise the budget",
        )


def _size_knobs(spec, name):
    """Yields the knobs of a net that hold whole numbers above 1, with their values."""
    for each in fields(spec):
        value = vars(spec)[each.name]
        knob = f"{name}.{each.name}"
        if isinstance(value, Network):
            yield from _size_knobs(value, knob)
        elif isinstance(value, tuple) and value and all(map(_is_size, value)):
            yield f"{knob}={value}"
        elif _is_size(value):
            yield f"{knob}={value}"


def _is_size(value):
    return type(value) is int and value > 1
