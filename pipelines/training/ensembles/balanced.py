"""Members that each see all classes equally often: every rare row, and some of the frequent ones.

Together they see far more of the frequent rows than one undersampled net does.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...balance import CorrectPrior, UndersampleRandom
from ...balance.samplers import require_two_classes
from ...rows.parts import TrainSet
from ...rows.sketch import DataSketch
from ...slots import Network
from ...spec import Refusal, knob
from ..feed import TrainFeed
from .boosting import Boosting
from .ensemble import Averaged
from .member_training import MemberTraining, member_seed


@dataclass(frozen=True)
class _OnBalancedRows(Averaged):
    """What ensembles on balanced subsets share. In an epoch a subset is gone through as often as it
    fits into the training rows.

    Attributes:
        num_members: How many subsets there are, each with a net.
        correct: Whether probabilities are those of the true shares: the loss adds what the subset
            changed of the log-odds (see `CorrectPrior`).
    """

    refused_slots: ClassVar[tuple[str, ...]] = ("balance", "teacher")
    num_members: int = knob(5, 1, 64)
    correct: bool = True

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there is nothing to balance, or why a member cannot learn, or ""."""
        if sketch.may_have_classes():
            return super().suits(sketch)
        return Refusal(
            f"{type(self).__name__} for {sketch.target_words()}",
            expected="classes, which are the only thing to make even",
            fix="--set 'build=Bagging(of=...)'",
        )

    def feed_of(
        self,
        work: MemberTraining,
        place: int,
    ) -> TrainFeed:
        """Returns as many rows of every class as the rarest has."""
        require_two_classes(work.rows, type(self).__name__)
        seed = member_seed(work.training.seed, place)
        rows = self._drawn(work.rows, seed)
        balancer = UndersampleRandom(seed=seed)
        if self.correct:
            balanced = CorrectPrior(of=balancer).resample(rows)
        else:
            balanced = balancer.resample(rows)
        return replace(work.feed, rows=_repeated(balanced, len(work.rows)))

    def _drawn(
        self,
        rows: TrainSet,
        seed: int,
    ) -> TrainSet:
        """Returns the rows of which a subset is drawn."""
        return rows


def _repeated(subset: TrainSet, num_rows: int) -> TrainSet:
    """Returns a subset as often as it fits into the training rows, so that an epoch has about as
    many steps as one of all rows: what stops a training counts epochs.
    """
    times = max(num_rows // len(subset), 1)
    return subset.take(np.tile(np.arange(len(subset)), times))


@dataclass(frozen=True)
class BalancedBagging(_OnBalancedRows):
    """Each member learns from a bootstrap in which every class has as many rows as the rarest one:
    the draw of balanced random forests, Chen, Liaw, Breiman 2004,
    https://statistics.berkeley.edu/tech-reports/666.
    """

    def _drawn(
        self,
        rows: TrainSet,
        seed: int,
    ) -> TrainSet:
        """Returns a bootstrap of every class."""
        random = np.random.default_rng(seed)
        drawn = []
        for label in np.unique(rows.y):
            own = np.flatnonzero(rows.y == label)
            drawn.append(random.choice(own, len(own)))
        return rows.take(np.concatenate(drawn))


@dataclass(frozen=True)
class EasyEnsemble(_OnBalancedRows):
    """Each subset holds all rows of the rarest class and as many others, and has a boosted ensemble
    of its own; all of them are averaged: Liu, Wu, Zhou 2009,
    https://doi.org/10.1109/TSMCB.2008.2007853.

    Attributes:
        of: The net that is boosted, or several, which take turns.
        num_members: How many subsets there are.
        rounds: Nets that are boosted on one subset; 1: one net alone.
    """

    num_members: int = knob(4, 1, 64)
    rounds: int = knob(2, 1, 16)

    @property
    def members(self) -> tuple[Network, ...]:
        """A boosted ensemble for each subset."""
        if self.rounds == 1:
            return super().members
        return tuple(Boosting(of=each, num_members=self.rounds) for each in super().members)

    def refuses(self, kind: Network) -> str:
        """Returns why a net cannot be a member, or ""."""
        if self.rounds == 1:
            return super().refuses(kind)
        return Boosting(of=kind).refuses(kind)
