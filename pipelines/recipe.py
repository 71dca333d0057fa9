"""A recipe states what we intend: the stages in order. Each slot holds a frozen spec that prints,
compares, can be overridden (`training.epochs=3`) and is saved with what it made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import settings
from .errors import RecipeError
from .rows.parts import Schema
from .rows.sketch import DataSketch
from .slots import (
    Augmentation,
    Balancer,
    Frame,
    Layers,
    Loader,
    Network,
    RowFilter,
    Split,
    Step,
    Teacher,
)
from .spec import NAME_PATTERN, Refusal, Spec, check_knobs
from .targets.shipping import Shipping
from .tasks import task_of
from .training.training import Training
from .verify.judge import Judge


def _usual_split() -> Split:
    from .rows.split import SplitRandom

    return SplitRandom()


@dataclass(frozen=True)
class Tried(Spec):
    """One of the candidates among which a recipe was chosen.

    Attributes:
        words: What it is.
        score: The deciding metric of its int8 file, the mean of the folds inside the training
            rows that it was judged on; None where it gave none.
        num_folds: How many these are.
        size_bytes: Of its int8 file.
        note: What stands against it, or "".
    """

    words: str
    score: float | None
    num_folds: int
    size_bytes: int
    note: str = ""


@dataclass(frozen=True)
class Candidate:
    """A recipe among which one is chosen.

    Attributes:
        words: What it is, for whoever compares.
        recipe: The slots in order.
    """

    words: str
    recipe: "Recipe"


@dataclass(frozen=True)
class Recipe(Spec):
    """From a source to a bundle: what every stage does, in order.

    Attributes:
        name: Of the bundle's folder.
        load: Reads the source.
        build: The network.
        split: Parts the rows into training, validation and test rows.
        frame: Cuts steps in time into windows, after the split; None for rows that stand alone.
        prepare: Steps before balancing; they leave one value a cell.
        balance: Makes classes even in the training rows, or None.
        encode: Steps after balancing, fitted on the training rows as they were before it.
        teacher: Gives soft labels to learn from, or None.
        augment: Alters training batches only.
        training: How the network is trained.
        shipping: How the model becomes small, and where it runs.
        judge: What the model is judged by.
        about: What the recipe is, and the result to expect.
        tried: What it was chosen among, the chosen one first; () if it was not chosen so.
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
    tried: tuple[Tried, ...] = field(default=(), compare=False)

    def balancer(self) -> Any:
        """Returns what balances the rows, or a net's features, or None."""
        if self.balance is not None:
            return self.balance
        return self.build.balancer

    def refitted(self) -> "Recipe":
        """Returns the recipe whose network learns anew from training and validation rows together,
        once the latter have chosen what they choose.
        """
        return replace(self, training=replace(self.training, refit=True))

    def plain_build(self) -> Any:
        """Returns the network with nothing of its own balanced."""
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
        self.build.layers.check()
        if self.teacher is not None and self.balance is not None and self.balance.redraws:
            raise RecipeError(
                f"a teacher together with {type(self.balance).__name__}",
                expected="rows that the teacher has answered",
                fix="--set balance=None or 'balance=WeightByClass()', or --set teacher=None",
            )
        if self.build.solves:
            self._check_solved()
            self.training.refuse_without_epochs(type(self.build).__name__)
        self._check_members()
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

    def _check_solved(self):
        """Refuses what only epochs of training could learn from."""
        if self.balance is not None and self.balance.shifts_logits:
            raise RecipeError(
                f"balance={self.balance!r} for {type(self.build).__name__}, which has no epochs",
                expected="rows alone: its weights are solved for, without a loss of logits",
                fix="--set balance=None or 'balance=WeightByClass()'",
            )
        if self.build.decides_by_folds and self.balance is not None and self.balance.redraws:
            raise RecipeError(
                f"build.decides_by_folds=True together with {type(self.balance).__name__}",
                expected="rows with the shares of the classes as they are, to decide by",
                fix="--set balance=None or 'balance=WeightByClass()', or "
                "--set build.decides_by_folds=False",
            )
        if self.build.decides_by_folds and self.training.refit:
            raise RecipeError(
                "build.decides_by_folds=True together with training.refit=True",
                expected="one way to learn from validation rows too",
                fix="--set training.refit=False",
            )
        if self.build.layers != Layers():
            raise RecipeError(
                f"build.layers={self.build.layers!r} for {type(self.build).__name__}, which has no "
                "epochs",
                expected="the network as it is: its weights are solved for, not trained",
                fix="--set 'build.layers=Layers()'",
            )
        for slot, empty in (("teacher", None), ("augment", ())):
            held = vars(self)[slot]
            if held:
                raise RecipeError(
                    f"{slot}={held!r} for {type(self.build).__name__}, which has no epochs",
                    expected="the rows alone: its weights are solved for, not trained",
                    fix=f"--set '{slot}={empty!r}'",
                )

    def _check_members(self):
        """Refuses what alters rows that the members of an ensemble need as they are."""
        name = type(self.build).__name__
        for slot in self.build.leaves_empty:
            held = vars(self)[slot]
            if held:
                raise RecipeError(
                    f"{slot}={held!r} with {name}",
                    expected="an empty slot: the nets of it make or need rows of their own",
                    fix=f"--set {slot}={_SLOTS[slot].empty}",
                )
        self.build.check_with(self.training.loss, self.shipping.compress)
        if self.build.folds_rows and self.balance is not None and self.balance.redraws:
            raise RecipeError(
                f"balance={self.balance!r} with {name}, which cuts rows into folds",
                expected="rows that nothing has redrawn: a made row has parents in several folds",
                fix="--set balance=None or 'balance=WeightByClass()'",
            )

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
    if sketch.is_streamed:
        reason = reason or spec.refuses_stream()
    if not reason:
        return
    if isinstance(reason, Refusal):
        raise RecipeError(str(reason), expected=reason.expected, fix=reason.fix)
    raise RecipeError(
        f"{slot}={spec!r}: {reason}",
        expected=f"a spec for columns of {sketch.kind_names()} and {sketch.target_words()}",
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

    @property
    def empty(self) -> tuple | None:
        """What stands there if nothing does."""
        return () if self.is_many else None


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
        "ForestTeacher() for tables, TfidfTeacher() for texts, MiniRocketTeacher() for series, "
        "or None",
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
    "shipping": _Slot(
        Shipping,
        "a spec for shipping",
        "--set shipping.probabilities=temperature",
    ),
}


def override(recipe: Recipe, setting: str, specs: Sequence[type]) -> Recipe:
    """Returns the recipe with one knob turned; see `settings.override`."""
    return settings.override(recipe, setting, specs, what=f"recipe {recipe.name!r}")


def with_deciding(recipe: Recipe, schema: Schema) -> Recipe:
    """Returns the recipe with the metric that decides, which is the task's first where none is
    named.
    """
    if recipe.judge.deciding:
        return recipe
    deciding = task_of(schema.target).usual_deciding(schema.target)
    return replace(recipe, judge=replace(recipe.judge, deciding=deciding))


def empty_slot(name: str) -> tuple | None:
    """Returns what stands in a slot if nothing does: () of those that hold several specs."""
    return _SLOTS[name].empty


def tiny(recipe: Recipe) -> Recipe:
    """Returns the same recipe in seconds: two epochs, a small network, a quick teacher and
    balancer, no peers.
    """
    changes: dict[str, Any] = {
        "training": replace(recipe.training, epochs=2),
        "build": recipe.build.tiny(),
        "judge": recipe.judge.tiny(),
    }
    if recipe.teacher is not None:
        changes["teacher"] = recipe.teacher.tiny()
    if recipe.balance is not None:
        changes["balance"] = recipe.balance.tiny()
    return replace(recipe, name=f"{recipe.name}_tiny", **changes)
