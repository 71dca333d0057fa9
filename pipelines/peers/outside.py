"""What a plain peer answers to training rows that it did not learn from, fold by fold."""

import numpy as np

from ..report.doubtful_rows import OutsideAnswers
from ..rows.inner_folds import fold_places
from ..rows.parts import TrainSet
from ..rows.sketch import sketch_of
from ..tasks import task_of
from .members import suiting
from .rows import sample_rows

NUM_FOLDS = 3
# Estimated seconds, see `Peer.row_seconds`; of more rows a sample is looked at.
BUDGET_SECONDS = 6.0
# Fewer rows, or fewer of a class, show nothing.
FEWEST_ROWS = 60
FEWEST_OF_A_CLASS = 6


def answer_outside(train: TrainSet, *, is_wanted: bool = True) -> OutsideAnswers | None:
    """Returns the answers of the first peer that suits such rows; None where rows have no one
    class, or too few rows, or no peer is quick enough.

    Args:
        train: Raw training rows; no others are read.
        is_wanted: Whether the recipe wants peers at all.
    """
    if not is_wanted:
        return None
    peer = _quick_peer(train)
    if peer is None:
        return None
    row_seconds = peer.extract_seconds() + peer.row_seconds(train)
    fold_seconds = BUDGET_SECONDS / NUM_FOLDS
    places = _places(train, most=fold_seconds / row_seconds)
    if len(places) < FEWEST_ROWS:
        return None
    rows = train.take(places)
    extracted = peer.extract(rows.x)
    rows = rows.with_columns(extracted)
    num_classes = len(rows.schema.target.labels)
    shares = np.zeros((len(rows), num_classes))
    for learned, answered in fold_places(rows, NUM_FOLDS, seed=peer.seed):
        fitted = peer.fit_extracted(rows.take(learned))
        asked = rows.take(answered)
        shares[answered] = fitted.outputs_of(asked.x)
    return OutsideAnswers(peer.name, places, shares)


def _quick_peer(train):
    """Returns the peer to ask, or None."""
    task = task_of(train.schema.target)
    if not task.has_classes or len(train) < FEWEST_ROWS:
        return None
    for peer in suiting(sketch_of(train.schema, task)):
        if peer.doubts_labels and not peer.lacks():
            return peer
    return None


def _places(train, most):
    """Returns the places of at most so many rows, of classes that have enough of them."""
    counts = np.bincount(train.y)
    is_frequent = counts[train.y] >= FEWEST_OF_A_CLASS
    places = np.flatnonzero(is_frequent)
    num_classes = len(np.unique(train.y[places]))
    if num_classes < 2:
        return places[:0]
    share = most / len(places)
    frequent = train.take(places)
    kept = sample_rows(frequent, share, seed=0)
    is_kept = np.isin(frequent.ids, kept.ids)
    return places[is_kept]
