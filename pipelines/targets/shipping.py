"""What ships and for which runtimes: a spec."""

from dataclasses import dataclass, field

from ..convert.forms import USUAL_FORMS, TfliteFiles
from ..convert.kernels import XnnpackKernels
from ..convert.quantize import Quantize
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Compression, Target
from ..spec import Refusal, Spec
from ..tasks.probabilities import CALIBRATIONS


def _usual_targets() -> tuple[Target, ...]:
    from .c.spec import TargetC
    from .litert.spec import TargetLiteRT
    from .micro.spec import TargetMicro

    return TargetLiteRT(), TargetMicro(), TargetC()


@dataclass(frozen=True)
class Shipping(Spec):
    """How the trained model becomes small, and where it runs.

    Attributes:
        targets: The runtimes that the bundle holds a form for, each with its budget; LiteRT is
            always one of them.
        compress: What makes the trained model smaller, one after the other, such as
            (PruneChannels(), QuantizeAware()).
        quantize: How the model becomes int8.
        probabilities: How scores become calibrated probabilities, fitted on validation rows form
            by form: "none" (sigmoid or softmax of the outputs), "temperature", or for two classes
            "platt" or "isotonic" (a table, which makes ties).
    """

    targets: tuple[Target, ...] = field(default_factory=_usual_targets)
    compress: tuple[Compression, ...] = ()
    quantize: Quantize = Quantize()
    probabilities: str = "none"

    def suits(self, sketch: DataSketch) -> str:
        """Returns which knob the task has no use for, or what cannot be compressed so, or ""."""
        if self.probabilities != "none" and not sketch.may_have_labels():
            return Refusal(
                f"shipping.probabilities={self.probabilities!r} for {sketch.target_words()}",
                expected="labels, which have probabilities",
                fix="--set shipping.probabilities=none",
            )
        if not sketch.may_be(lambda task: self.probabilities in task.calibrations):
            allowed = {how for task in sketch.tasks for how in task.calibrations}
            return Refusal(
                f"shipping.probabilities={self.probabilities!r} for {sketch.target_words()}",
                expected=" or ".join(how for how in CALIBRATIONS if how in allowed)
                + ": a line or a table is fitted to one output, that of two classes",
                fix="--set shipping.probabilities=temperature",
            )
        for each in (*self.compress, *self.targets):
            reason = each.suits(sketch)
            if reason:
                return reason
        return ""

    def refuses_stream(self) -> str:
        """Returns why the model is not compressed by rows that are streamed, or ""."""
        if self.compress:
            return Refusal(
                f"shipping.compress={self.compress!r} on rows that are streamed",
                expected="none: what is pruned or tuned learns from rows in memory",
                fix="--set 'shipping.compress=()'",
            )
        return ""

    def runs_on(self) -> tuple[Target, ...]:
        """Returns the targets, LiteRT first: every bundle has its forms, which the others are
        held against.
        """
        first = _usual_targets()[0]
        kind = type(first)
        others = []
        for target in self.targets:
            if isinstance(target, kind):
                first = target
            else:
                others.append(target)
        return (first, *others)

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

    def check_slots(self) -> None:
        """Raises RecipeError where the slots hold something else than their specs."""
        for held, kind, room, example in (
            (self.targets, Target, "targets", "TargetMicro()"),
            (self.compress, Compression, "compress", "QuantizeAware()"),
        ):
            for each in held:
                if not isinstance(each, kind):
                    raise RecipeError(
                        f"shipping.{room} holds {each!r}",
                        expected=f"a tuple of specs from pipelines.{room}",
                        fix=f"--set 'shipping.{room}=({example},)'",
                    )

    def check(self) -> None:
        """Raises RecipeError where the slots hold something else, or a target twice."""
        self.check_slots()
        for each in (*self.targets, *self.compress, self.quantize):
            each.check()
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
