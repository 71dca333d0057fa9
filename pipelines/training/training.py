"""How a net is trained: the slots and knobs of `training` in a recipe."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ..engine.group import current_group, rank_here
from ..engine.notice import print_notice
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Averaging, Clipping, Loss, Optimizer, Schedule
from ..spec import Refusal, Spec, knob
from .optimizers import AdamW
from .precision import FLOAT16, FLOAT32, check_precision
from .schedules import Constant, by_update
from .service import DataService, named_service
from .strategy import (
    MULTIWORKER,
    ON_ONE_DEVICE,
    ONE_DEVICE,
    SHARING,
    check_strategy,
    make_strategy,
)
from .watch import watch_training

# Keras' name of how many batches give one step.
ACCUMULATION = "gradient_accumulation_steps"


@dataclass(frozen=True)
class Training(Spec):
    """How long, how fast, by which loss.

    Attributes:
        epochs: How often every training row is seen, at most.
        batch_size: Rows of one step.
        loss: What is minimized; None is the task's own.
        optimizer: How a step changes the weights, with the learning rate.
        clip: What makes large gradients smaller, or None.
        accumulation: How many batches give the gradients of one step of the optimizer, their mean:
            as one batch that is as many times larger, in the memory of a small one.
        average: Which average of the weights is kept; None: the last ones, or those of the best
            epoch, as the schedule has it.
        schedule: How the rate goes, and what ends training early.
        seed: Of weights, order of rows, dropout and augmentation.
        strategy: Where it runs: "one_device" is TensorFlow's own choice, the first GPU or else the
            CPU; "cpu", "gpu"; "mirrored" over all that TensorFlow finds; "multiworker" in the
            processes of `launch`; "tpu"; "auto" takes a TPU, several GPUs, one GPU, the CPU, in
            this order.
        precision: What layers compute in while they are trained: "float32"; "bfloat16" or "float16"
            on devices that are faster in 16 bits (Micikevicius et al. 2018,
            https://arxiv.org/abs/1710.03740; Kalamkar et al. 2019,
            https://arxiv.org/abs/1905.12322). Weights, validation scores and what ships are float32
            all the same. The loss of "float16" is scaled. No CPU gains by it (docs/training.md).
        refit: Whether, once validation rows have chosen epochs, threshold and calibration, the
            network learns anew from training and validation rows together.
        watch: Whether gradients, steps, dead units and saturation of each layer are recorded and
            drawn; the weights come out the same (see docs/training.md).
        data_service: The address of a tf.data service whose workers make the batches of rows in
            memory, such as grpc://host:5000, or how many workers this machine starts for it, such
            as 2, with the same result (see docs/training.md); "" to make them here.
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
    clip: Clipping | None = None
    accumulation: int = knob(1, 1, 10_000)
    average: Averaging | None = None
    schedule: Schedule = Constant()
    seed: int = knob(0, 0, 2**31 - 1)
    strategy: str = ONE_DEVICE
    precision: str = FLOAT32
    refit: bool = False
    watch: bool = False
    data_service: str = ""

    def check(self) -> None:
        """Raises RecipeError if training could not start."""
        check_strategy(self.strategy)
        check_precision(self.precision)
        self._check_scaled()
        self.service()
        if self.average is not None and self.schedule.keeps_best:
            raise RecipeError(
                f"training.average={self.average!r} with training.schedule={self.schedule!r}",
                expected="either an average of weights, or those of the best epoch",
                fix="--set 'training.schedule=Cosine()' or 'training.schedule=Constant(patience=0)'"
                ", or --set training.average=None",
            )
        for part in self.parts().values():
            part.check()

    def _check_scaled(self):
        """Refuses what would read the gradients of a scaled loss as they are."""
        if self.precision != FLOAT16:
            return
        asked = {
            f"training.accumulation={self.accumulation}": self.accumulation > 1,
            f"training.average={self.average!r}": self.average is not None,
            f"training.clip={self.clip!r}": self.clip is not None,
            "training.watch=True": self.watch,
        }
        for words, is_asked in asked.items():
            if is_asked:
                raise RecipeError(
                    f"{words} with training.precision={FLOAT16}, whose loss is scaled, and whose "
                    "steps are left out where a gradient is no number",
                    expected="gradients and steps as they are",
                    fix="--set training.precision=bfloat16, which needs no scale",
                )

    def refuse_without_epochs(self, network: str) -> None:
        """Raises RecipeError for what only epochs have, of a network that is solved for.

        Args:
            network: The name of its spec.
        """
        if self.watch:
            raise RecipeError(
                f"training.watch=True for {network}, which has no epochs",
                expected="a network that is trained: here there is nothing to watch",
                fix="leave --watch out, or --set training.watch=False",
            )
        if self.data_service:
            raise RecipeError(
                f"training.data_service={self.data_service!r} for {network}, which has no epochs",
                expected="a network that is trained: this one takes no batches",
                fix="leave --data-service out, or --set training.data_service=''",
            )
        if self.precision != FLOAT32:
            raise RecipeError(
                f"training.precision={self.precision!r} for {network}, which has no epochs",
                expected=f"{FLOAT32}: its weights are solved for, not trained",
                fix=f"--set training.precision={FLOAT32}",
            )

    def parts(self) -> dict[str, Spec]:
        """Returns the names of the slots of training that hold a spec → the specs."""
        slots = ("loss", "optimizer", "clip", "average", "schedule")
        held = {slot: vars(self)[slot] for slot in slots}
        return {slot: part for slot, part in held.items() if part is not None}

    def suits(self, sketch: DataSketch) -> str:
        """Returns why loss, optimizer or schedule cannot work on such data, or more than one device
        cannot do what is asked, or "".
        """
        for slot, part in self.parts().items():
            reason = part.suits(sketch)
            if isinstance(reason, Refusal):
                return reason
            if reason:
                # The part alone: all of the training would hide it.
                return Refusal(
                    f"training.{slot}={part!r}: {reason}",
                    expected=f"a spec for {sketch.target_words()}",
                    fix="name another spec: python -m pipelines knobs lists them",
                )
        return self._not_mirrored()

    def refuses_stream(self) -> str:
        """Returns which knob rows that are streamed have no use for, or ""."""
        if self.refit:
            return Refusal(
                "training.refit=True on rows that are streamed",
                expected="one training: the validation rows in memory are a sample",
                fix="--set training.refit=False",
            )
        if self.data_service:
            return Refusal(
                f"training.data_service={self.data_service!r} on rows that are streamed",
                expected="rows in memory: streamed rows are read and encoded by this process",
                fix="--set training.data_service=''",
            )
        if self.strategy in SHARING:
            return Refusal(
                f"training.strategy={self.strategy!r} on rows that are streamed",
                expected="one device, which takes every batch as it is read",
                fix=ON_ONE_DEVICE,
            )
        return ""

    def _not_mirrored(self):
        """Why several devices would compute something else than one, or ""."""
        if self.strategy not in SHARING:
            return ""
        words = self._against_replicas()
        if not words:
            return ""
        return Refusal(
            f"{words} with training.strategy={self.strategy!r}",
            expected="one device: replicas would do it to their own part of a batch, or "
            "Keras fails",
            fix=ON_ONE_DEVICE,
        )

    def _against_replicas(self):
        """The knob that several replicas would not do as one device does, or ""."""
        asked = {
            f"training.clip={self.clip!r}": self.clip is not None,
            f"training.accumulation={self.accumulation}": self.accumulation > 1,
            f"training.average={self.average!r}": bool(self._averaging_arguments()),
            f"training.loss={self.loss!r}": self._loss_is_alone(),
            f"training.precision={FLOAT16}": self.precision == FLOAT16,
            "training.watch=True": self.watch,
            f"training.data_service={self.data_service!r}": bool(self.data_service),
        }
        return next((words for words, is_asked in asked.items() if is_asked), "")

    def _loss_is_alone(self):
        """Whether the loss is of a whole batch, or of rows that other processes do not have."""
        if self.loss is None:
            return False
        return self.loss.is_of_batch or self.loss.reads_rows

    def service(self) -> DataService | None:
        """Returns whose workers make the batches; None for this process.

        Raises:
            RecipeError: `data_service` names none.
        """
        return named_service(self.data_service)

    def new_strategy(self) -> Any:
        """Returns the tf.distribute strategy that it runs under, one object a process.

        Raises:
            RecipeError: The device is not there.
        """
        return make_strategy(self.strategy, mirrors=not self._against_replicas())

    def is_for_group(self) -> bool:
        """Tests whether other processes do it together for this one."""
        return self.strategy == MULTIWORKER and rank_here() is None

    def by_one_process(self) -> "Training":
        """Returns the training as a worker of a study does it, which no group is there for."""
        if not self.is_for_group():
            return self
        return replace(self, strategy=ONE_DEVICE)

    def together(self) -> tuple[int, ...]:
        """Returns how many processes do it for this one, which decides its last digits; () if it
        is done here.
        """
        if not self.is_for_group():
            return ()
        return (current_group().num_workers,)

    def require_device(self) -> None:
        """Raises RecipeError for a device or workers that were asked for and are not there."""
        if self.is_for_group():
            current_group()
        elif self.strategy != ONE_DEVICE:  # which is always there: TensorFlow need not be asked
            self.new_strategy()

    def at(self, *, epochs: int, learning_rate: float) -> "Training":
        """Returns the same training for as many epochs, by the same optimizer at another rate."""
        optimizer = replace(self.optimizer, learning_rate=learning_rate)
        return replace(self, epochs=epochs, optimizer=optimizer)

    def to_the_end(self, epochs: int) -> "Training":
        """Returns the same training for as many epochs, of which validation rows choose none."""
        return replace(self, epochs=epochs, schedule=self.schedule.to_the_end(), watch=False)

    def new_optimizer(self, steps: int):
        """Returns a new keras.optimizers.Optimizer at the rates of the schedule.

        Args:
            steps: Of one epoch.
        """
        learning_rate = self.optimizer.learning_rate
        rate = self.schedule.rate(learning_rate, epochs=self.epochs, steps=steps)
        return self.optimizer_at(rate, **self._averaging_arguments())

    def optimizer_at(self, rate: Any, **more: Any) -> Any:
        """Returns a new keras.optimizers.Optimizer that clips and accumulates as this training.

        Args:
            rate: A number, or a schedule of Keras from batch to rate.
            more: Arguments of averaging.
        """
        by_step = by_update(rate, self.accumulation)
        return self.optimizer.build(by_step, **self.step_arguments(), **more)

    def step_arguments(self) -> dict[str, Any]:
        """Returns the arguments of every optimizer of Keras that make one step another: clipping
        and accumulation.
        """
        arguments = {}
        if self.clip is not None:
            arguments.update(self.clip.arguments())
        if self.accumulation > 1:
            arguments[ACCUMULATION] = self.accumulation
        return arguments

    def _averaging_arguments(self):
        if self.average is None:
            return {}
        return self.average.arguments()

    def watchers(self, batches: Callable[[int], Any], steps: int) -> list:
        """Returns the callback of Keras that watches, if it is asked for.

        Args:
            batches: The first step → a tf.data.Dataset of training rows from there on.
            steps: Of one epoch.
        """
        if not self.watch:
            return []
        watcher = watch_training(
            batches,
            steps=steps,
            accumulation=self.accumulation,
            report=lambda fault: print_notice(f"watch: {fault.words}"),
        )
        return [watcher]

    def callbacks(self, monitor: str, mode: str) -> list:
        """Returns the callbacks of Keras that schedule and averaging need.

        Args:
            monitor: Keras' name of the deciding metric on validation rows.
            mode: "max" or "min", which of it is better.
        """
        callbacks = self.schedule.callbacks(monitor, mode)
        if self.average is not None:
            callbacks += self.average.callbacks(self.epochs)
        return callbacks
