"""Texts that are spelled: at each place one of some characters, or none."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device.answers import Answers
from ..device.frame import Frame
from ..device.ports import Port
from ..device.primitives import Columns
from ..device.signature import Signature
from ..device.spelling_search import spelled_port
from ..device.target import Target
from ..device.tasks.spelling import DeviceSpelling, num_choices, spelled
from ..errors import RecipeError
from .base import PlacedScores, Task
from .c_answer import CCall
from .c_spelling import BEGIN, NEXT, c_search, c_search_declaration
from .c_text import quoted

if TYPE_CHECKING:
    from ..recipe import Recipe

EXACT = "exact_match"
CHARACTERS = "character_accuracy"


class SpellingTask(Task):
    """A short text: y int64 [rows, positions], places in the target's characters, one past the last
    for none.

    All characters are answered at once, each by its own outputs (Gu et al. 2018,
    https://arxiv.org/abs/1711.02281), and none is read to answer the next; or a net reads what was
    spelled (`Target.beam`). It then learns from true beginnings (teacher forcing: Williams and
    Zipser 1989, https://doi.org/10.1162/neco.1989.1.2.270). A text is right under them if and only
    if the greedy search, too, finds it, so that `exact_match` on validation rows is that search's.
    """

    device = DeviceSpelling()
    name = DeviceSpelling.name
    deciding_metrics = (EXACT, CHARACTERS)
    shown_metrics = (EXACT, CHARACTERS)
    interval_metrics = (EXACT, CHARACTERS)
    output_unit = "log-odds of a character"
    error_words = "share of texts that are wrong"
    has_mistakes = True
    spells = True
    staggers_outputs = False  # many outputs, and ties within a place are rare

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns the places times the characters and none."""
        return target.positions * num_choices(target)

    def forced_inputs(self, y: np.ndarray, signature: Signature) -> Columns:
        """Returns the true characters as the net reads them, if it does."""
        if not signature.target.beam:
            return {}
        port = spelled_port(signature)
        return {port.name: (y + 1).astype(np.int32)}

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns one-hot characters, place after place, float32 [rows, outputs]."""
        one_hot = np.eye(num_choices(target), dtype=np.float32)[y]
        return one_hot.reshape(len(y), -1)

    def default_loss(self, target: Target) -> Callable:
        """Returns the cross-entropy of the characters, averaged over places."""
        from keras import ops

        def loss(truth, outputs):
            logits = _by_place(outputs, target)
            right = ops.sum(_by_place(truth, target) * logits, axis=-1)
            losses = ops.logsumexp(logits, axis=-1) - right
            return ops.mean(losses, axis=-1)

        return loss

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns the share of texts, or of characters, that are right."""
        import keras
        from keras import ops

        def share(truth, outputs):
            wanted = ops.argmax(_by_place(truth, target), axis=-1)
            given = ops.argmax(_by_place(outputs, target), axis=-1)
            is_right = ops.cast(wanted == given, "float32")
            if deciding == EXACT:
                return ops.min(is_right, axis=-1)
            return ops.mean(is_right, axis=-1)

        return keras.metrics.MeanMetricWrapper(share, name=deciding)

    def check_recipe(self, recipe: Recipe) -> None:
        """Raises RecipeError for what needs an output a label or a number."""
        build = recipe.build
        refused = {
            "build": build.solves or build.fits_members or build.decides_by_folds,
            "teacher": recipe.teacher is not None,
            "judge.coverage": recipe.judge.coverage > 0,
        }
        for slot, is_refused in refused.items():
            if is_refused:
                raise RecipeError(
                    f"{slot} for a target that is spelled",
                    expected="a network that is trained by epochs, and no teacher: answers are "
                    "texts",
                    fix=f"--set {slot}=None, or --set judge.coverage=0, or another network",
                )

    # Scores -------------------------------------------------------------------------------------

    def score(self, y: np.ndarray, answers: Answers, target: Target) -> dict[str, float]:
        """Returns the shares of texts and of characters that are right."""
        scores = self.placed_scores(y, answers, target)
        return scores(np.arange(len(y)))

    def placed_scores(self, y: np.ndarray, answers: Answers, target: Target) -> PlacedScores:
        """Returns a function from places to the scores of the rows there."""
        truth = spelled(y, target)
        given = answers.given()
        exact = truth == given
        shares = np.zeros(len(truth))
        for row, pair in enumerate(zip(truth, given, strict=True)):
            shares[row] = share_right(*pair, num_places=target.positions)

        def scores(places):
            return {
                EXACT: float(exact[places].mean()),
                CHARACTERS: float(shares[places].mean()),
            }

        return scores

    def placed_metric(
        self, metric: str, y: np.ndarray, answers: Answers, target: Target
    ) -> Callable[[np.ndarray], float]:
        """Returns a function from places to one metric of the rows there."""
        scores = self.placed_scores(y, answers, target)
        return lambda places: scores(places)[metric]

    def row_errors(self, y: np.ndarray, answers: Answers, target: Target) -> np.ndarray:
        """Returns 1 where a text is wrong, else 0, float64 [rows]."""
        return (spelled(y, target) != answers.given()).astype(np.float64)

    def plain_answers(
        self, outputs: np.ndarray, target: Target, decision: tuple[float, ...]
    ) -> Answers:
        """Returns the texts of a plain model: `outputs` [rows, positions] are like y."""
        codes = outputs.astype(np.int64)
        return Answers(spelled(codes, target), np.ones(len(codes)), outputs)

    # In C ---------------------------------------------------------------------------------------

    def c_function(self, signature: Signature) -> str:
        """Returns "signature_text"."""
        return "signature_text"

    def c_declaration(self, signature: Signature) -> str:
        """Returns the function from outputs to a text, or those of a search."""
        target = signature.target
        longest = max(len(letter.encode()) for letter in target.characters)
        num_bytes = target.positions * longest + 1
        if target.beam:
            return c_search_declaration(signature, num_bytes)
        return (
            "/* The text that the model's int8 output spells, UTF-8, ended by 0. */\n"
            f"#define SIGNATURE_TEXT_BYTES {num_bytes}\n"
            "void signature_text(const int8_t *output, char text[SIGNATURE_TEXT_BYTES]);\n"
        )

    def c_definition(self, signature: Signature) -> str:
        """Returns a search for the largest output of each place, or for the most probable text."""
        target = signature.target
        if target.beam:
            return c_search(signature)
        letters = ", ".join(quoted(letter) for letter in (*target.characters, ""))
        width = num_choices(target)
        return (
            "void signature_text(const int8_t *output, char text[SIGNATURE_TEXT_BYTES]) {\n"
            f"  static const char *const letters[{width}] = {{{letters}}};\n"
            f"  for (int first = 0; first < {target.positions * width}; first += {width}) {{\n"
            "    int best = 0;\n"
            f"    for (int i = 1; i < {width}; ++i)\n"
            "      if (fine_steps(output, first + i) > fine_steps(output, first + best)) "
            "best = i;\n"
            "    for (const char *byte = letters[best]; *byte; ++byte) *text++ = *byte;\n"
            "  }\n  *text = 0;\n}\n"
        )

    def c_loop(self, signature: Signature) -> tuple[str, str]:
        """Returns the begin and the condition of a search, where there is one."""
        if not signature.target.beam:
            return ("", "")
        return (BEGIN, NEXT)

    def c_example(self, signature: Signature) -> str:
        """Returns C that prints the text."""
        argument = "output"
        if signature.target.beam:
            argument = "&inputs"
        return (
            f"  char text[SIGNATURE_TEXT_BYTES];\n  signature_text({argument}, text);\n"
            '  print_line("label: %s", text);'
        )

    def c_answers(
        self, library: ctypes.CDLL, signature: Signature, answers: Answers, calls: Sequence[CCall]
    ) -> Answers:
        """Returns the texts of C; scores are computed from the output as in Python."""
        target = signature.target
        buffer = ctypes.create_string_buffer(4 * target.positions + 1)
        texts = np.empty(len(calls), object)
        for row, (output, inputs) in enumerate(calls):
            given = output
            if target.beam:
                given = ctypes.byref(inputs)
            library.signature_text(given, buffer)
            texts[row] = buffer.value.decode()
        return Answers(texts, answers.scores, answers.raw)

    # Report -------------------------------------------------------------------------------------

    def scores_text(self, answers: Answers, row: int, target: Target) -> str:
        """Returns the probability of the text."""
        return f"{answers.scores[row]:.4f}"

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns how the values spell a text."""
        target = signature.target
        width = num_choices(target)
        return (
            f"They spell a text: each {width} values are of one of {target.positions} places; the "
            f"largest is that of its character among {write(target.characters)}, the last of them "
            "of none."
        )


def share_right(truth: str, given: str, *, num_places: int) -> float:
    """Returns the share of the places at which two texts have the same character, or both none."""
    num_equal = sum(one == other for one, other in zip(truth, given, strict=False))
    num_beyond = num_places - max(len(truth), len(given))
    return (num_equal + num_beyond) / num_places


def _by_place(values, target):
    """Returns outputs [..., outputs] as [..., positions, choices]."""
    from keras import ops

    shape = ops.shape(values)
    return ops.reshape(values, (*shape[:-1], target.positions, num_choices(target)))
