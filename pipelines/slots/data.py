"""The contracts of what reads rows and alters them: loaders, splits, frames, steps, row filters,
balancers, generators, augmentations and teachers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

from ..rows.sketch import DataSketch
from ..spec import Refusal, Spec, needs_all_rows

if TYPE_CHECKING:
    import numpy as np

    from ..balance.generators.rows import ClassRows, LearnedGenerator
    from ..device.ports import Port
    from ..device.signature import Signature
    from ..recipe import Recipe
    from ..rows.parts import BalancedSet, ColumnNote, Dataset, Splits, TrainSet
    from ..rows.streamed_split import HashedCut
    from ..steps.step import FittedStep


# How near the fit of a step to rows that are streamed is to that in memory.
EXACT = "exact"
BY_SAMPLE = "by sample"


class Loader(Spec):
    """Reads a source. The contract of `Recipe.load`."""

    @abstractmethod
    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
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

    def streams(self, source: object = None) -> bool:
        """Returns whether the rows are read part by part, each epoch anew.

        Args:
            source: As of `read`.
        """
        return False

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
    """Parts the rows. The contract of `Recipe.split`.

    Attributes:
        redraw: How to get other parts, in words, for an error.
    """

    redraw: ClassVar[str] = "draw with another split.seed"

    def streamed_cut(self) -> HashedCut | None:
        """Returns how each row is drawn by itself, None if all rows are needed at once."""
        return None

    def refuses_stream(self) -> str:
        """Returns why rows that are streamed cannot be split so, or ""."""
        if self.streamed_cut() is None:
            return needs_all_rows(self, "--set 'split=SplitRandom()'")
        return ""

    @abstractmethod
    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the places int64 of training, validation and test rows.

        Raises:
            SplitError: A part would be empty, or the data have not what the split goes by.
        """

    def keep_labels(self, dataset: Dataset, places: np.ndarray) -> np.ndarray:
        """Returns those of the training rows at `places` that keep their label; here all do."""
        return places

    @abstractmethod
    def cut_valid(self, dataset: Dataset, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the places int64 of training and of validation rows among `places`."""

    @abstractmethod
    def cut_folds(
        self, dataset: Dataset, places: np.ndarray, num: int, *, repeat: int = 0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Returns (learned from, judged on) of each of `num` folds of the rows at `places`.

        Args:
            dataset: The rows as loaded.
            places: int64, of the rows that are folded.
            num: How many folds.
            repeat: Draws them anew.

        Raises:
            SplitError: The rows are too few, or cannot be drawn anew.
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
    """Prepares or encodes columns. The contract of `Recipe.prepare` and `Recipe.encode`.

    Attributes:
        fills_numbers: Whether it fills missing numbers of tables.
        streamed: How near its fit to rows that are streamed is to that in memory: EXACT within
            rounding, BY_SAMPLE of a seeded sample of training rows; "" if it cannot be fitted so.
        instead: What to set where it cannot.
    """

    fills_numbers: ClassVar[bool] = False
    streamed: ClassVar[str] = ""
    instead: ClassVar[str] = "leave it out of the steps"

    def refuses_stream(self) -> str:
        """Returns why the step cannot be fitted to rows that are streamed, or ""."""
        if self.streamed:
            return ""
        return needs_all_rows(self, self.instead)

    @abstractmethod
    def fit(self, train: TrainSet) -> FittedStep:
        """Returns what the step learned, as primitives.

        Raises:
            LeakError: The rows are no TrainSet.
            StepError: A named column does not suit.
        """

    def with_window(self, window: int) -> Self:
        """Returns the step that reads `window` tokens of each text; the same if it cuts no text."""
        return self

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

    def refuses_stream(self) -> str:
        """Returns why: the steps after it would learn from rows that it leaves out."""
        return needs_all_rows(self, "use an imputer, such as ImputeMedian()")

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
        evens: Whether classes become about as frequent; if not, rows are left out where classes
            overlap, however many that are.
        shifts_logits: Whether the loss adds to logits what it states.
    """

    redraws: ClassVar[bool] = True
    evens: ClassVar[bool] = True
    shifts_logits: ClassVar[bool] = False

    def refuses_stream(self) -> str:
        """Returns why rows that are streamed cannot be made even so, or ""."""
        if self.redraws:
            other = "--set 'balance=WeightByClass()', 'UndersampleRandom()' or 'AdjustLogits()'"
            return needs_all_rows(self, other)
        return ""

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
            f"{type(self).__name__} for {sketch.target_words()}",
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


class Generator(Spec):
    """Learns what rows of each class are like, and draws others. The contract of `Generate.by`."""

    @abstractmethod
    def learn(self, rows: ClassRows, *, seed: int) -> LearnedGenerator:
        """Returns what was learned from rows; the same to the bit of the same rows and seed.

        Args:
            rows: Training rows as numbers.
            seed: Of weights, batches and noise.

        Raises:
            BalanceError: Nothing finite is learned.
        """


class Augmentation(Spec):
    """Alters training batches. The contract of `Recipe.augment`.

    A family of augmentations that can be chained shares one `compose`.
    """

    def refuses_stream(self) -> str:
        """Returns why batches of rows that are streamed are not altered."""
        return needs_all_rows(self, "--set 'augment=()'")

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

    def refuses_stream(self) -> str:
        """Returns why: it answers rows that stand in memory."""
        return needs_all_rows(self, "--set teacher=None")

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
            f"{type(self).__name__} for {sketch.target_words()}",
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
