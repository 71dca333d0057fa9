"""MediaPipe Tasks as a target."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from ...device.cells import PICTURE, TEXT
from ...device.runner import LiteRT
from ...rows.sketch import TOKENS
from ...slots import Target
from ...spec import Refusal
from ...tasks import task_of
from ...verify.ladder import InRunner, answer_all, some_places, unscored
from ..budgets import Cost
from ..climbing import Reference, climb_end_to_end
from .graph import mediapipe_model, refusal
from .runner import MediaPipe, available

FILE = "model_mediapipe.tflite"
MAX_MEDIAPIPE_ROWS = 500
CLOSE = 1e-5  # of probabilities that two runtimes compute from the same int8 output


@dataclass(frozen=True)
class TargetMediaPipe(Target):
    """Runs on phones and in browsers: MediaPipe's ImageClassifier and TextClassifier.

    Labels and words stand in the file (https://ai.google.dev/edge/mediapipe/solutions/tasks). The
    ladder has the tasks answer at most 500 raw rows.
    """

    form: ClassVar[str] = "mediapipe"
    asks_net: ClassVar[bool] = True

    def suits(self, sketch):
        if not self.required or (
            sketch.may_have(PICTURE, TEXT, TOKENS) and sketch.may_have_labels()
        ):
            return ""
        return Refusal(
            f"TargetMediaPipe for columns of {sketch.kind_names()} and {sketch.target_words()}",
            expected="one picture or one text, and classes: MediaPipe Tasks classifies pictures "
            "and texts",
            fix="leave mediapipe out, or make it optional: mediapipe? among the names of the "
            "targets (TargetMediaPipe(required=False))",
        )

    def refusal(self, signature, model):
        if not find_spec("mediapipe"):
            return "its metadata are written with a package: pip install mediapipe"
        return refusal(signature)

    def files(self, exported):
        column = exported.signature.columns[0]
        texts = ()
        if column.kind == TEXT:
            texts = [str(text) for text in exported.raw.x[column.name]]
        content = mediapipe_model(
            exported.tflite["int8"], exported.signature, exported.name, texts=texts
        )
        return {FILE: content}

    def cost(self, exported):
        return Cost(len(self.files(exported)[FILE]))

    def climb(self, exported, test, answers):
        content = exported.files[FILE]
        if available():
            return [unscored(self.form, len(content), f"not run: {available()}")]
        runner = InRunner(exported.signature, LiteRT(exported.tflite["int8"]))
        rung = climb_end_to_end(
            self.form,
            MediaPipe(content, exported.signature),
            test,
            answers,
            size_bytes=len(content),
            most_rows=MAX_MEDIAPIPE_ROWS,
            compared_with=Reference(runner),
        )
        wanted = answer_all(
            runner,
            test,
            some_places(len(test), MAX_MEDIAPIPE_ROWS),
        ).scores
        differences = np.abs(answers[self.form].scores - wanted).max(axis=1)
        if exported.signature.calibration("int8").logits:
            # A table makes log-odds level: they cannot be read back.
            rung = replace(rung, largest_difference=None)
        note = _note(differences, exported.signature)
        return [replace(rung, probability_difference=float(differences.mean()), note=note)]


def _note(differences, signature):
    note = (
        f"probabilities are the device runner's within {CLOSE:g} on "
        f"{(differences <= CLOSE).mean():.1%} of the "
        f"rows, within {differences.max():.1g} on all"
    )
    if signature.columns[0].kind == TEXT:
        note += " (words that no training text holds share one vector)"
    if task_of(signature.target).has_label_sets:
        rule = "a row has each label whose score is at least its own threshold"
    else:
        rule = "the label is the one with the largest score × weight"
    return f"{note}; {rule}, see decision.json in the file"
