"""The contracts of what is trained and how: networks, losses, optimizers and schedules."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..spec import Refusal, Spec, knob, needs_all_rows
from .layers import NEED_EXPONENTIAL, Layers

if TYPE_CHECKING:
    from ..device.signature import Signature
    from ..device.target import Target as ColumnTarget
    from ..rows.parts import HeldOut, TrainSet
    from ..training.feed import TrainFeed
    from ..training.training import Training


@dataclass(frozen=True)
class Network(Spec):
    """Builds a Keras model. The contract of `Recipe.build`.

    Attributes:
        layers: The choices of layers that all networks share.
        balancer: What redraws rows by the features of the net, or None.
        gives_back: Whether the net gives its input back (an autoencoder).
        needs_unlabelled: Whether it learns from rows without a label too.
        refits: Whether `refit` fits a part of the trained model once more.
        solves: Whether `solve` fits the whole model, in place of epochs of training.
        staggers_outputs: Whether the int8 file gives each output several times, rounded at
            staggered places, whatever the task is: where one int8 is too coarse for it.
        decides_by_folds: Whether it chooses, and decides, by folds of the rows that it learns from:
            then validation rows are learned from too.
        stream: Whether it ships in a form that takes one step at a time too.
        warms_up: Whether `warm_up` fits a part of the model before the rest.
        rounds_inputs: Whether it rounds its inputs as int8 does, on a grid that it learns.
        fits_members: Whether `fit_members` trains several nets, in place of one training.
        leaves_empty: Slots of a recipe that must be empty, as they alter rows or batches that the
            members need as they are.
        folds_rows: Whether it cuts training rows into folds, which holds for rows that nothing has
            redrawn.
        constrains: Whether weights keep signs, which only training by epochs keeps.
    """

    layers: Layers = field(default=Layers(), kw_only=True)
    balancer = None
    gives_back: ClassVar[bool] = False
    needs_unlabelled: ClassVar[bool] = False
    refits: ClassVar[bool] = False
    solves: ClassVar[bool] = False
    staggers_outputs: ClassVar[bool] = False
    decides_by_folds = False
    stream = False
    warms_up: ClassVar[bool] = False
    rounds_inputs: ClassVar[bool] = False
    fits_members: ClassVar[bool] = False
    leaves_empty: ClassVar[tuple[str, ...]] = ()
    folds_rows: ClassVar[bool] = False
    constrains: ClassVar[bool] = False

    @abstractmethod
    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False) -> Any:
        """Returns an uncompiled keras.Model: inputs by port → [rows, members, outputs].

        Each member ends in a dense layer whose name ends in "_logits", of nets that give windows
        back in a layer whose name ends in "_window": `training.members` makes one model of them.

        Args:
            signature: What the model takes and gives.
            seed: Of the drawn weights.
            synchronized: Whether batch normalization goes over all replicas of a strategy.

        Raises:
            RecipeError: The signature does not suit the net.
        """

    def with_inputs(self, signature: Signature) -> Signature:
        """Returns the signature with the inputs that the net has next to those of the columns.

        Args:
            signature: Of the columns, before anything is learned.

        Raises:
            RecipeError: The signature does not suit the net.
        """
        return signature

    def check_with(self, loss: Loss | None, compress: tuple[Spec, ...]) -> None:
        """Raises RecipeError for a loss or a compression that the net cannot be trained with.

        Args:
            loss: Of `Recipe.training`.
            compress: The steps of `Recipe.shipping`.
        """
        name = type(self).__name__
        if self.fits_members and loss is not None and loss.reads_rows:
            raise RecipeError(
                f"training.loss={loss!r} with {name}, whose nets draw rows of their own",
                expected="one net",
                fix="--set training.loss=None, or a network that is no ensemble of trainings",
            )
        if self.constrains and compress:
            raise RecipeError(
                f"shipping.compress={compress!r} with {name}, whose weights keep their signs",
                expected="the network as it was trained",
                fix="--set 'shipping.compress=()'",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the network cannot learn the task, or ""; members look at the columns too."""
        if self.gives_back and not sketch.may_be(lambda task: task.gives_back):
            return Refusal(
                f"{type(self).__name__} for {sketch.target_words()}",
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

    def has_known_operators(self) -> bool:
        """Returns whether tests run such nets on every runtime of int8.

        What a runtime lacks is found only in the converted file: nets of others, and activations
        that need an exponential, are converted before they are trained.
        """
        package = __package__.partition(".")[0]
        is_of_package = type(self).__module__.partition(".")[0] == package
        return is_of_package and self.layers.activation not in NEED_EXPONENTIAL

    def refuses_stream(self) -> str:
        """Returns why the net cannot learn from rows that are streamed, or ""."""
        asked = (
            self.needs_unlabelled,
            self.refits,
            self.solves,
            self.decides_by_folds,
            self.warms_up,
            self.fits_members,
            self.balancer is not None,
        )
        if any(asked):
            return needs_all_rows(self, "--set 'build=Mlp()'")
        return ""

    def plain(self) -> Network:
        """Returns the net with nothing of its own balanced."""
        return self

    def single(self) -> Network:
        """Returns the net with one member, if it has a knob for more."""
        if not any(each.name == "num_members" for each in fields(self)):
            return self
        one: dict[str, Any] = {"num_members": 1}
        return replace(self, **one)

    def num_steps(self) -> int:
        """Returns on how many steps an output looks back; 0 where the net does not `stream`."""
        return 0

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

    def solve(
        self,
        model: Any,
        train_set: TrainSet,
        valid: HeldOut,
        *,
        signature: Signature,
        training: Training,
        deciding: str,
    ) -> np.ndarray | None:
        """Fits the whole model in place where no gradient does; called only if `solves`.

        The result is what is kept in the cache: the same rows and `training.seed` give the same
        weights. Such a net has no epochs, so a recipe with a teacher or augmentation is refused.

        Args:
            model: What `build` returned, its weights as drawn.
            train_set: Rows to learn from, `train_set.x`: port → array [rows, ...]; with weights.
            valid: Rows to choose by, as the schedule of a training would.
            signature: What the model takes and gives.
            training: Its seed; the other knobs have no effect.
            deciding: The metric to choose by.

        Returns:
            If `decides_by_folds`, float32 [rows, outputs]: what models that did not learn from a
            row answer to it. The decision is made by them.
        """
        return None

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

    def fit_members(
        self,
        feed: TrainFeed,
        valid: HeldOut,
        *,
        signature: Signature,
        training: Training,
        deciding: str,
        callbacks: Sequence = (),
    ) -> tuple[Any, dict[str, list[float]], dict[str, Any] | None]:
        """Trains several nets, one after the other; called only if `fits_members`.

        Args:
            feed: What training batches are drawn from.
            valid: Rows to stop by.
            signature: What the model takes and gives.
            training: Of each net.
            deciding: The metric to follow.
            callbacks: More callbacks of Keras, for each.

        Returns:
            A model as `build` gives it, trained; and history and watch of one member to show, as
            `FitResult` has them.
        """
        raise NotImplementedError(f"{type(self).__name__} is one net")


class Loss(Spec):
    """What training minimizes: how far outputs are from the truth, over a loss of Keras.

    Attributes:
        is_of_batch: Whether it is of a whole batch, and each row is given that value.
        weighs_classes: Whether it has an own way with rare classes or labels.
        reads_rows: Whether it reads more of a row than its truth (`allowed`).
    """

    is_of_batch: ClassVar[bool] = False
    weighs_classes: ClassVar[bool] = False
    reads_rows: ClassVar[bool] = False

    def allowed(self, rows: TrainSet, ids: np.ndarray) -> np.ndarray | None:
        """Returns what stands next to the truth of each training row, float32 [rows, values]; None
        if the loss is of truth and outputs alone.

        Args:
            rows: Raw training rows, as they were before balancing.
            ids: int64 [rows], the source rows of those that are learned from.

        Raises:
            PipelineError: The rows are not such as the loss reads.
        """
        return None

    def suits_target(self, target: ColumnTarget) -> str:
        """Returns why the loss cannot be used for the target, or "".

        Args:
            target: Of the signature, with what was learned of it.
        """
        return ""

    def learned(self, rows: TrainSet) -> Loss:
        """Returns the loss with what it takes from training rows, such as counts of classes.

        Raises:
            RecipeError: It cannot be used for such rows.
        """
        return self

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
    def build(self, rate: Any, **common: Any) -> Any:
        """Returns a new keras.optimizers.Optimizer.

        Args:
            rate: A number, or a schedule of Keras from step to rate.
            common: Arguments that every optimizer of Keras takes: of clipping, accumulation and
                averaging (see `Training.new_optimizer`).
        """


class Clipping(Spec):
    """Makes gradients smaller where they are too large, before the optimizer sees them."""

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Returns the argument of every optimizer of Keras that does it."""


class Averaging(Spec):
    """Keeps an average of the weights that training went through, in place of the last ones."""

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Returns the arguments of every optimizer of Keras that do it, none if callbacks do."""

    def callbacks(self, epochs: int) -> list:
        """Returns the callbacks of Keras that do it; none here.

        Args:
            epochs: Of the whole training.
        """
        return []


class Schedule(Spec):
    """How the rate goes from step to step, and what ends a training early."""

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best epoch are kept, not those of the last one."""
        return False

    def to_the_end(self) -> Schedule:
        """Returns the same schedule that ends no training early and keeps the last weights: for
        rows of which none are held out.
        """
        return self

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
