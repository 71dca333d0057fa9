"""Real numbers on the device, one or several a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature


class DeviceRegression(DeviceTask):
    """Values in the target's unit: output * factor + offset."""

    name = "regression"
    takes_margins = True

    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Returns values float64 [rows], of several outputs [rows, outputs]."""
        target = signature.target
        values = signature.output.to_float(raw)
        values = values.astype(np.float64) * target.factor + target.offset
        num_rows = len(values)
        scores = values.reshape(num_rows, *self.scores_shape(signature))
        margin = signature.margin(form)
        if margin is None:
            return Answers(None, scores, raw)
        bounds = np.stack([scores - margin, scores + margin], axis=1)
        return Answers(None, scores, raw, bounds=bounds)

    def scores_shape(self, signature: Signature) -> tuple[int, ...]:
        """Returns () for one output, else (outputs,)."""
        if signature.output.shape == (1,):
            return ()
        return signature.output.shape

    def headings(self, signature: Signature) -> list[str]:
        """Returns "value", or "value 1" to the number of outputs."""
        (num_outputs,) = signature.output.shape
        if signature.margins:
            return ["value", "from", "to"]
        if num_outputs == 1:
            return ["value"]
        places = range(1, num_outputs + 1)
        return [f"value {place}" for place in places]

    def cells(self, answers: Answers, row: int) -> list[str]:
        """Returns the values with nine digits."""
        values = np.atleast_1d(answers.scores[row])
        if answers.bounds is not None:
            values = np.concatenate([values, answers.bounds[row]])
        return [f"{value:.9g}" for value in values]
