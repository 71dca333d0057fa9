"""The peer of texts: TF-IDF of words and pairs with a linear model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..device.cells import TEXT
from ..rows.columns import Values
from ..rows.parts import TrainSet
from ..rows.sketch import DataSketch
from ..tasks import task_of
from .outputs import quiet
from .peer import Peer, Predict
from .tables import num_models

# scikit-learn's C; the best is chosen by folds. Longer texts take larger ones.
_INVERSE_REGULARIZATION = (0.1, 0.3, 1.0, 3.0)
_ALPHAS = (0.1, 1.0, 10.0)
_NUM_FOLDS = 3


@dataclass(frozen=True)
class TextPeer(Peer):
    """What reads texts alone."""

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there are no texts, or ""."""
        if sketch.may_have(TEXT):
            return ""
        return f"columns of {sketch.kind_names()} hold no texts"


@dataclass(frozen=True)
class TfidfPeer(TextPeer):
    """A linear support vector machine, or ridge, on TF-IDF of words and pairs of words; how much it
    is regularized is chosen by folds, and so are its probabilities (Platt 1999).

    Words are those of scikit-learn's default, of two letters or more. One letter is no better: by
    three folds inside the training rows of eight sets it was ahead on four, behind on four, by
    .01 to .02 of the small ones and .002 of the others.
    """

    name: ClassVar[str] = "linear model of TF-IDF"
    doubts_labels: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "more epochs, or a longer window: --set training.epochs=40, --set 'encode=(TokenizeWords("
        "window=256),)'"
    )

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by characters and classes."""
        num_fits = 2 + num_models(train, by_class=True)
        return 6e-7 * letters_a_row(train) * num_fits

    def learn(self, train: TrainSet) -> Predict:
        """Fits the vocabulary and the model."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        names = column_names(train)
        vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        # With no word of two letters in any text there would be no vocabulary.
        vectors.fit([*joined_texts(train.x, names), "aa"])
        x = vectors.transform(joined_texts(train.x, names))
        target = train.schema.target
        task = task_of(target)
        if task.has_classes:
            truth = np.eye(len(target.labels), dtype=np.int64)[train.y]
            outputs = _fit_labels(x, truth, self.seed, is_exclusive=True)
        elif task.has_label_sets:
            outputs = _fit_labels(x, train.y, self.seed, is_exclusive=False)
        else:
            outputs = _fit_values(x, train.y)
        return lambda columns: outputs(vectors.transform(joined_texts(columns, names)))


def column_names(train: TrainSet) -> list[str]:
    """Returns the columns of texts."""
    return [column.name for column in train.schema.columns if column.kind == TEXT]


def joined_texts(x: Mapping[str, Values], names: Sequence[str]) -> list[str]:
    """Returns the texts of every row, those of several columns one after the other."""
    columns = []
    for name in names:
        texts = np.asarray(x[name])
        columns.append(texts.astype(object))
    return [" ".join(row) for row in zip(*columns, strict=True)]


def _fit_values(x, y):
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV

    search = GridSearchCV(
        Ridge(), {"alpha": _ALPHAS}, cv=_NUM_FOLDS, scoring="neg_mean_squared_error"
    )
    model = search.fit(x, y).best_estimator_
    return lambda features: model.predict(features).astype(np.float64)


def _fit_labels(x, truth, seed, *, is_exclusive):
    """Fits a machine a label.

    Args:
        x: TF-IDF, sparse [rows, terms].
        truth: int64 [rows, labels], 1 where a row has a label.
        seed: of the folds.
        is_exclusive: whether each row has one label: then their probabilities sum to 1.
    """
    num_labels = truth.shape[1]
    is_binary = is_exclusive and num_labels == 2
    places = range(num_labels)
    if is_binary:
        places = range(1, 2)
    models = [_fit_label(x, truth[:, place], seed) for place in places]

    def outputs(features):
        shares_of_labels = []
        for each in models:
            shares_of_labels.append(each(features))
        shares = np.stack(shares_of_labels, axis=1)
        if is_binary:
            return np.concatenate([1 - shares, shares], axis=1)
        if is_exclusive:
            return shares / shares.sum(axis=1, keepdims=True)
        return shares

    return outputs


def _fit_label(x, y, seed):
    """Returns features → the probability of one label."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score

    fewest = int(np.bincount(y, minlength=2).min())
    if fewest < 2:
        share = (y.sum() + 1) / (len(y) + 2)
        return lambda features: np.full(features.shape[0], share)
    num_folds = min(_NUM_FOLDS, fewest)
    outside = {}
    ranks = {}
    for each in _INVERSE_REGULARIZATION:
        outside[each] = _outside_decisions(x, y, each, seed, num_folds)
        ranks[each] = average_precision_score(y, outside[each])
    best = max(ranks, key=lambda each: ranks[each])
    scale = LogisticRegression()
    scale.fit(outside[best][:, None], y)
    with quiet():
        model = _machine(best, seed).fit(x, y)

    def shares(features):
        values = model.decision_function(features)
        probabilities = scale.predict_proba(values[:, None])
        return probabilities[:, 1]

    return shares


def _outside_decisions(x, y, inverse_regularization, seed, num_folds):
    """Returns the decision value of each row by a machine that did not learn from it."""
    from sklearn.model_selection import StratifiedKFold

    values = np.zeros(len(y))
    folds = StratifiedKFold(num_folds, shuffle=True, random_state=seed)
    for learned, answered in folds.split(np.zeros(len(y)), y):
        with quiet():
            model = _machine(inverse_regularization, seed).fit(x[learned], y[learned])
        values[answered] = model.decision_function(x[answered])
    return values


def _machine(inverse_regularization, seed) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=inverse_regularization, random_state=seed)


def letters_a_row(train: TrainSet) -> float:
    """Returns the mean number of characters of a row's texts."""
    texts = joined_texts(train.x, column_names(train))
    return sum(map(len, texts)) / len(texts)
