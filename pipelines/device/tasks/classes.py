"""What tasks with one label of several share: the label with the largest shifted logit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from ..calibration import positive_or_largest, probabilities
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature


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
        return Answers(names[chosen], scores, raw)
