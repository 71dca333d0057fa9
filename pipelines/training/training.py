"""How a net is trained: the slots and knobs of `training` in a recipe."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Loss, Optimizer, Schedule
from ..spec import Spec, knob
from .optimizers import AdamW
from .schedules import Constant
from .strategy import STRATEGIES


@dataclass(frozen=True)
class Training(Spec):
    """How long, how fast, by which loss.

    Attributes:
        epochs: How often every training row is seen, at most.
        batch_size: Rows of one step.
        loss: What is minimized; None is the task's own.
        optimizer: How a step changes the weights, with the learning rate.
        schedule: How the rate goes, and what ends training early.
        seed: Of weights, order of rows, dropout and augmentation.
        strategy: Where it runs: "one_device", or "mirrored" over all that TensorFlow finds.
        refit: Whether, once validation rows have chosen epochs, threshold and calibration, the
            network learns anew from training and validation rows together.
    """

    # Knobs that stood here once → where they stand now, for the error that names it.
    MOVED = MappingProxyType(
        {
            "learning_rate": "optimizer.learning_rate={}",
            "weight_decay": "optimizer.weight_decay={}",
            "patience": "schedule=Constant(patience={})",
            "warmup_epochs": "schedule=Cosine(warmup_epochs={})",
            "label_smoothing": "loss=CrossEntropy(label_smoothing={})",
            "focal_gamma": "loss=Focal(gamma={})",
        }
    )

    epochs: int = knob(60, 1, 1_000_000)
    batch_size: int = knob(256, 1, 2**20)
    loss: Loss | None = None
    optimizer: Optimizer = AdamW()
    schedule: Schedule = Constant()
    seed: int = knob(0, 0, 2**31 - 1)
    strategy: str = "one_device"
    refit: bool = False

    def check(self) -> None:
        """Raises RecipeError if training could not start."""
        if self.strategy not in STRATEGIES:
            raise RecipeError(
                f"training.strategy={self.strategy!r}",
                expected=" or ".join(STRATEGIES),
                fix="name one of these",
            )
        for part in self.parts():
            part.check()

    def parts(self) -> tuple[Spec, ...]:
        """Returns the specs in the slots of training."""
        if self.loss is None:
            return self.optimizer, self.schedule
        return self.loss, self.optimizer, self.schedule

    def suits(self, sketch: DataSketch) -> str:
        """Returns why loss, optimizer or schedule cannot work on such data, or ""."""
        reasons = [part.suits(sketch) for part in self.parts()]
        return next(filter(None, reasons), "")

    def at(self, *, epochs: int, learning_rate: float) -> "Training":
        """Returns the same training for as many epochs, by the same optimizer at another rate."""
        optimizer = replace(self.optimizer, learning_rate=learning_rate)
        return replace(self, epochs=epochs, optimizer=optimizer)

    def to_the_end(self, epochs: int) -> "Training":
        """Returns the same training for as many epochs, of which validation rows choose none."""
        return replace(self, epochs=epochs, schedule=self.schedule.to_the_end())

    def new_optimizer(self, steps: int):
        """Returns a new keras.optimizers.Optimizer at the rates of the schedule.

        Args:
            steps: Of one epoch.
        """
        learning_rate = self.optimizer.learning_rate
        rate = self.schedule.rate(learning_rate, epochs=self.epochs, steps=steps)
        return self.optimizer.build(rate)
