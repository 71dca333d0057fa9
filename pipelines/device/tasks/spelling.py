"""Texts on the device that a model spells: of each place the most probable character, or of all
texts one that is probable, character by character.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..answers import Answers
from ..calibration import probabilities
from ..spelling_search import MAX_BEAM, num_calls, search_text, spelled_port
from ..units import SPELLED_ID
from .base import DeviceTask

if TYPE_CHECKING:
    from ..primitives import Columns
    from ..signature import Signature
    from ..target import Target

MAX_POSITIONS = 64
MAX_CHARACTERS = 256


class DeviceSpelling(DeviceTask):
    """A text of at most so many characters.

    The outputs are logits, place after place: one for each of the target's characters, and the last
    for none. All are answered at once, or, of a target with a beam, one a call, by a model that
    reads what was spelled before.
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
        its characters, as if places were independent; of a target with a beam, that of each
        character after those before it, up to the end of the text.
        """
        target = signature.target
        logits = signature.output.to_float(raw)
        width = num_choices(target)
        codes = logits.reshape(-1, target.positions, width).argmax(axis=2)
        found = _found(signature, prepared)
        if found is not None:
            codes = found
        shares = probabilities(logits.reshape(-1, width))
        chosen = np.take_along_axis(shares, codes.reshape(-1, 1), axis=1)
        by_place = chosen.reshape(-1, target.positions)
        if target.beam:
            by_place[_past_end(codes, width - 1)] = 1.0
        return Answers(spelled(codes, target), by_place.prod(axis=1), raw)

    def own_inputs(self, signature: Signature, num_rows: int) -> Columns:
        """Returns the input of what was spelled, where a model reads it: nothing yet."""
        if not signature.target.beam:
            return {}
        port = spelled_port(signature)
        return {port.name: np.zeros((num_rows, *port.shape), np.int32)}

    def run(
        self, signature: Signature, model: Callable[[Columns], np.ndarray], prepared: Columns
    ) -> tuple[np.ndarray, Columns]:
        """Runs a model once, or searches a text."""
        if not signature.target.beam:
            return model(prepared), prepared
        return search_text(signature, model, prepared)

    def num_calls(self, signature: Signature) -> int:
        """Returns 1, or the calls of a search."""
        if not signature.target.beam:
            return 1
        return num_calls(signature)

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
        _check_search(signature)

    def headings(self, signature: Signature) -> list[str]:
        """Returns the text and its score."""
        return ["label", "score"]


def _check_search(signature):
    """Raises ValueError if a target with a beam has no input of what was spelled, or one without
    has it.
    """
    target = signature.target
    if not 0 <= target.beam <= MAX_BEAM:
        raise ValueError(f"a beam of {target.beam}")
    if not target.beam:
        if any(port.unit == SPELLED_ID for port in signature.inputs):
            raise ValueError("an input of what was spelled, and no beam")
        return
    port = spelled_port(signature)
    num_ids = num_choices(target) + 1
    if port.shape != (target.positions,) or port.dtype != "int32" or port.num_ids != num_ids:
        raise ValueError(f"{port} of texts of {target.positions} characters")


def _found(signature, prepared):
    """Returns the places of the characters that a search found, int64 [rows, positions]; None where
    there was no search.
    """
    if not signature.target.beam or prepared is None:
        return None
    ids = prepared.get(spelled_port(signature).name)
    if ids is None or not ids.all():
        return None
    return ids.astype(np.int64) - 1


def _past_end(codes, none):
    """Returns which places follow the end of a text, bool [rows, positions]."""
    is_end = codes == none
    ends_so_far = np.cumsum(is_end, axis=1)
    return ends_so_far > is_end


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
