"""A trained net → what ships: its forms, the decision of int8 and the files of every target; and
before it is trained, what the targets say of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from .compress import Tuning, make_tuning, share_of_zeros
from .compress.tuning import Untuned
from .convert.convert import convert
from .convert.description import described
from .convert.lower import NUM_COPIES, pixel_rescaling
from .convert.stream import streaming_form, with_streaming
from .device.runner import LiteRT, Runner
from .device.signature import Signature
from .errors import ExportError, RecipeError
from .recipe import Recipe
from .report.terminal import Stages
from .rows.parts import HeldOut, TrainSet
from .targets.exported_model import ExportedModel
from .targets.files import files_for
from .targets.refusals import ask_files, ask_targets
from .tasks import task_of
from .training.feed import TrainFeed
from .training.members import average_members
from .verify.ladder import answer_all


@dataclass(frozen=True)
class Ready:
    """Rows as ports, before a net learns from them: the signature without decisions, what training
    is fed, the training rows as they were before balancing, the validation rows, the rows that a
    decision is chosen on, and `balanced`: a balancer or None → the training rows under it.
    `refused`: rung → why its target is left out.
    """

    signature: Signature
    feed: TrainFeed
    calibration: TrainSet
    valid: HeldOut
    to_decide: HeldOut | TrainSet
    balanced: Callable[[object], TrainSet]
    refused: dict[str, str]


def rehearse(recipe: Recipe, signature: Signature, rows: TrainSet, raw: TrainSet) -> dict[str, str]:
    """Asks the targets about the untrained net, where one of them has something to say: rung → why
    its target, which is not required, is left out. Raises RecipeError where a required one cannot
    be, or a budget would be broken.

    `rows`: training rows as ports, and `raw`. The net of drawn weights takes the bytes, the memory
    and the time that the trained one will.
    """
    targets = recipe.shipping.runs_on()
    if not any(target.has_budget() or target.asks_net for target in targets):
        return {}
    model = average_members(recipe.build.build(signature, seed=recipe.training.seed))
    refused = ask_targets(targets, signature, model)
    if any(target.has_budget() for target in targets):
        for spec in recipe.shipping.compress:
            if spec.shrinks_untrained:
                model = spec.compress(model, Untuned())
        made = ExportedModel(recipe.name, signature, model, {}, rows, recipe.training.seed, raw)
        tflite = convert(
            model,
            rows,
            seed=made.seed,
            copies=staggered_copies(signature),
            quantize=recipe.shipping.quantize,
            files=recipe.shipping.tflite_files(),
        )
        refused |= ask_files(targets, tflite)
        made = replace(made, tflite=described(tflite, recipe.name, signature))
        made = replace(made, signature=quantized(signature, LiteRT(made.tflite["int8"]), model))
        for target in (
            target for target in targets if target.has_budget() and target.form not in refused
        ):
            broken = target.broken_budget(target.cost(made))
            if broken:
                raise RecipeError(
                    f"the untrained net breaks a budget: {broken}",
                    expected="a net within its budgets",
                    fix="make the net smaller (its knobs: --set build...), or raise the budget",
                )
    return refused


@dataclass(frozen=True)
class Shrunk:
    """What a step of compression left: the deciding metric on validation rows, the weights, and the
    share of them in kernels that are exactly zero.
    """

    what: str
    score: float
    num_weights: int
    share_of_zeros: float


def compressed(
    recipe: Recipe, model, ready: Ready, *, stages: Stages
) -> tuple[object, list[Shrunk]]:
    """The trained Keras model after every step of `shipping.compress`, and what each left, the
    model as it was first.
    """
    tuning = make_tuning(
        ready.feed,
        ready.valid,
        signature=ready.signature,
        training=recipe.training,
        deciding=recipe.judge.deciding,
    )
    steps = [shrunk("as trained", model, tuning)]
    for spec in recipe.shipping.compress:
        with stages(type(spec).__name__):
            model = spec.compress(model, tuning)
        steps.append(shrunk(repr(spec), model, tuning))
    return model, steps


def shrunk(what: str, model, tuning: Tuning) -> Shrunk:
    """What a Keras model is after a step of compression, in words."""
    return Shrunk(what, tuning.judge(model), model.count_params(), share_of_zeros(model))


def ship(
    recipe: Recipe,
    model,
    ready: Ready,
    train_rows: TrainSet,
    valid_rows: HeldOut,
    *,
    signature: Signature,
    stages: Stages,
) -> ExportedModel:
    """A trained Keras model to what ships: its forms, the decision of int8, and the files of every
    target. `signature`: with the decision of the float form.
    """
    with stages("export"):
        if recipe.build.stream:
            streaming = streaming_form(_without_ranges(model))
        else:
            streaming = None
        tflite = convert(
            model,
            ready.calibration,
            seed=recipe.training.seed,
            copies=staggered_copies(signature),
            streaming=streaming,
            quantize=recipe.shipping.quantize,
            files=recipe.shipping.tflite_files(),
        )
        ready.refused.update(ask_files(recipe.shipping.runs_on(), tflite))
        tflite = described(tflite, recipe.name, signature)
    with stages("decide"):
        interpreter = LiteRT(tflite["int8"])
        signature = quantized(signature, interpreter, model)
        if streaming is not None:
            signature = with_streaming(
                signature, LiteRT(tflite["stream_int8"]), num_steps=recipe.build.num_steps()
            )
        runner = Runner(signature, interpreter, form="int8")
        if ready.to_decide is ready.calibration:
            raw = interpreter.run(runner.quantize(ready.to_decide.x))
        else:
            raw = answer_all(runner, valid_rows).raw
        signature = task_of(signature.target).decide(
            recipe, signature, train_rows, ready.to_decide, form="int8", raw=raw
        )
    made = ExportedModel(
        recipe.name,
        signature,
        model,
        tflite,
        ready.calibration,
        recipe.training.seed,
        raw=train_rows,
    )
    with stages("files"):
        targets = [
            target for target in recipe.shipping.runs_on() if target.form not in ready.refused
        ]
        return replace(made, files=files_for(made, targets))


def _without_ranges(model):
    """A streaming form is calibrated anew: it takes no trained ranges."""
    from .training.fake_quantize import without_ranges

    return without_ranges(model)


def staggered_copies(signature: Signature) -> int:
    """In how many copies the int8 file gives each output (see `lower.stagger`)."""
    if task_of(signature.target).staggers_outputs:
        return NUM_COPIES
    return 1


def quantized(signature: Signature, interpreter: LiteRT, model) -> Signature:
    """The signature with the scales and zero points of the int8 file. Raises ExportError where a
    picture would not be its own quantized input.
    """
    factor, offset = pixel_rescaling(model)
    scales = interpreter.quantization()
    inputs = tuple(
        _pixel_port(port, *scales[port.name], factor, offset)
        if port.is_picture
        else replace(port, scale=scales[port.name][0], zero_point=scales[port.name][1])
        for port in signature.inputs
    )
    scale, zero_point = scales["output"]
    output = replace(
        signature.output,
        scale=scale,
        zero_point=zero_point,
        num_copies=interpreter.num_outputs() // signature.output.shape[0],
    )
    return replace(signature, inputs=inputs, output=output)


def _pixel_port(port, scale, zero_point, factor, offset):
    port = replace(port, scale=1.0, zero_point=-128, factor=factor, offset=offset)
    if not math.isclose(port.in_file()[0], scale, rel_tol=1e-5) or port.in_file()[1] != zero_point:
        raise ExportError(
            f"the int8 file takes pictures with scale {scale:g} and zero point {zero_point}",
            expected=f"scale {port.in_file()[0]:g} and zero point {port.in_file()[1]}: pixels "
            "less 128",
            fix="let the net start with one Rescaling layer called 'pixels' whose offset is a "
            "whole number of its factors",
        )
    return replace(port, factor=scale)  # to the file's last digit
