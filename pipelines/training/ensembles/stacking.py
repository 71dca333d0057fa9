"""How much each member counts is learned from what members answer to rows they did not see."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...rows.inner_folds import fold_places
from ...slots import Network
from ...spec import knob
from ...tasks import task_of
from .ensemble import Averaged
from .member_training import FittedMember, MemberTraining, answers_to, fitted_member
from .shares import added_to_logits, least_loss_shares


@dataclass(frozen=True)
class Stacking(Averaged):
    """Members of several kinds, each with its own share in the sum of logits or values. The shares
    are none below zero and have the least loss on out-of-fold answers: rows of one group, and
    copies of one row, are in one fold (Wolpert 1992,
    https://doi.org/10.1016/S0893-6080(05)80023-1; shares not below zero: Breiman 1996,
    https://doi.org/10.1007/BF00117832, and for classes Ting and Witten 1999,
    https://doi.org/10.1613/jair.594).

    Every member is trained `num_folds` times for the shares and once more on all rows.

    Attributes:
        of: The nets; each is a kind of its own.
        num_members: How many members there are; the kinds take turns.
        num_folds: Into which the training rows are cut.
    """

    folds_rows: ClassVar[bool] = True
    num_members: int = knob(2, 1, 64)
    num_folds: int = knob(4, 2, 50)

    def refuses(self, kind: Network) -> str:
        """Returns why a net's answers are no sum, or ""."""
        if kind.gives_back:
            return "windows that are given back are no sum"
        return super().refuses(kind)

    def feed_of(
        self,
        work: MemberTraining,
        place: int,
    ):
        """Returns all rows."""
        return work.feed

    def fit_each(self, work: MemberTraining) -> list[FittedMember]:
        """Trains every member out of fold and on all rows, and learns the shares."""
        answers = [self.out_of_fold(work, place) for place in range(self.size)]
        shares = learned_shares(np.stack(answers, axis=1), work)
        fitted = []
        for place, member in enumerate(self.members):
            result = work.fit(member, place)
            fitted.append(fitted_member(result, float(shares[place])))
        return fitted

    def out_of_fold(
        self,
        work: MemberTraining,
        place: int,
    ) -> np.ndarray:
        """Returns what a member answers to rows that it did not learn from, float32
        [rows, outputs].
        """
        return out_of_fold(
            self.members[place],
            work,
            place,
            num_folds=self.num_folds,
        )


def out_of_fold(
    network: Network, work: MemberTraining, place: int, *, num_folds: int
) -> np.ndarray:
    """Returns what nets that did not learn from a row answer to it, float32 [rows, outputs].

    Args:
        network: Of the nets.
        work: With the training rows, which alone are cut into folds.
        place: Which member it is, for its seed.
        num_folds: How many.
    """
    answers = np.zeros((len(work.rows), *work.signature.output.shape), np.float32)
    for others, fold in fold_places(work.rows, num_folds, seed=work.training.seed):
        result = work.fit(network, place, feed=work.some(others))
        answers[fold] = answers_to(result.model, work.rows.take(fold))
    return answers


def learned_shares(answers: np.ndarray, work: MemberTraining) -> np.ndarray:
    """Returns the share of each member, float64 [members], none below zero.

    Args:
        answers: Of members to training rows, float32 [rows, members, outputs].
        work: With the rows.
    """
    target = work.signature.target
    task = task_of(target)
    truth = work.feed.soft_labels
    if truth is None:
        truth = task.training_truth(work.rows.y, target)
    return least_loss_shares(
        answers,
        truth,
        weight=work.rows.weight,
        kind=task.output_kind,
        shift=added_to_logits(work.rows, answers.shape[-1]),
    )
