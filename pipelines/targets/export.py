"""From a Keras model to the files of every target that the model shall run on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..convert.convert import convert
from ..convert.description import described
from ..convert.scales import with_scales
from ..convert.stream import streaming_form, with_streaming
from ..device.runner import LiteRT
from ..device.signature import Signature
from .exported_model import ExportedModel
from .files import files_for
from .refusals import ask_files, ask_targets

if TYPE_CHECKING:
    from ..recipe import Shipping
    from ..training.trained import TrainedModel


@dataclass(frozen=True, eq=False)
class ShippedModel:
    """What ships.

    Attributes:
        exported: the TFLite files and the files of every target.
        trained: the Keras model that they were converted from, after compression.
        seen_ids: int64, the ids of the rows that were learned from or chosen by.
        refused: the form of a target that is left out → the reason.
    """

    exported: ExportedModel
    trained: TrainedModel | None
    seen_ids: np.ndarray
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> Signature:
        """What the model takes and gives, with the decision of every form."""
        return self.exported.signature

    @property
    def tflite(self) -> dict[str, bytes]:
        """Form → the content of its TFLite file."""
        return self.exported.tflite


def convert_forms(
    exported: ExportedModel, shipping: Shipping, *, copies: int, stream_steps: int = 0
) -> tuple[ExportedModel, dict[str, str]]:
    """Asks the targets about a Keras model, and converts it to the TFLite forms that they need.

    Args:
        exported: the model with its signature and calibration rows, without TFLite files.
        shipping: the targets, and how the model is quantized.
        copies: how many copies of each output the int8 file gives.
        stream_steps: how many steps the streaming form looks back on; 0 for no such form.

    Returns:
        The model with its TFLite files and the scales of int8 in its signature; and the form of
        each optional target that refuses the model, or whose runtime refuses the file → the reason.

    Raises:
        RecipeError: A required target refuses the model.
        ExportError, VerifyError: It cannot be converted, or a required target lacks an operator.
    """
    refused = ask_targets(shipping.runs_on(), exported.signature, exported.model)
    streaming = None
    if stream_steps:
        streaming = streaming_form(_without_ranges(exported.model))
    tflite = convert(
        exported.model,
        exported.calibration,
        seed=exported.seed,
        copies=copies,
        streaming=streaming,
        quantize=shipping.quantize,
        files=shipping.tflite_files(),
    )
    refused |= ask_files(shipping.runs_on(), tflite)
    tflite = described(tflite, exported.name, exported.signature)
    signature = with_scales(exported.signature, LiteRT(tflite["int8"]), exported.model)
    if streaming is not None:
        interpreter = LiteRT(tflite["stream_int8"])
        signature = with_streaming(signature, interpreter, num_steps=stream_steps)
    return replace(exported, tflite=tflite, signature=signature), refused


def _without_ranges(model):
    """A streaming form measures its own ranges: it takes no trained ones."""
    from ..training.fake_quantize import without_ranges

    return without_ranges(model)


def write_files(
    exported: ExportedModel, shipping: Shipping, *, refused: dict[str, str]
) -> ExportedModel:
    """Adds the files of the bundle of every target that is not in `refused`."""
    targets = [target for target in shipping.runs_on() if target.form not in refused]
    return replace(exported, files=files_for(exported, targets))
