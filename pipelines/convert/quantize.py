"""How a float32 model becomes int8: a spec."""

from dataclasses import dataclass

from ..errors import RecipeError
from ..spec import Spec, check_knobs, knob

CALIBRATIONS = ("minmax", "percentile", "mse")
QUANTIZERS = ("tensorflow", "ai_edge")
DENSE_WEIGHTS = ("per_channel", "per_tensor")


@dataclass(frozen=True)
class Quantize(Spec):
    """Post-training quantization of weights, one scale for each output channel, and activations,
    one for each tensor.

    Pictures, outputs and what lies inside of recurrent and attention layers keep "minmax"; ranges
    that were trained (see `QuantizeAware`) stay.

    Attributes:
        calibration: What of an activation on training rows its int8 range holds: "minmax" all;
            "percentile" what lies between the percentiles 100 - `percentile` and `percentile`;
            "mse" as much as loses least, rounding the rest and clipping what is outside, in mean
            squared error. The last two give frequent values finer steps if few are far out.
        percentile: The upper percentile, of calibration "percentile" only.
        quantizer: "tensorflow", its converter; or "ai_edge", the package ai-edge-quantizer on the
            float file, for the forms int8, what is made around it, and dynamic; streams stay
            TensorFlow's. It has no int8 LSTM and takes no trained ranges.
        dense_weights: "per_tensor" saves 8 bytes for each output of a dense layer.
        copies: How often the int8 file gives each output, rounded at staggered places, so that
            their mean has finer steps; the last layer grows as often. 0: four times where answers
            are ranked or the network wants it, else once.
    """

    calibration: str = "minmax"
    percentile: float = knob(99.99, 90, 100)
    quantizer: str = "tensorflow"
    dense_weights: str = "per_channel"
    copies: int = knob(0, 0, 16)

    def check(self) -> None:
        """Raises RecipeError where a choice is none of those above, or two do not go together."""
        check_knobs(self)
        _check_choice("calibration", self.calibration, CALIBRATIONS)
        _check_choice("quantizer", self.quantizer, QUANTIZERS)
        _check_choice("dense_weights", self.dense_weights, DENSE_WEIGHTS)
        if self.percentile != 99.99 and self.calibration != "percentile":
            raise RecipeError(
                f"quantize.percentile={self.percentile:g} with calibration {self.calibration!r}",
                expected="99.99, which is not used: only 'percentile' goes by it",
                fix=f"Quantize(calibration='percentile', percentile={self.percentile:g})",
            )
        if self.quantizer == "ai_edge" and self.dense_weights != "per_channel":
            raise RecipeError(
                f"quantize.quantizer='ai_edge' with dense weights {self.dense_weights!r}",
                expected="'per_channel', as it makes them",
                fix="Quantize(quantizer='tensorflow')",
            )


def _check_choice(name, chosen, allowed):
    """Raises RecipeError if the value of a knob is none of those allowed."""
    if chosen in allowed:
        return
    raise RecipeError(
        f"quantize.{name}={chosen!r}",
        expected=" or ".join(allowed),
        fix=f"Quantize({name}={allowed[0]!r})",
    )
