"""The contract of a task's half on the device: from raw outputs to an answer, and to CSV."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ..answers import Answers
from ..target import Target

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature


class DeviceTask(ABC):
    """What a device needs to know of a task. Hooks have defaults; `answer` has none.

    Attributes:
        name: As `Target.task` has it in signature.json.
        takes_margins: Whether its answers may have intervals of one width (`Signature.margins`).
    """

    name: ClassVar[str]
    takes_margins: ClassVar[bool] = False

    @abstractmethod
    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Turns raw outputs into labels and scores (see `device.runner.answer`)."""

    def own_inputs(self, signature: Signature, num_rows: int) -> Columns:
        """Returns the inputs that no primitive makes, as they are before `run` fills them.

        Args:
            signature: Of the model.
            num_rows: How many rows they are for.
        """
        return {}

    def run(
        self, signature: Signature, model: Callable[[Columns], np.ndarray], prepared: Columns
    ) -> tuple[np.ndarray, Columns]:
        """Runs a model on rows, here once.

        Args:
            signature: Of the model.
            model: Prepared columns → raw output [rows, outputs].
            prepared: Rows after every primitive, with the `own_inputs`.

        Returns:
            The raw output, and the columns that it was given for.
        """
        return model(prepared), prepared

    def num_calls(self, signature: Signature) -> int:
        """Returns how often `run` runs the model for a row."""
        return 1

    def scores_shape(self, signature: Signature) -> tuple[int, ...]:
        """Returns the shape of `Answers.scores` for one row; () where it is one number."""
        return (len(signature.target.labels),)

    def fits_labels(self, signature: Signature) -> bool:
        """Returns whether the target has as many labels as the outputs [outputs] mean."""
        return not signature.target.labels

    def num_decisions(self, signature: Signature) -> int:
        """Returns how many numbers the decision of a form has."""
        return signature.output.shape[0]

    def check(self, signature: Signature) -> None:
        """Raises ValueError if the parts of a signature do not make this task."""

    def row_scale(self, target: Target) -> tuple[str, ...]:
        """Returns the columns that hold a row's own scale, one number a row."""
        return ()

    def headings(self, signature: Signature) -> list[str]:
        """Returns the CSV columns that an answer fills."""
        headings = ["label"]
        for label in signature.target.labels:
            headings.append(f"score {label}")
        return headings

    def cells(self, answers: Answers, row: int) -> list[str]:
        """Returns the CSV cells of one answer, one for each of `headings`."""
        labels = answers.given()
        cells = [labels[row]]
        for score in np.atleast_1d(answers.scores[row]):
            cells.append(f"{score:.4f}")
        return cells

    def window_headings(self, signature: Signature) -> list[str]:
        """Returns the CSV columns that the answer to a window of steps fills after its time."""
        return self.headings(signature)

    def window_lines(
        self, signature: Signature, answers: Answers, row: int, time: np.datetime64
    ) -> Iterator[tuple[np.datetime64, list[str]]]:
        """Yields the CSV lines of a window: a time, and a cell for each of `window_headings`.

        Args:
            signature: Of the model.
            answers: To several windows.
            row: The window among them.
            time: The window's own: its newest step, or the first step that is forecast.
        """
        yield time, self.cells(answers, row)
