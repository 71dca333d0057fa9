"""MediaPipe Tasks as a runtime: its own ImageClassifier and TextClassifier on raw pictures and raw
texts.
"""

import io
import json
import sys
import time
import zipfile
from contextlib import contextmanager
from ctypes.util import find_library

import numpy as np

from ...device.answers import Answers
from ...device.quiet import quiet
from ...device.signature import Signature
from ...device.tasks.multilabel import join_labels
from ...errors import VerifyError
from ...rows.columns import read_rows
from ...tasks import task_of
from .graph import DECISION_FILE
from .scores import decide, decide_labels

_LEAST_SCORE = 1e-37  # what a float32 softmax leaves is more, or nothing


def available() -> str:
    """ "" where the package `mediapipe` and the libraries that it loads are installed, else what to
    install.
    """
    import importlib.util

    if not importlib.util.find_spec("mediapipe"):
        return "pip install mediapipe"
    if not sys.platform.startswith("linux"):
        return ""
    if all(map(find_library, ("EGL", "GLESv2"))):
        return ""
    return "apt-get install libegl1 libgles2"


class MediaPipe:
    """A file of `mediapipe_model` under the task that runs it, one raw row
    a call.
    """

    def __init__(self, content: bytes, signature: Signature):
        """`signature`: that of the bundle. Raises VerifyError where MediaPipe refuses the file."""
        (self._column,), self.signature, self._content = signature.columns, signature, content
        with self._open():
            pass
        with zipfile.ZipFile(io.BytesIO(content)) as files:
            self._decision = json.loads(files.read(DECISION_FILE))

    def predict_columns(self, columns: dict[str, np.ndarray]) -> Answers:
        """Typed raw columns (pictures uint8 [rows, height, width, channels] or files of them, texts
        [rows]) to MediaPipe's answers: `scores`, float64 [rows, classes], as it gives them;
        `labels` object [rows], by the decision in the file. `raw`, float32 [rows, outputs]: the
        log-odds that the scores are of; what of more than two classes is common to a row is lost,
        and so is what a table of probabilities makes level.
        """
        rows = self._rows(columns)
        with self._open() as classify:
            found = [classify(row) for row in rows]
        labels = self.signature.target.labels
        scores = np.zeros((len(found), len(labels)))
        for row, categories in enumerate(found):
            for category in categories:
                if category.category_name != labels[category.index]:
                    raise VerifyError(
                        f"MediaPipe calls class {category.index} {category.category_name!r}",
                        expected=repr(labels[category.index]),
                        fix="make the bundle again",
                    )
                scores[row, category.index] = category.score
        return Answers(self._labels(scores), scores, self._log_odds(scores))

    def _labels(self, scores):
        """object [rows], by the decision in the file."""
        target = self.signature.target
        if task_of(target).has_label_sets:
            return join_labels(decide_labels(scores, self._decision), target)
        return np.asarray(target.labels, object)[decide(scores, self._decision)]

    def _log_odds(self, scores):
        """The inverse of the runner's probabilities."""
        calibration = self.signature.calibration("int8")
        if calibration.logits:
            return np.interp(scores[:, 1:], calibration.shares, calibration.logits).astype(
                np.float32
            )
        logarithms = np.log(np.maximum(scores, _LEAST_SCORE))
        if task_of(self.signature.target).has_label_sets:
            logarithms = logarithms - np.log(np.maximum(1 - scores, _LEAST_SCORE))
        elif self.signature.output.shape == (1,):  # the second of two classes, less the first
            logarithms = logarithms[:, 1:] - logarithms[:, :1]
        return ((logarithms - calibration.offset) / calibration.factor).astype(np.float32)

    def one_row_ms(self, columns: dict[str, np.ndarray], num_rows: int) -> np.ndarray:
        """float64 [rows]: milliseconds of each of the first `num_rows` rows, from the raw row to
        the categories, one a call; fewer where there are fewer.
        """
        times = []
        rows = self._rows({self._column.name: columns[self._column.name][:num_rows]})
        with self._open() as classify:
            for row in rows[:1] + rows:  # the first call sets things up
                start = time.perf_counter()
                classify(row)
                times.append((time.perf_counter() - start) * 1000)
        return np.array(times[1:])

    def _rows(self, columns):
        """What the task takes, one a row."""
        if self._column.kind != "picture":
            return [str(text) for text in columns[self._column.name].tolist()]
        import mediapipe

        pictures = read_rows(columns[self._column.name])
        if pictures.shape[-1] == 1:  # MediaPipe's classifier takes colours only
            pictures = np.repeat(pictures, 3, axis=-1)
        return [
            mediapipe.Image(
                image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture)
            )
            for picture in pictures
        ]

    @contextmanager
    def _open(self):
        """The task, for as long as it is used: at the end of the process it could not be closed."""
        with quiet():
            from mediapipe.tasks.python import BaseOptions, text, vision

            task = text.TextClassifier
            options = text.TextClassifierOptions
            if self._column.kind == "picture":
                task = vision.ImageClassifier
                options = vision.ImageClassifierOptions
            try:
                opened = task.create_from_options(
                    options(BaseOptions(model_asset_buffer=self._content))
                )
            except (RuntimeError, ValueError, NotImplementedError) as error:
                raise VerifyError(
                    f"MediaPipe refuses the model: {error}",
                    expected="a file of mediapipe_model, of operators that LiteRT has",
                    fix="leave the target mediapipe out",
                ) from error
            with opened:
                yield lambda row: opened.classify(row).classifications[0].categories
