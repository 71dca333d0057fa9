"""Texts on the device that a model spells: of each place the most probable character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from ..calibration import probabilities
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature
    from ..target import Target

MAX_POSITIONS = 64
MAX_CHARACTERS = 256


class DeviceSpelling(DeviceTask):
    """A text of at most so many characters, all of which are answered at once.

    The outputs are logits, place after place: one for each of the target's characters, and the last
    for none.
    """

    name = "spelled"

    def answer(
        self,
        signature: Signature,
        raw: np.ndarray,
        *,
        form: str,
        prepared: Columns | None = None,
    ) -> Answers:
        """Returns the texts, and the probability of each, float64 [rows]: the product of those of
        its characters, as if places were independent.
        """
        target = signature.target
        logits = signature.output.to_float(raw)
        width = num_choices(target)
        by_place = logits.reshape(-1, target.positions, width)
        texts = spelled(by_place.argmax(axis=2), target)
        shares = probabilities(logits.reshape(-1, width)).max(axis=1)
        scores = shares.reshape(-1, target.positions).prod(axis=1)
        return Answers(texts, scores, raw)

    def scores_shape(self, signature: Signature) -> tuple[int, ...]:
        """Returns (): one probability a row."""
        return ()

    def num_decisions(self, signature: Signature) -> int:
        """Returns 0: nothing is added to the outputs."""
        return 0

    def check(self, signature: Signature) -> None:
        """Raises ValueError if the outputs are not one a place and character."""
        target = signature.target
        num_characters = len(target.characters)
        if not 1 <= target.positions <= MAX_POSITIONS:
            raise ValueError(f"texts of {target.positions} characters")
        is_distinct = len(set(target.characters)) == num_characters
        if not 1 <= num_characters <= MAX_CHARACTERS or not is_distinct:
            raise ValueError(f"the characters {target.characters!r}")
        if "\0" in target.characters:
            raise ValueError("a character that ends texts in C")
        num_outputs = target.positions * num_choices(target)
        if signature.output.shape != (num_outputs,):
            raise ValueError(f"{num_outputs} logits in {signature.output}")
        if signature.sets or signature.calibrations:
            raise ValueError("sets or calibrations of texts")

    def headings(self, signature: Signature) -> list[str]:
        """Returns the text and its score."""
        return ["label", "score"]


def num_choices(target: Target) -> int:
    """Returns how many outputs a place has: the characters, and none."""
    return len(target.characters) + 1


def spelled(codes: np.ndarray, target: Target) -> np.ndarray:
    """Returns texts, object [rows].

    Args:
        codes: int [rows, positions], places in the target's characters; as many as these are for
            none.
        target: Of the signature.
    """
    letters = np.array([*target.characters, ""], object)
    texts = np.empty(len(codes), object)
    for row, of_row in enumerate(letters[codes]):
        texts[row] = "".join(of_row)
    return texts
