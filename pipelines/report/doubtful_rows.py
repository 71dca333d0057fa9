"""Training rows to look at: labels that are likely wrong, one content with two labels, rows that
state nothing, numbers to predict that are far from all others.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ..device.cells import PICTURE, SERIES, TEXT
from ..device.primitives import missing_mask
from ..device.visible import shorten
from ..rows.columns import is_stored
from ..rows.duplicates import find_contradictions
from ..rows.parts import TrainSet
from ..tasks import task_of
from .numbers import number

# Of one kind, that report.json names.
MAX_IDS = 100
# Of one kind, that a sentence names.
MAX_SHOWN = 5
# A number to predict is far away where it is so many times the distance between the quartiles from
# the median: float32 and int8 scales leave nothing of the others.
FAR_AWAY = 1000
# Windows that hardly change are natural in a series; from this share on they are named.
SHARE_OF_WINDOWS = 0.05
# Labels that are hard to know are contradicted where a model is unsure, wrong ones anywhere. So
# they are likely wrong if the surer half of rows has at least this share of the error of all. A
# weak model errs anywhere too: the more of the error of the commonest class is left, the more is
# asked for. Of the 127 real tables of tests/bench_screening.py none is named.
LEAST_RATIO = 0.6
LITTLE_ERROR = 0.45
MOST_ERROR = 0.66
RATIO_BY_ERROR = 1.5
# So many errors are needed where the model is sure; more, if much of the error is left.
FEWEST_ERRORS = 5
MANY_ERRORS = 30


@dataclass(frozen=True)
class DoubtfulRows:
    """Training rows that share a doubt.

    Attributes:
        reason: What is doubtful, in words.
        fix: What to do about it.
        rows: Their numbers in the source, counted from 0; at most MAX_IDS.
    """

    reason: str
    fix: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class OutsideAnswers:
    """What a plain model answers to rows that it did not learn from.

    Attributes:
        model: Its name.
        places: int64 [answered], of the training rows.
        shares: float64 [answered, classes], probabilities.
    """

    model: str
    places: np.ndarray
    shares: np.ndarray


def find_doubtful_rows(
    train: TrainSet, answers: OutsideAnswers | None = None
) -> list[DoubtfulRows]:
    """Finds the training rows to look at, the gravest doubt first.

    Args:
        train: The training rows.
        answers: Of a plain model; None where there is none.
    """
    found = [_contradictions(train), _far_targets(train), _empty_rows(train)]
    if answers is not None:
        found.insert(0, _labels(train, answers))
    return [each for each in found if each is not None]


def _doubt(reason, fix, ids):
    named = tuple(int(each) for each in ids[:MAX_IDS])
    return DoubtfulRows(reason, fix, named)


def _first(words):
    """Returns the first of a list in words."""
    shown = list(words[:MAX_SHOWN])
    if len(words) > MAX_SHOWN:
        shown.append("...")
    return ", ".join(shown)


def _labels(train, answers):
    """Names labels that a model which had not seen them contradicts, if wrong labels explain it."""
    y = train.y[answers.places]
    places = likely_wrong(y, answers.shares)
    if not len(places):
        return None
    labels = train.schema.target.labels
    ids = train.ids[answers.places[places]]
    words = []
    for row_id, place in zip(ids, places, strict=True):
        other = labels[_most_likely(answers.shares, y)[place]]
        words.append(f"row {row_id:,} {shorten(labels[y[place]])}, perhaps {shorten(other)}")
    return _doubt(
        f"{len(places):,} of {len(y):,} training labels ({len(places) / len(y):.1%}) are likely "
        f"wrong: a {answers.model} that had not seen them contradicts them, as often where it is "
        f"sure as where it is not: {_first(words)}",
        "look at these rows in the source; nothing was changed",
        ids,
    )


def likely_wrong(y: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Finds labels that are likely wrong: confident learning (Northcutt, Jiang and Chuang 2021,
    https://arxiv.org/abs/1911.00068), where the answers show that labels are wrong, and not only
    hard.

    A row counts for a class if its probability is at least the mean probability that rows of this
    class have for it; where it counts for another class than its own, its label is likely wrong.
    With correct labels a model errs where it is unsure; if it errs as often where it is sure,
    labels are wrong.

    Args:
        y: int64 [rows], the labels.
        shares: float64 [rows, classes], out-of-fold probabilities.

    Returns:
        int64, the places of such rows, the likeliest first; none if the errors lie where the model
        is unsure.
    """
    if not _shows_wrong_labels(y, shares):
        return np.zeros(0, np.int64)
    rows = np.arange(len(y))
    other = _most_likely(shares, y)
    is_likely = (other >= 0) & (other != y)
    margin = shares[rows, other] - shares[rows, y]
    places = np.flatnonzero(is_likely)
    return places[np.argsort(-margin[places], kind="stable")]


def _most_likely(shares, y):
    """Returns the likeliest of the classes that each row counts for, -1 where there is none."""
    num_classes = shares.shape[1]
    least = np.full(num_classes, np.inf)
    for place in np.unique(y):
        least[place] = shares[y == place, place].mean()
    counted = np.where(shares >= least, shares, -1.0)
    best = counted.argmax(axis=1)
    return np.where(counted.max(axis=1) >= 0, best, -1)


def _shows_wrong_labels(y, shares):
    """Tests whether errors are about as frequent where a model is sure as elsewhere."""
    is_error = shares.argmax(axis=1) != y
    error = is_error.mean()
    prior_error = 1 - np.bincount(y).max() / len(y)
    left = error / max(prior_error, 1e-9)
    if left > MOST_ERROR:
        return False
    least_ratio = LEAST_RATIO
    fewest = FEWEST_ERRORS
    if left > LITTLE_ERROR:
        least_ratio += RATIO_BY_ERROR * (left - LITTLE_ERROR)
        fewest = MANY_ERRORS
    sureness = shares.max(axis=1)
    is_sure = sureness >= np.median(sureness)
    if is_error[is_sure].sum() < fewest:
        return False
    return bool(is_error[is_sure].mean() >= least_ratio * error)


def _contradictions(train):
    """Names rows of one content that have different labels."""
    if not _is_content_rich(train):
        return None
    pairs = find_contradictions(train)
    if not len(pairs):
        return None
    words = [f"rows {one:,} and {other:,}" for one, other in pairs]
    return _doubt(
        f"{len(pairs):,} training rows have the content of another one and another label: "
        f"{_first(words)}",
        "correct the labels or remove the rows in the source; a model can be right on one of each "
        "pair at most",
        pairs.ravel(),
    )


def _is_content_rich(train):
    """Tests whether equal rows are no chance: of a few categories they are."""
    if not task_of(train.schema.target).has_classes:
        return False
    for column in train.schema.columns:
        if column.kind in (PICTURE, TEXT, SERIES):
            return True
        x = train.x[column.name]
        if x.dtype.kind == "f" and len(np.unique(x)) > len(x) / 2:
            return True
    return False


def _far_targets(train):
    """Names numbers to predict that are far from all others."""
    y = train.y
    if train.schema.target.labels or y.ndim > 1 or y.dtype.kind != "f" or not len(y):
        return None
    if not task_of(train.schema.target).has_one_truth:
        return None
    low, middle, high = np.quantile(y, (0.25, 0.5, 0.75))
    distance = np.abs(y - middle)
    places = np.flatnonzero((high > low) & (distance > FAR_AWAY * (high - low)))
    if not len(places):
        return None
    places = places[np.argsort(-distance[places], kind="stable")]
    words = [f"row {train.ids[place]:,} with {number(float(y[place]))}" for place in places]
    return _doubt(
        f"the target of {len(places):,} training rows is more than {FAR_AWAY:,} times the distance "
        f"of the quartiles from the median {number(float(middle))}: {_first(words)}; hardly "
        "anything is learned of the others",
        "correct these values or remove the rows in the source",
        train.ids[places],
    )


def _empty_rows(train):
    """Names rows in which no column states anything."""
    if not len(train) or not train.x:
        return None
    is_empty = np.ones(len(train), bool)
    for x in train.x.values():
        is_empty &= _states_nothing(x)
        if not is_empty.any():
            return None
    if train.schema.frame is not None and is_empty.mean() < SHARE_OF_WINDOWS:
        return None
    ids = train.ids[is_empty]
    words = [f"row {each:,}" for each in ids]
    return _doubt(
        f"{len(ids):,} training rows state nothing (no value, one colour, or a window that never "
        f"changes): {_first(words)}",
        "remove them from the source, unless such rows are to be answered",
        ids,
    )


def _states_nothing(x):
    """Tests which values of a column state nothing, bool [rows]."""
    if is_stored(x):
        return np.zeros(len(x), bool)
    if x.dtype.kind == "T":
        return np.strings.str_len(np.strings.strip(x)) == 0
    if x.ndim == 1:
        return missing_mask(x)
    first = x.reshape(len(x), -1)[:, :1]
    if x.ndim == 3:
        first = x[:, :1, :]
    is_same = (x == _as_wide(first, x)) | _is_nan(x)
    return is_same.reshape(len(x), -1).all(axis=1)


def _as_wide(first, x):
    """Returns first values with as many axes as the rows have."""
    if first.ndim == x.ndim:
        return first
    return first.reshape(len(x), *(1,) * (x.ndim - 1))


def _is_nan(x):
    if x.dtype.kind == "f":
        return np.isnan(x)
    return np.zeros(x.shape, bool)


def as_plain(found: Sequence[DoubtfulRows]) -> list[dict]:
    """Returns the lines of report.json."""
    return [{**asdict(each), "rows": list(each.rows)} for each in found]
