"""Members that learn alone: from other seeds, or from other draws of the rows."""

from dataclasses import dataclass

import numpy as np

from ...spec import knob
from ..feed import TrainFeed
from .ensemble import Averaged
from .member_training import MemberTraining, member_seed


@dataclass(frozen=True)
class Seeds(Averaged):
    """The same rows, other weights to start from, another order, another dropout: deep ensembles,
    Lakshminarayanan, Pritzel, Blundell 2017, https://arxiv.org/abs/1612.01474.

    Attributes:
        num_members: How many nets there are.
    """

    num_members: int = knob(5, 1, 64)

    def feed_of(
        self,
        work: MemberTraining,
        place: int,
    ) -> TrainFeed:
        """Returns all rows."""
        return work.feed


@dataclass(frozen=True)
class Bagging(Averaged):
    """Each member learns from a bootstrap of the training rows: Breiman 1996,
    https://doi.org/10.1007/BF00058655. It takes away variance, not bias.

    Attributes:
        num_members: How many nets there are.
        share: Rows of a draw, as a share of the training rows.
    """

    num_members: int = knob(5, 1, 64)
    share: float = knob(1.0, 0.05, 1)

    def feed_of(
        self,
        work: MemberTraining,
        place: int,
    ) -> TrainFeed:
        """Returns rows that are drawn with replacement."""
        random = np.random.default_rng(member_seed(work.training.seed, place))
        num_rows = len(work.rows)
        num_drawn = max(round(self.share * num_rows), 1)
        return work.some(random.integers(num_rows, size=num_drawn))
