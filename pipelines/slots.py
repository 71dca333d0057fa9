"""The contract of every slot of a recipe: an abstract class a slot.

What a member must do is abstract. What it may do is a hook with a default, so that nobody asks
whether a method is there. Every member is a frozen dataclass (`spec.Spec`), which `check()`s its
own knobs, has a `tiny()` form, and answers whether it `suits()` the data.

    Loader         a source → Dataset
    Split          Dataset → places of training, validation and test rows
    Frame          steps in time → windows, after the split
    Step           TrainSet → fitted step; fitted step × columns → columns, same rows
    RowFilter      TrainSet → fewer training rows
    Balancer       TrainSet → BalancedSet
    Augmentation   a training batch → an altered one
    Teacher        TrainSet → soft labels
    Network        Signature → an untrained Keras model
    Loss           truth and outputs → what training minimizes
    Optimizer      gradients → new weights
    Schedule       epochs → learning rate, and what ends training early
    Compression    a trained Keras model → a smaller one
    Target         what ships → the files of a runtime, and its rungs of the ladder
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .rows.sketch import DataSketch
from .spec import Refusal, Spec, knob

if TYPE_CHECKING:
    import numpy as np

    from .compress.tuning import Tuning
    from .device.answers import Answers
    from .device.ports import Port
    from .device.signature import Signature
    from .device.target import Target as ColumnTarget
    from .recipe import Recipe
    from .rows.parts import BalancedSet, Dataset, HeldOut, Inferred, Splits, TrainSet
    from .steps.step import FittedStep
    from .targets.budgets import Cost
    from .targets.exported_model import ExportedModel
    from .training.training import Training
    from .verify.ladder import Rung


class Loader(Spec):
    """Reads a source. The contract of `Recipe.load`."""

    @abstractmethod
    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """Returns the rows, and what was found out about each column.

        Args:
            source: Stands in for the source of the spec: a DataFrame or a dict of arrays.

        Raises:
            LoadError: The source cannot be read as honest rows.
        """

    @abstractmethod
    def describe(self, source: object = None) -> dict[str, str]:
        """Returns the name of the source and its sha256, for the report."""

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the data."""
        return DataSketch()

    def names_parts(self) -> bool:
        """Returns whether the source itself separates training from test rows."""
        return False

    def has_groups(self) -> bool:
        """Returns whether rows belong to groups that a split keeps whole."""
        return False

    def draw(self, recipe: Recipe, splits: Splits, shipped, evaluation) -> list[tuple[str, str]]:
        """Returns (title, base64 PNG) of pictures for the report that only such data have."""
        return []


class Split(Spec):
    """Parts the rows. The contract of `Recipe.split`."""

    @abstractmethod
    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the places int64 of training, validation and test rows.

        Raises:
            SplitError: A part would be empty, or the data have not what the split goes by.
        """


class Frame(Spec):
    """Cuts steps in time to windows, each part alone. The contract of `Recipe.frame`.

    Attributes:
        horizon: How many steps ahead the windows ask for; 0 where they are judged themselves.
        stride: How many steps one window starts after another.
    """

    horizon = 0
    stride = 1

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no steps to cut windows from, or ""."""
        if sketch.is_steps or not sketch.kinds or sketch.is_read:
            return ""
        return Refusal(
            f"{type(self).__name__} on rows that are no steps in time",
            expected="steps of series, as LoadSeries() reads them",
            fix="--set frame=None",
        )

    @abstractmethod
    def cut(self, splits: Splits) -> Splits:
        """Returns splits of windows from splits of steps.

        Raises:
            FrameError: No window can be cut from a part.
        """

    def sketch(self, sketch: DataSketch) -> DataSketch:
        """Returns what is known of the windows, given what is known of the steps."""
        return sketch


class Step(Spec):
    """Prepares or encodes columns. The contract of `Recipe.prepare` and `Recipe.encode`."""

    @abstractmethod
    def fit(self, train: TrainSet) -> FittedStep:
        """Returns what the step learned, as primitives.

        Raises:
            LeakError: The rows are no TrainSet.
            StepError: A named column does not suit.
        """

    def flattens(self, x: np.ndarray) -> str:
        """Returns why nearly all values of a column of numbers would look alike after the step, or
        "".
        """
        return ""

    def sketch(self, sketch: DataSketch) -> DataSketch:
        """Returns what is known of the data after the step."""
        return sketch


class RowFilter(Spec):
    """Leaves out training rows. May stand in `Recipe.prepare`; it is not fitted, and has nothing to
    apply to held-out rows.
    """

    def sketch(self, sketch: DataSketch) -> DataSketch:
        """Returns what is known afterwards: the same."""
        return sketch

    @abstractmethod
    def filter_rows(self, train: TrainSet) -> TrainSet:
        """Returns the training rows that stay.

        Raises:
            LeakError: The rows are no TrainSet.
            StepError: No row, or not every class, would be left.
        """


class Balancer(Spec):
    """Makes classes even. The contract of `Recipe.balance`.

    Attributes:
        redraws: Whether rows are repeated, left out or made; if not, they get other weights only.
    """

    redraws: ClassVar[bool] = True

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is nothing to make even, or ""."""
        if sketch.may_have_classes():
            return ""
        if not sketch.may_be(lambda task: not task.gives_back):
            return Refusal(
                f"balance={self!r} where normal windows alone are learned from",
                expected="none: there is no class to balance or to teach",
                fix="--set balance=None",
            )
        return Refusal(
            f"{type(self).__name__} for a {sketch.task_names()} target",
            expected="classes, which are the only thing to make even",
            fix="--set balance=None",
        )

    @abstractmethod
    def resample(self, train: TrainSet) -> BalancedSet:
        """Returns the rows to train on; a synthetic row has the id of a parent.

        Raises:
            LeakError: The rows are no TrainSet.
            BalanceError: Columns or counts do not suit.
        """


class Augmentation(Spec):
    """Alters training batches. The contract of `Recipe.augment`.

    A family of augmentations that can be chained shares one `compose`.
    """

    @staticmethod
    @abstractmethod
    def compose(specs: Sequence[Augmentation], signature: Signature) -> Callable:
        """Returns all specs of one family as one callable for tf.data.

        Returns:
            A callable of columns (port → tensor [rows, ...]), labels (name → float32 [rows,
            outputs]) and the batch's seed int [2], which returns columns and labels.
        """

    @staticmethod
    def training_ports(specs: Sequence[Augmentation], signature: Signature) -> tuple[Port, ...]:
        """Returns the inputs that only training has."""
        return ()

    @staticmethod
    def unmixed(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns columns of held-out rows with those of `training_ports` that alter nothing."""
        return columns


class Teacher(Spec):
    """Gives soft labels to learn from. The contract of `Recipe.teacher`."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is nothing to teach, or ""."""
        if sketch.may_be(lambda task: task.has_one_truth):
            return ""
        if not sketch.may_be(lambda task: not task.gives_back):
            return Refusal(
                f"teacher={self!r} where normal windows alone are learned from",
                expected="none: there is no class to balance or to teach",
                fix="--set teacher=None",
            )
        return Refusal(
            f"{type(self).__name__} for a {sketch.task_names()} target",
            expected="a class or a number a row",
            fix="--set teacher=None",
        )

    @abstractmethod
    def soften(self, ports: TrainSet, raw: TrainSet) -> np.ndarray:
        """Returns the labels to learn instead of the rows' own, float32 [rows, outputs].

        Args:
            ports: Training rows whose columns are the model's inputs.
            raw: The same rows before the last encoding.

        Raises:
            LeakError: The rows are no TrainSet.
            TrainError: The rows are too few to be answered honestly.
        """


class Network(Spec):
    """Builds a Keras model. The contract of `Recipe.build`.

    Attributes:
        balancer: What redraws rows by the features of the net, or None.
        gives_back: Whether the net gives its input back (an autoencoder).
        needs_unlabelled: Whether it learns from rows without a label too.
        refits: Whether `refit` fits a part of the trained model once more.
        stream: Whether it ships in a form that takes one step at a time too.
        warms_up: Whether `warm_up` fits a part of the model before the rest.
    """

    balancer: Any = None
    gives_back: ClassVar[bool] = False
    needs_unlabelled: ClassVar[bool] = False
    refits: ClassVar[bool] = False
    stream = False
    warms_up: ClassVar[bool] = False

    @abstractmethod
    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False) -> Any:
        """Returns an uncompiled keras.Model: inputs by port → [rows, members, outputs].

        Args:
            signature: What the model takes and gives.
            seed: Of the drawn weights.
            synchronized: Whether batch normalization goes over all replicas of a strategy.

        Raises:
            RecipeError: The signature does not suit the net.
        """

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the network cannot learn the task, or ""; members look at the columns too."""
        if self.gives_back and not sketch.may_be(lambda task: task.gives_back):
            return Refusal(
                f"{type(self).__name__} for a {sketch.task_names()} target",
                expected="windows to be given back",
                fix="--set 'frame=CutSegments()', or another net: --set 'build=SeriesMlp()'",
            )
        if not self.gives_back and not sketch.may_be(lambda task: not task.gives_back):
            return Refusal(
                f"{type(self).__name__} to give windows back",
                expected="an autoencoder, whose code is too narrow for what is not normal",
                fix="--set 'build=Autoencoder()'",
            )
        return ""

    def plain(self) -> Network:
        """Returns the net with nothing of its own balanced."""
        return self

    def linear(self) -> Network | None:
        """Returns the linear net to compare with in the report, or None."""
        return None

    def warm_up(
        self,
        model: Any,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training: Training,
        deciding: str,
    ) -> None:
        """Fits a part of the model in place before the whole is compiled; does nothing here."""

    def refit(
        self,
        model: Any,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training: Training,
        deciding: str,
    ) -> None:
        """Fits a part of the trained model in place once more; does nothing here."""


class Compression(Spec):
    """Makes a trained model smaller. The contract of `Shipping.compress`.

    Attributes:
        shrinks_untrained: Whether it makes a net of any weights smaller, so that budgets are
            checked with it before training.
        float32_only: Whether it gains nothing in an int8 file.
    """

    shrinks_untrained: ClassVar[bool] = False
    float32_only: ClassVar[bool] = False

    @abstractmethod
    def compress(self, model: Any, tuning: Tuning) -> Any:
        """Returns a keras.Model that is smaller or ready to be; the given one stays as it is.

        Raises:
            RecipeError: Nothing in the model can be compressed in this way.
        """


@dataclass(frozen=True)
class Target(Spec):
    """A runtime: what a bundle holds for it, whether a net can run there, what that costs.

    Attributes:
        form: The rung of the ladder that the budgets are held against.
        converts: The forms of the TFLite file that it needs in addition to the usual ones.
        kernels: What runs its files in addition to LiteRT's fastest kernels (`convert.kernels`).
        asks_net: Whether `refusal` or a missing package can refuse a net before it is trained.
        max_bytes: The most bytes that the file may have; 0: no budget.
        max_ms: The most milliseconds a row may take, median, on this machine; 0: no budget.
        required: Whether a net that cannot run there is refused; if not, the report gives the
            reason.

    Budgets are checked with the untrained net before an epoch is spent, and with the bundle at the
    end.
    """

    form: ClassVar[str]
    converts: ClassVar[tuple[str, ...]] = ()
    kernels: ClassVar[tuple[Any, ...]] = ()
    asks_net: ClassVar[bool] = False
    max_bytes: int = knob(0, 0, 2**40)
    max_ms: float = knob(0.0, 0, 1e9)
    required: bool = True

    @classmethod
    def word(cls) -> str:
        """Returns its name on the command line."""
        return cls.__name__.removeprefix("Target").lower()

    def max_memory_bytes(self) -> int:
        """Returns the most bytes of memory that it may take while it runs; 0: no budget."""
        return 0

    def has_budget(self) -> bool:
        """Tests whether a cost could be over its budget."""
        return bool(self.max_bytes or self.max_ms or self.max_memory_bytes())

    def broken_budget(self, cost: Cost) -> str:
        """Returns which budget a cost is over, in words, or ""."""
        limits = (
            (cost.size_bytes, self.max_bytes, "bytes"),
            (cost.arena_bytes, self.max_memory_bytes(), "bytes of memory"),
            (cost.latency_ms, self.max_ms, "ms a row"),
        )
        for value, most, unit in limits:
            if most and value is not None and value > most:
                name = type(self).__name__
                return f"{name}: {value:,.10g} {unit} where the budget is {most:,.10g}"
        return ""

    def refusal(self, signature: Signature, model) -> str:
        """Returns why a Keras model cannot run there, or ""; asked before it is trained.

        A target that overrides this sets `asks_net`.
        """
        return ""

    def files(self, exported: ExportedModel) -> dict[str, bytes | str]:
        """Returns name → content of what the bundle holds for it, without the TFLite files."""
        return {}

    @abstractmethod
    def cost(self, exported: ExportedModel) -> Cost:
        """Measures what the form takes, on training rows."""

    @abstractmethod
    def climb(
        self, exported: ExportedModel, test: HeldOut, answers: dict[str, Answers]
    ) -> list[Rung]:
        """Runs its forms on raw test rows.

        Args:
            exported: What ships, with the files of this target.
            test: Raw test rows.
            answers: Form → answers, with those of "keras". The answers of this target are added.

        Returns:
            Its rungs of the ladder; `verify.ladder.unscored` makes one of a form that is not run.
        """

    def climb_stream(
        self, exported: ExportedModel, test: HeldOut, answers: dict[str, Answers]
    ) -> Iterable[Rung]:
        """Runs its streaming forms, if the model has them; asked after every target has climbed.

        Args:
            exported: What ships; `exported.signature.stream` is not None.
            test: Raw test rows.
            answers: Form → answers of the forms for whole windows.

        Returns:
            Its rungs of the streaming forms; none by default.
        """
        return ()


# Loss, Optimizer, Schedule


class Loss(Spec):
    """What training minimizes: how far outputs are from the truth, over a loss of Keras."""

    def suits_target(self, target: ColumnTarget) -> str:
        """Returns why the loss cannot be used for the target, or "".

        Args:
            target: Of the signature, with what was learned of it.
        """
        return ""

    @abstractmethod
    def build(self, target: ColumnTarget) -> Callable[[Any, Any], Any]:
        """Returns a Keras loss without reduction, called with the truth and the outputs.

        The truth is float32 [rows, members, labels], the outputs are float32
        [rows, members, outputs], logits or standardized values; what it gives is float32
        [rows, members].

        Args:
            target: Of the signature, with what was learned of it.
        """


@dataclass(frozen=True)
class Optimizer(Spec):
    """How a step changes the weights: knobs of an optimizer of Keras.

    Attributes:
        learning_rate: Of a step; the highest one where a schedule changes it.
    """

    learning_rate: float = knob(1e-3, 1e-9, 10)

    @abstractmethod
    def build(self, rate: Any) -> Any:
        """Returns a new keras.optimizers.Optimizer.

        Args:
            rate: A number, or a schedule of Keras from step to rate.
        """


class Schedule(Spec):
    """How the rate goes from step to step, and what ends a training early.

    Attributes:
        keeps_best: Whether the weights of the best epoch are kept, not those of the last one.
    """

    keeps_best: ClassVar[bool] = False

    @abstractmethod
    def rate(self, learning_rate: float, *, epochs: int, steps: int) -> Any:
        """Returns the rate, a number or a schedule of Keras from step to rate.

        Args:
            learning_rate: The highest one.
            epochs: Of the whole training.
            steps: Of one epoch.
        """

    def callbacks(self, monitor: str, mode: str) -> list:
        """Returns the callbacks of Keras that the schedule needs.

        Args:
            monitor: Keras' name of the deciding metric on validation rows.
            mode: "max" or "min", which of it is better.
        """
        return []
