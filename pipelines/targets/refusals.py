"""Which targets cannot be, and why: asked with the untrained net, and with the converted file."""

from ..convert.trial import fault
from ..device.signature import Signature
from ..errors import RecipeError
from ..slots import Target


def ask_targets(targets: tuple[Target, ...], signature: Signature, model) -> dict[str, str]:
    """Asks every target whether a net can run there.

    Args:
        targets: The targets of the recipe.
        signature: What the net takes and gives.
        model: The Keras model, trained or not.

    Returns:
        Rung → why a target that is not required is left out.

    Raises:
        RecipeError: A required target refuses the net.
    """
    refused = {}
    for target in targets:
        reason = target.refusal(signature, model)
        if reason and target.required:
            raise RecipeError(
                f"{type(target).__name__} for this net: {reason}",
                expected="a net that can run there",
                fix="another net or other steps; or leave the target out, or make it optional, so "
                f"that the others are written: {target.word()}? among the names of the targets "
                f"({type(target).__name__}(required=False))",
            )
        if reason:
            refused[target.form] = f"not possible: {reason}"
    return refused


def ask_files(targets: tuple[Target, ...], tflite: dict[str, bytes]) -> dict[str, str]:
    """Runs the int8 file once on the kernels of the targets that are not required.

    The files of required targets have been run by `convert`.

    Args:
        targets: The targets of the recipe.
        tflite: Form → bytes of its TFLite file.

    Returns:
        Rung → why a target is left out: its runtime refuses the file, or ends its process.
    """
    refused = {}
    faults = {}
    for target in targets:
        if target.required:
            continue
        for kernels in target.kernels:
            if not (kernels.is_decisive and kernels.is_installed()):
                continue
            if kernels not in faults:
                faults[kernels] = fault(tflite["int8"], kernels)
            if faults[kernels]:
                refused[target.form] = f"not possible: {faults[kernels]}"
    return refused
