"""A linear model of weighted word and character n-grams that teaches a net: strong on texts, and
with a weight for each of some hundred thousand n-grams too large for a device, so the net learns
from what it would say.

Distillation: Hinton, Vinyals, Dean 2015, https://arxiv.org/abs/1503.02531.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import TEXT
from ..engine.bars import progress_bar
from ..errors import TrainError, with_article
from ..rows.parts import TrainSet, require_train_set
from ..rows.sketch import TOKENS, DataSketch
from ..slots import Teacher
from ..spec import Refusal, knob
from ..tasks import task_of


@dataclass(frozen=True)
class TfidfTeacher(Teacher):
    """Soft labels from logistic regression on TF-IDF of n-grams, mixed with the true labels.

    Each training row is answered by a model that was fitted on other training rows, so that the
    soft labels carry no memory of the row's own label.

    Attributes:
        share: How much of a soft label is the regression's; the rest is the true label.
        num_words: The most words of an n-gram of words.
        num_characters: The most characters of an n-gram of characters, which have at least 2.
        inverse_regularization: How little the weights are held down: scikit-learn's C.
        num_folds: How many models are fitted, each without the rows that it answers.
        seed: Of the folds.
    """

    share: float = knob(0.8, 0.01, 1)
    num_words: int = knob(2, 1, 5)
    num_characters: int = knob(5, 2, 8)
    inverse_regularization: float = knob(4.0, 1e-6, 1e6)
    num_folds: int = knob(5, 2, 20)
    seed: int = knob(0, 0, 2**31 - 1)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no texts, or no classes, to teach from, or ""."""
        if sketch.may_have(TEXT, TOKENS) and sketch.may_have_classes():
            return ""
        return Refusal(
            f"a teacher of texts for columns of {sketch.kind_names()} and a "
            f"{sketch.task_names()} target",
            expected="one column of texts, and classes",
            fix="--set teacher=None",
        )

    def tiny(self) -> "TfidfTeacher":
        """The same teacher, quick enough for a test."""
        return replace(self, num_folds=2, num_words=1, num_characters=3)

    def soften(self, ports: TrainSet, raw: TrainSet) -> np.ndarray:
        """float32 [rows, outputs]: labels to learn instead of the rows' own, from the one column of
        texts of `raw`. Raises TrainError for rows without texts, real numbers to predict, or a
        class of fewer rows than folds.
        """
        from sklearn.model_selection import StratifiedKFold

        raw, target = require_train_set(raw, "the teacher"), raw.schema.target
        texts = [x for x in raw.x.values() if x.dtype.kind == "T"]
        if len(texts) != 1 or not task_of(target).has_classes:
            kind = with_article(f"{target.task} target")
            raise TrainError(
                f"a teacher of texts for {len(texts)} columns of texts and {kind}",
                expected="one column of texts, and classes",
                fix="--set teacher=None",
                stage="teacher",
            )
        fewest = np.bincount(raw.y, minlength=len(target.labels)).min()
        if fewest < self.num_folds:
            raise TrainError(
                f"a class of {fewest} training rows",
                expected=f"at least {self.num_folds}, one a fold",
                fix=f"--set teacher.num_folds={max(fewest, 2)}, or teacher=None",
                stage="teacher",
            )
        texts = texts[0].astype(object)
        taught = np.zeros((len(raw), len(target.labels)))
        folds = StratifiedKFold(
            self.num_folds,
            shuffle=True,
            random_state=self.seed,
        ).split(taught, raw.y)
        for learned, answered in progress_bar(
            folds,
            total=self.num_folds,
            desc="teacher",
            unit="fold",
        ):
            taught[answered] = (
                self._model()
                .fit(
                    texts[learned],
                    raw.y[learned],
                )
                .predict_proba(texts[answered])
            )
        own, taught = task_of(target).taught_outputs(raw.y, taught, target)
        return ((1 - self.share) * own + self.share * taught).astype(np.float32)

    def _model(self):
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline, make_union

        words = TfidfVectorizer(ngram_range=(1, self.num_words), sublinear_tf=True)
        characters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, self.num_characters), sublinear_tf=True
        )
        return make_pipeline(
            make_union(words, characters),
            LogisticRegression(C=self.inverse_regularization, max_iter=1000),
        )
