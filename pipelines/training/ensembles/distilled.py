"""An ensemble that teaches one net, which alone ships."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...rows.sketch import DataSketch
from ...slots import Network
from ...spec import knob
from ...tasks import task_of
from .ensemble import Ensemble
from .member_training import FittedMember, MemberTraining, fitted_member
from .stacking import out_of_fold


@dataclass(frozen=True)
class Distilled(Ensemble):
    """One net that learns from what an ensemble answers to rows that it did not learn from, so that
    soft labels carry no memory of a row's own label: Hinton, Vinyals, Dean 2015,
    https://arxiv.org/abs/1503.02531. It ships as small as the net alone.

    Attributes:
        of: The net that ships.
        teacher: The ensemble, or any other net.
        share: How much of a soft label is the teacher's; the rest is the true label.
        num_folds: Into which the training rows are cut; the teacher is trained as often.
    """

    folds_rows: ClassVar[bool] = True
    refused_slots: ClassVar[tuple[str, ...]] = ("teacher",)
    teacher: Network
    share: float = knob(0.7, 0.01, 1)
    num_folds: int = knob(4, 2, 50)

    @property
    def size(self) -> int:
        """One net ships."""
        return 1

    def check(self) -> None:
        """Raises RecipeError for nets that cannot teach or be taught."""
        super().check()
        self.teacher.check()

    def refuses(self, kind: Network) -> str:
        """Returns why a net cannot be taught, or ""."""
        if len(self.kinds) > 1:
            return "one net is taught"
        if kind.solves or kind.gives_back:
            return "it learns from no soft label"
        return super().refuses(kind)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net or its teacher cannot learn the task, or ""."""
        return super().suits(sketch) or self.teacher.suits(sketch)

    def tiny(self) -> "Distilled":
        """Returns the same of small nets."""
        return replace(super().tiny(), teacher=self.teacher.tiny(), num_folds=2)

    def fit_each(self, work: MemberTraining) -> list[FittedMember]:
        """Asks teachers about rows that they did not learn from, and trains the net."""
        answers = out_of_fold(
            self.teacher,
            work,
            1,
            num_folds=self.num_folds,
        )
        feed = replace(work.feed, soft_labels=self._soft_labels(answers, work))
        result = work.fit(
            self.kinds[0],
            0,
            feed=feed,
        )
        return [fitted_member(result, 1.0)]

    def _soft_labels(
        self,
        answers: np.ndarray,
        work: MemberTraining,
    ) -> np.ndarray:
        """Returns the truth, mixed with what teachers answer, float32 [rows, outputs]."""
        target = work.signature.target
        task = task_of(target)
        truth = task.training_truth(work.rows.y, target)
        taught = _PROBABILITIES[task.output_kind](answers)
        return ((1 - self.share) * truth + self.share * taught).astype(np.float32)


def _of_one(logits):
    from scipy.special import softmax

    return softmax(logits, axis=1)


def _of_each(logits):
    from scipy.special import expit

    return expit(logits)


_PROBABILITIES = {"softmax": _of_one, "sigmoid": _of_each, "values": np.asarray}
