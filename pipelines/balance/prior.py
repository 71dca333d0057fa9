"""How often classes are, in the loss: what is learned for even classes, and what resampling changed
of the prior taken back. Both add to the logits in training alone, so that a device does nothing.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..errors import BalanceError
from ..rows.parts import BalancedSet, TrainSet, require_train_set
from ..rows.sketch import DataSketch
from ..slots import Balancer
from ..spec import knob
from .samplers import UndersampleRandom, require_two_classes
from .weights import balanced


@dataclass(frozen=True)
class AdjustLogits(Balancer):
    """Learns with `strength` times the log of each class's share added to its logit (Menon et al.
    2021, section 4.2, https://arxiv.org/abs/2007.07314): without it the answer is that of classes
    that are equally frequent, and no row is touched.

    Attributes:
        strength: How far: 0 not at all, 1 until the balanced error is the least.
    """

    strength: float = knob(1.0, 0, 4)

    redraws: ClassVar[bool] = False
    evens: ClassVar[bool] = False
    shifts_logits: ClassVar[bool] = True

    def resample(self, train: TrainSet) -> BalancedSet:
        """Returns the same rows with what their loss adds to logits.

        Raises:
            LeakError: For rows that are no TrainSet.
            BalanceError: For real-number targets.
        """
        train = require_train_set(train, "balance")
        require_two_classes(train, "AdjustLogits")
        shift = self.strength * _log_shares(train)
        return replace(balanced(train), logit_shift=shift.astype(np.float32))


@dataclass(frozen=True)
class CorrectPrior(Balancer):
    """Resamples, and takes back what that changes of the probabilities: the odds times the ratio of
    the shares before and after (Elkan 2001, theorem 2,
    https://dl.acm.org/doi/10.5555/1642194.1642224; Saerens et al. 2002,
    https://doi.org/10.1162/089976602753284446). The loss adds the log of that ratio, so that the
    logits that ship are those of the true shares.

    Attributes:
        of: The balancer that resamples or weights.
    """

    of: Balancer = UndersampleRandom()

    shifts_logits: ClassVar[bool] = True

    def check(self) -> None:
        """Raises BalanceError for a balancer that shifts logits itself."""
        self.of.check()
        if self.of.shifts_logits:
            raise BalanceError(
                f"CorrectPrior of {self.of!r}",
                expected="a balancer that changes how often classes are",
                fix="--set 'balance=CorrectPrior(of=UndersampleRandom())'",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why not, as its balancer states it, or ""."""
        return self.of.suits(sketch)

    def refuses_stream(self) -> str:
        """Returns why not, as its balancer states it, or ""."""
        return self.of.refuses_stream()

    def resample(self, train: TrainSet) -> BalancedSet:
        """Returns the rows of its balancer with what their loss adds to logits.

        Raises:
            LeakError: For rows that are no TrainSet.
            BalanceError: As its balancer.
        """
        train = require_train_set(train, "balance")
        require_two_classes(train, "CorrectPrior")
        rows = self.of.resample(train)
        shift = _log_shares(rows) - _log_shares(train)
        return replace(rows, logit_shift=shift.astype(np.float32))


def _weights_of(rows):
    """Returns what a row of each class counts, where rows are a sample of a stream."""
    if rows.class_weights is None:
        return 1.0
    return rows.class_weights


def _log_shares(rows):
    """Returns the log of the share of each class by weight, float64 [classes]. A class without a
    row counts as half of one.
    """
    num_classes = len(rows.schema.target.labels)
    counts = np.bincount(rows.y, weights=rows.weight, minlength=num_classes)
    if rows.whole is not None:
        counts = rows.count_classes() * _weights_of(rows)
    counts = np.maximum(counts, 0.5)
    return np.log(counts / counts.sum())
