"""The scales of an int8 file in the signature of its model."""

import math
from dataclasses import replace

from ..device.runner import LiteRT
from ..device.signature import Signature
from ..errors import ExportError
from ..slots import Network
from ..tasks import task_of
from .lower import NUM_COPIES, pixel_rescaling
from .quantize import Quantize


def staggered_copies(network: Network, signature: Signature, quantize: Quantize) -> int:
    """Returns how many copies of each output the int8 file gives (see `lower.stagger`)."""
    if quantize.copies:
        return quantize.copies
    if network.staggers_outputs or task_of(signature.target).staggers_outputs:
        return NUM_COPIES
    return 1


def with_scales(signature: Signature, interpreter: LiteRT, model) -> Signature:
    """Returns the signature with the scales and zero points of the int8 file.

    Args:
        signature: of the Keras model.
        interpreter: of the int8 file.
        model: the Keras model that the file was converted from.

    Raises:
        ExportError: a picture would not be its own quantized input.
    """
    factor, offset = pixel_rescaling(model)
    scales = interpreter.quantization()
    inputs = []
    for port in signature.inputs:
        scale, zero_point = scales[port.name]
        if port.is_picture:
            inputs.append(
                _pixel_port(
                    port,
                    scale,
                    zero_point,
                    factor=factor,
                    offset=offset,
                )
            )
        else:
            inputs.append(replace(port, scale=scale, zero_point=zero_point))
    scale, zero_point = scales["output"]
    output = replace(
        signature.output,
        scale=scale,
        zero_point=zero_point,
        num_copies=interpreter.num_outputs() // signature.output.shape[0],
    )
    return replace(signature, inputs=tuple(inputs), output=output)


def _pixel_port(port, scale, zero_point, *, factor, offset):
    port = replace(port, scale=1.0, zero_point=-128, factor=factor, offset=offset)
    expected_scale, expected_zero_point = port.in_file()
    is_same_scale = math.isclose(expected_scale, scale, rel_tol=1e-5)
    if not is_same_scale or expected_zero_point != zero_point:
        raise ExportError(
            f"the int8 file takes pictures with scale {scale:g} and zero point {zero_point}",
            expected=f"scale {expected_scale:g} and zero point {expected_zero_point}: pixels "
            "less 128",
            fix="let the net start with one Rescaling layer called 'pixels' whose offset is a "
            "whole number of its factors",
        )
    return replace(port, factor=scale)  # to the file's last digit
