"""How a trained model becomes small, and where it shall run."""

from dataclasses import dataclass
from typing import Any

from .convert.forms import USUAL_FORMS, TfliteFiles
from .convert.kernels import XnnpackKernels
from .convert.quantize import Quantize
from .errors import RecipeError
from .targets.c.spec import TargetC
from .targets.litert.spec import TargetLiteRT
from .targets.micro.spec import TargetMicro
from .tasks.probabilities import CALIBRATIONS


@dataclass(frozen=True)
class Shipping:
    """`targets`: the runtimes that the bundle holds a form for, each with its budget; LiteRT always
    is one of them. `compress`: what makes the trained model smaller, one after the other, such as
    (PruneChannels(), QuantizeAware()). `quantize`: how it becomes int8. `probabilities`: how the
    scores of classes become probabilities that are met as often as they say, fitted on validation
    rows form by form: "none" (sigmoid or softmax of what the model says), "temperature", "platt" or
    "isotonic" (the last two for two classes; a table makes ties).
    """

    targets: tuple[Any, ...] = (TargetLiteRT(), TargetMicro(), TargetC())
    compress: tuple[Any, ...] = ()
    quantize: Quantize = Quantize()
    probabilities: str = "none"

    def runs_on(self) -> tuple[Any, ...]:
        """The targets, LiteRT first: every bundle has its forms, which the others are held
        against.
        """
        first = next(
            (target for target in self.targets if isinstance(target, TargetLiteRT)), TargetLiteRT()
        )
        return (first, *(target for target in self.targets if not isinstance(target, TargetLiteRT)))

    def tflite_files(self) -> TfliteFiles:
        """Returns which TFLite files the targets take, and what must run them.

        These are LiteRT's fastest kernels, and those of the targets that are required.
        """
        forms = list(USUAL_FORMS)
        kernels = [XnnpackKernels()]
        for target in self.targets:
            forms += target.converts
            if target.required:
                kernels += target.kernels
        return TfliteFiles(tuple(forms), tuple(dict.fromkeys(kernels)))

    def check(self) -> None:
        """Raises RecipeError where the slots hold something else, or a target twice."""
        for slot, does, example in (
            ("targets", "climb", "TargetMicro(),"),
            ("compress", "compress", "QuantizeAware(),"),
        ):
            for spec in getattr(self, slot):
                if not hasattr(spec, does):
                    raise RecipeError(
                        f"shipping.{slot} holds {spec!r}",
                        expected="a tuple of specs from pipelines." + slot,
                        fix=f"--set 'shipping.{slot}=({example})'",
                    )
                spec.check()
        self.quantize.check()
        kinds = [type(spec).__name__ for spec in self.targets]
        if len(set(kinds)) < len(kinds):
            raise RecipeError(
                f"shipping.targets={self.targets}",
                expected="each target once",
                fix="--set 'shipping.targets=(TargetLiteRT(), TargetMicro(), TargetC())'",
            )
        if self.probabilities not in CALIBRATIONS:
            raise RecipeError(
                f"shipping.probabilities={self.probabilities!r}",
                expected=", ".join(CALIBRATIONS),
                fix="--set shipping.probabilities=temperature",
            )
