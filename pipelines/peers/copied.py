"""The peer of texts that are spelled: it copies the answer of the most similar training text."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..rows.parts import TrainSet
from .peer import Predict
from .texts import TextPeer, column_names, joined_texts, letters_a_row


@dataclass(frozen=True)
class NearestTextPeer(TextPeer):
    """The answer of the training text that is nearest by TF-IDF of one to three characters."""

    name: ClassVar[str] = "nearest text"
    advice: ClassVar[str] = "more epochs: --set training.epochs=40"
    spells: ClassVar[bool] = True

    def row_seconds(self, train: TrainSet) -> float:
        """Returns the seconds by characters: each row is held against some thousand others."""
        return 1e-5 * letters_a_row(train)

    def learn(self, train: TrainSet) -> Predict:
        """Keeps the texts with their answers."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.neighbors import NearestNeighbors

        names = column_names(train)
        vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
        kept = vectors.fit_transform(joined_texts(train.x, names))
        neighbors = NearestNeighbors(n_neighbors=1, metric="cosine").fit(kept)

        def predict(x):
            given = vectors.transform(joined_texts(x, names))
            nearest = neighbors.kneighbors(given, return_distance=False)
            return train.y[nearest[:, 0]].astype(np.float64)

        return predict
