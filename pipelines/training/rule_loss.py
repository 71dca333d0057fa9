"""Rules as a loss: what a net answers costs more where it gives rules little probability."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..device.errors import DeviceError
from ..device.logic import Rule
from ..device.rule_book import RuleBook
from ..device.target import Target
from ..errors import RecipeError
from ..rows.columns import read_rows
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..slots import Loss
from ..spec import Refusal, knob
from ..tasks import task_of
from .losses import ClassLoss


@dataclass(frozen=True)
class WithRules(ClassLoss):
    """Adds to a loss of classes what its answers break of rules: the semantic loss, minus the
    logarithm of the probability that the rules hold (Xu et al. 2018,
    https://arxiv.org/abs/1711.11157).

    Attributes:
        rules: Expressions over the columns of a row and the target, such as "status == 'hurricane'
            implies wind >= 64" (docs/rules.md).
        strength: What the semantic loss counts; 0: the rules are only counted.
        of: The loss that it is added to; None is the task's own.
    """

    rules: tuple[str, ...] = ()
    strength: float = knob(
        1.0,
        0,
        1000,
    )
    of: Loss | None = None

    weighs_classes: ClassVar[bool] = True
    reads_rows: ClassVar[bool] = True

    def check(self) -> None:
        """Raises RecipeError for a rule that cannot be read."""
        for text in self.rules:
            try:
                Rule.parse(text)
            except DeviceError as error:
                raise RecipeError(
                    error.received,
                    expected=error.expected,
                    fix=error.fix,
                ) from error
        if isinstance(self.of, WithRules):
            raise RecipeError(
                "rules over rules", expected="one WithRules", fix="join their rules in one"
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why not, without labels or with rows that are read part by part."""
        if sketch.is_streamed:
            return Refusal(
                "training.loss=WithRules(...) on rows that are streamed",
                expected="rows in memory, whose columns rules can read",
                fix="--set load.memory.way=whole, or --set training.loss=None",
            )
        if self.of is not None and self.of.suits(sketch):
            return self.of.suits(sketch)
        return super().suits(sketch)

    def suits_target(self, target: Target) -> str:
        """Returns why not, for a target without labels."""
        if self.of is not None and self.of.suits_target(target):
            return self.of.suits_target(target)
        return super().suits_target(target)

    def learned(self, rows: TrainSet) -> "WithRules":
        """Returns the loss with what its part takes from training rows."""
        if self.of is None:
            return self
        return WithRules(
            self.rules,
            self.strength,
            self.of.learned(rows),
        )

    def allowed(self, rows: TrainSet, ids: np.ndarray) -> np.ndarray:
        """Returns which possible answers the rules allow, float32 [rows of `ids`, worlds].

        Args:
            rows: Raw training rows.
            ids: int64, of rows that are learned from: a row that was made has its parent's.
        """
        book = RuleBook.of(
            self.rules,
            rows.schema.target,
            rows.schema.columns,
        )
        everything = np.arange(len(rows))
        columns = {name: read_rows(rows.x[name], everything) for name in book.columns()}
        allowed = book.allowed(columns, len(rows)).astype(np.float32)
        order = np.argsort(rows.ids)
        places = order[np.searchsorted(rows.ids[order], ids)]
        return allowed[places]

    def build(self, target: Target) -> Callable[[Any, Any], Any]:
        """Returns the loss of truth with the allowed answers next to it, and outputs."""
        from keras import ops

        task = task_of(target)
        plain = task.default_loss(target)
        if self.of is not None:
            plain = self.of.build(target)
        width = task.num_outputs(
            target,
            None,
            (),
        )
        num_worlds = len(
            RuleBook.of(
                (),
                target,
                (),
            ).worlds
        )
        chances = _log_chances(target)

        def with_rules(y_true, y_pred):
            if y_true.shape[-1] != width + num_worlds:
                return plain(y_true, y_pred)  # of validation rows, and of compression
            truth = y_true[..., :width]
            allowed = y_true[..., width:]
            logs = chances(y_pred)
            held = ops.logsumexp(
                ops.where(
                    allowed > 0,
                    logs,
                    -1e9,
                ),
                axis=-1,
            )
            # A row for which rules allow nothing teaches nothing of them.
            broken = ops.where(
                ops.max(allowed, axis=-1) > 0,
                -held,
                0.0,
            )
            return plain(truth, y_pred) + self.strength * broken

        return with_rules


def _log_chances(target):
    """Returns a function from logits [..., outputs] to the log of each world's probability."""
    from keras import ops

    if task_of(target).has_label_sets:
        worlds = RuleBook.of(
            (),
            target,
            (),
        ).worlds.astype(np.float32)

        def of_sets(logits):
            likely = ops.log_sigmoid(logits)
            unlikely = ops.log_sigmoid(-logits)
            return ops.matmul(likely, worlds.T) + ops.matmul(unlikely, 1.0 - worlds.T)

        return of_sets

    def of_classes(logits):
        if logits.shape[-1] == 1:
            return ops.concatenate([ops.log_sigmoid(-logits), ops.log_sigmoid(logits)], axis=-1)
        return ops.log_softmax(logits, axis=-1)

    return of_classes
