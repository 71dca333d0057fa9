"""What tasks with one label of several share: the label with the largest shifted logit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from ..calibration import positive_or_largest, probabilities
from ..class_sets import adaptive_sets, behind_largest, label_sets
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature


# Between the labels of a set, in CSV.
SEPARATOR = " | "


class DeviceClasses(DeviceTask):
    """One label a row, of outputs that are log-odds."""

    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Returns labels by the decision, and calibrated probabilities [rows, labels]."""
        logits = signature.output.to_float(raw)
        chosen = positive_or_largest(logits, signature.offsets(form))
        names = np.asarray(signature.target.labels, object)
        scores = probabilities(logits, signature.calibration(form))
        answers = Answers(names[chosen], scores, raw)
        reach = signature.reach(form)
        if not reach:
            return answers
        behind = behind_largest(logits, signature.offsets(form))
        factor = signature.likeness(form)
        if factor is not None:
            sets = adaptive_sets(behind, factor, reach, signature.target.labels)
            return replace(answers, sets=sets)
        sets = label_sets(behind, reach, signature.target.labels)
        return replace(answers, sets=sets)

    def headings(self, signature: Signature) -> list[str]:
        """Returns the label and a score a label; and the set, where there are sets."""
        headings = super().headings(signature)
        if signature.sets:
            headings.append("set")
        return headings

    def cells(self, answers: Answers, row: int) -> list[str]:
        """Returns the cells of one answer."""
        cells = super().cells(answers, row)
        if answers.sets is not None:
            cells.append(SEPARATOR.join(answers.sets[row]))
        return cells
