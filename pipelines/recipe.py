"""A Recipe says what we intend: the stages in order, each slot holding a frozen spec that prints,
compares, can be overridden (`training.epochs=3`) and is written beside its result.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import settings
from .convert.forms import USUAL_FORMS, TfliteFiles
from .convert.kernels import XnnpackKernels
from .convert.quantize import Quantize
from .errors import RecipeError
from .rows.sketch import DataSketch
from .slots import (
    Augmentation,
    Balancer,
    Compression,
    Frame,
    Loader,
    Network,
    RowFilter,
    Split,
    Step,
    Target,
    Teacher,
)
from .spec import NAME_PATTERN, Refusal, Spec, check_knobs, knob
from .tasks.metrics import LABEL_METRICS
from .tasks.probabilities import CALIBRATIONS
from .training.training import Training


@dataclass(frozen=True)
class Judge(Spec):
    """What the model is judged by. `deciding`: stops training and gates the ladder ("": the task's
    `usual_deciding`). `min_agreement`: of labels, the share of test rows to which
    every rung must give the one that Keras gives, whatever the deciding metric says. `threshold`:
    what the decision threshold is chosen for on validation rows; "none": it stays where the net
    puts it, better than what a handful of rows would say. `tolerance`: how much of the deciding
    metric a rung of the ladder may lose. `quantile`: of the scores of training windows, above which
    a window is an anomaly. `beside`: whether uneven classes get a second training with the other
    choice of balancing, to show in the report what the choice did; a net for series, a linear one
    beside it.
    """

    deciding: str = ""
    threshold: str = "macro_f1"
    tolerance: float = knob(0.01, 0, 1)
    min_agreement: float = knob(0.9, 0, 1)
    quantile: float = knob(0.99, 0, 1)
    beside: bool = True

    def suits(self, sketch: DataSketch) -> str:
        """Returns which knob the task has no use for, or ""."""
        if self.threshold != "macro_f1" and not sketch.may_have_labels():
            return Refusal(
                f"judge.threshold={self.threshold!r} for a {sketch.task_names()} target",
                expected="labels, which a threshold decides between",
                fix="--set judge.threshold=macro_f1, which is not used here",
            )
        if self.quantile != 0.99 and not sketch.may_be(lambda task: task.gives_back):
            return Refusal(
                f"judge.quantile={self.quantile:g} for a {sketch.task_names()} target",
                expected="anomalies, whose threshold is a quantile of scores",
                fix="--set judge.quantile=0.99, which is not used here",
            )
        allowed = {metric for task in sketch.tasks for metric in task.deciding_metrics}
        if self.deciding and allowed and self.deciding not in allowed:
            return Refusal(
                f"judge.deciding={self.deciding!r} for a {sketch.task_names()} target",
                expected=", ".join(sorted(allowed)),
                fix=f"--set judge.deciding={sketch.tasks[0].deciding_metrics[0]}, or set "
                "load.target_kind",
            )
        return ""


def _usual_split() -> Split:
    from .rows.split import SplitRandom

    return SplitRandom()


def _usual_targets() -> tuple[Target, ...]:
    from .targets.c.spec import TargetC
    from .targets.litert.spec import TargetLiteRT
    from .targets.micro.spec import TargetMicro

    return TargetLiteRT(), TargetMicro(), TargetC()


@dataclass(frozen=True)
class Shipping(Spec):
    """`targets`: the runtimes that the bundle holds a form for, each with its budget; LiteRT always
    is one of them. `compress`: what makes the trained model smaller, one after the other, such as
    (PruneChannels(), QuantizeAware()). `quantize`: how it becomes int8. `probabilities`: how the
    scores of classes become probabilities that are met as often as they say, fitted on validation
    rows form by form: "none" (sigmoid or softmax of what the model says), "temperature", "platt" or
    "isotonic" (the last two for two classes; a table makes ties).
    """

    targets: tuple[Target, ...] = field(default_factory=_usual_targets)
    compress: tuple[Compression, ...] = ()
    quantize: Quantize = Quantize()
    probabilities: str = "none"

    def suits(self, sketch: DataSketch) -> str:
        """Returns which knob the task has no use for, or what cannot be compressed so, or ""."""
        if self.probabilities != "none" and not sketch.may_have_labels():
            return Refusal(
                f"shipping.probabilities={self.probabilities!r} for a {sketch.task_names()} target",
                expected="labels, which have probabilities",
                fix="--set shipping.probabilities=none",
            )
        for each in (*self.compress, *self.targets):
            reason = each.suits(sketch)
            if reason:
                return reason
        return ""

    def runs_on(self) -> tuple[Target, ...]:
        """The targets, LiteRT first: every bundle has its forms, which the others are held
        against.
        """
        litert = _usual_targets()[0]
        first = [target for target in self.targets if isinstance(target, type(litert))]
        others = [target for target in self.targets if not isinstance(target, type(litert))]
        return ((first or [litert])[0], *others)

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


@dataclass(frozen=True)
class Recipe(Spec):
    """From a source to a bundle. `frame` cuts steps in time to windows, after the split; `prepare`
    comes before balancing and leaves one value a cell, `encode` after it; both are fitted on the
    training rows as they were before balancing; `augment` alters training batches only; `shipping`
    makes the model small and names where it runs. `about`: what it is, and the result to expect.
    """

    name: str
    load: Loader
    build: Network
    split: Split = field(default_factory=_usual_split)
    frame: Frame | None = None
    prepare: tuple[Step | RowFilter, ...] = ()
    balance: Balancer | None = None
    encode: tuple[Step, ...] = ()
    teacher: Teacher | None = None
    augment: tuple[Augmentation, ...] = ()
    training: Training = Training()
    shipping: Shipping = Shipping()
    judge: Judge = Judge()
    about: str = field(default="", compare=False)

    def balancer(self) -> Any:
        """What balances the rows, or of a net's features, or None."""
        if self.balance is not None:
            return self.balance
        return self.build.balancer

    def plain_build(self) -> Any:
        """The net with nothing of its own balanced."""
        return self.build.plain()

    def check(self) -> None:
        """Raises RecipeError for what cannot work, before a row is read."""
        if not NAME_PATTERN.fullmatch(self.name):
            raise RecipeError(
                f"the name {self.name!r}",
                expected="letters, digits, _ and -, at most 64: it becomes a folder",
                fix="--name my_model",
            )
        self._check_slots()
        self.shipping.check_slots()
        check_knobs(self)
        for part in self.specs():
            part.check()
        if self.teacher is not None and self.balance is not None and self.balance.redraws:
            raise RecipeError(
                f"a teacher together with {type(self.balance).__name__}",
                expected="rows that the teacher has answered",
                fix="--set balance=None or 'balance=WeightByClass()', or --set teacher=None",
            )
        if self.judge.threshold not in (*LABEL_METRICS, "none"):
            raise RecipeError(
                f"judge.threshold={self.judge.threshold!r}",
                expected=", ".join((*LABEL_METRICS, "none")),
                fix="judge.threshold=macro_f1",
            )
        self.check_data(self.load.sketch())

    def check_data(self, sketch: DataSketch) -> None:
        """Asks every slot whether it suits what is known of the data.

        Args:
            sketch: As `Loader.sketch` gives it, before a row is read; or as `sketch_of` gives it,
                of rows that were read, split and framed.

        Raises:
            RecipeError: A spec cannot work on such data, or has a knob that they have no use for.
        """
        _refuse("load", self.load, sketch)
        if not sketch.is_read:
            _refuse("split", self.split, sketch)
            sketch = self._framed(sketch)
        for step in self.prepare:
            _refuse("prepare", step, sketch)
            sketch = step.sketch(sketch)
        for slot, held in (("balance", self.balance), ("teacher", self.teacher)):
            if held is not None:
                _refuse(slot, held, sketch)
        for step in self.encode:
            _refuse("encode", step, sketch)
            sketch = step.sketch(sketch)
        for each in self.augment:
            _refuse("augment", each, sketch)
        for slot in ("build", "training", "shipping", "judge"):
            _refuse(slot, vars(self)[slot], sketch)

    def _framed(self, sketch):
        """What is known after the frame. Raises RecipeError for steps that none cuts."""
        if self.frame is not None:
            _refuse("frame", self.frame, sketch)
            return self.frame.sketch(sketch)
        if sketch.is_steps:
            examples = [task.frame_example for task in sketch.tasks if task.frame_example]
            raise RecipeError(
                "steps of series without windows",
                expected="a frame",
                fix=f"--set 'frame={(examples or ['CutWindows()'])[0]}'",
            )
        return sketch

    def specs(self) -> tuple[Spec, ...]:
        """Returns what every slot holds, in the order of the line; an empty slot gives nothing."""
        single = (self.load, self.split, self.frame)
        others = (self.balance, *self.encode, self.teacher, *self.augment, self.build)
        whole = (*single, *self.prepare, *others, self.training, self.shipping, self.judge)
        return tuple(each for each in whole if each is not None)

    def _check_slots(self):
        """Refuses what stands in a slot that it is not made for."""
        for name, slot in _SLOTS.items():
            held = vars(self)[name]
            if held is None and slot.may_be_empty:
                continue
            if not slot.is_many and isinstance(held, slot.kind):
                continue
            wrong = held
            if slot.is_many and isinstance(held, tuple):
                others = [each for each in held if not isinstance(each, slot.kind)]
                if not others:
                    continue
                wrong = others[0]
            if slot.is_many:
                received = f"{name} holds {wrong!r}"
            else:
                received = f"{name}={wrong!r}"
            raise RecipeError(received, expected=slot.expected, fix=slot.fix)


def _refuse(slot, spec, sketch):
    """Raises RecipeError if a spec does not suit the data."""
    reason = spec.suits(sketch)
    if not reason:
        return
    if isinstance(reason, Refusal):
        raise RecipeError(str(reason), expected=reason.expected, fix=reason.fix)
    raise RecipeError(
        f"{slot}={spec!r}: {reason}",
        expected=f"a spec for columns of {sketch.kind_names()} and a {sketch.task_names()} target",
        fix="name another spec: python -m pipelines knobs lists them",
    )


@dataclass(frozen=True)
class _Slot:
    """What a field of a recipe may hold, and what to say of anything else."""

    kind: type | tuple[type, ...]
    expected: str
    fix: str
    is_many: bool = False
    may_be_empty: bool = False


_SLOTS = {
    "load": _Slot(Loader, "a spec for load", "turn a knob below it, such as load.source"),
    "split": _Slot(Split, "a spec for split", "--set 'split=SplitRandom()'"),
    "frame": _Slot(
        Frame,
        "a frame, or None",
        "--set 'frame=CutWindows()' or 'frame=CutSegments()', or frame=None",
        may_be_empty=True,
    ),
    "prepare": _Slot(
        (Step, RowFilter),
        "a tuple of steps from pipelines.steps",
        "--set 'prepare=(ImputeMedian(),)'",
        is_many=True,
    ),
    "balance": _Slot(
        Balancer,
        "a balancer from pipelines.balance, or None",
        "--set 'balance=WeightByClass()'",
        may_be_empty=True,
    ),
    "encode": _Slot(
        Step,
        "a tuple of steps from pipelines.steps",
        "--set 'encode=(EncodeBins(), EncodeOnehot())'",
        is_many=True,
    ),
    "teacher": _Slot(
        Teacher,
        "ForestTeacher() for tables, TfidfTeacher() for texts, or None",
        "--set teacher=None",
        may_be_empty=True,
    ),
    "augment": _Slot(
        Augmentation,
        "a tuple of specs from the augment.py of pipelines.vision, text or timeseries",
        "--set 'augment=(AugmentFlip(),)', or augment=()",
        is_many=True,
    ),
    "build": _Slot(
        Network,
        "a spec for build",
        "turn a knob below it, such as build.dropout, or --set 'build=Mlp()'",
    ),
    "training": _Slot(Training, "a spec for training", "--set training.epochs=3"),
    "judge": _Slot(Judge, "a spec for judge", "--set judge.tolerance=0.03"),
    "shipping": _Slot(Shipping, "a spec for shipping", "--set shipping.probabilities=temperature"),
}


def override(recipe: Recipe, setting: str, specs: Sequence[type]) -> Recipe:
    """Returns the recipe with one knob turned; see `settings.override`."""
    return settings.override(recipe, setting, specs, what=f"recipe {recipe.name!r}")


def tiny(recipe: Recipe) -> Recipe:
    """The same line in seconds: two epochs, a small net, a quick teacher."""
    changes: dict[str, Any] = {
        "training": replace(recipe.training, epochs=2),
        "build": recipe.build.tiny(),
    }
    if recipe.teacher is not None:
        changes["teacher"] = recipe.teacher.tiny()
    return replace(recipe, name=f"{recipe.name}_tiny", **changes)
