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
MOST_ERROR = 0.72
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
        wrong_share: Of labels that are likely wrong, their share of those that were looked at.
    """

    reason: str
    fix: str
    rows: tuple[int, ...]
    wrong_share: float = 0.0


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
    doubts = [
        _contradictions(train),
        _far_targets(train),
        _empty_rows(train),
    ]
    if answers is not None:
        wrong = _labels(train, answers)
        doubts.insert(0, wrong)
    found = []
    for each in doubts:
        if each is not None:
            found.append(each)
    return found


def doubt(reason: str, fix: str, ids: np.ndarray, wrong_share: float = 0.0) -> DoubtfulRows:
    """Returns a doubt about rows, of which MAX_IDS are named."""
    first = ids[:MAX_IDS]
    return DoubtfulRows(
        reason,
        fix,
        tuple(first.tolist()),
        wrong_share,
    )


def _first(words):
    """Returns the first of a list in words."""
    shown = list(words[:MAX_SHOWN])
    if len(words) > MAX_SHOWN:
        shown.append(f"and {len(words) - MAX_SHOWN:,} more")
    return ", ".join(shown)


def _rows(number):
    """Returns the beginning of a sentence on so many rows."""
    if number == 1:
        return "1 training row has"
    return f"{number:,} training rows have"


def _labels(train, answers):
    """Names labels that a model which had not seen them contradicts, if wrong labels explain it."""
    y = train.y[answers.places]
    places = likely_wrong(y, answers.shares)
    if not len(places):
        return None
    labels = [shorten(label) for label in train.schema.target.labels]
    all_ids = train.ids[answers.places]
    ids = all_ids[places]
    likely = _most_likely(answers.shares, y)
    words = []
    for place in places:
        given = labels[y[place]]
        other = labels[likely[place]]
        words.append(f"row {all_ids[place]:,} {given}, perhaps {other}")
    share = len(places) / len(y)
    return doubt(
        f"{len(places):,} of {len(y):,} training labels ({share:.1%}) are likely "
        f"wrong: a {answers.model} that had not seen them contradicts them, as often where it is "
        f"sure as where it is not: {_first(words)}",
        "look at these rows in the source; nothing was changed",
        ids,
        share,
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
    is_counted = other >= 0
    is_likely = is_counted & (other != y)
    for_other = shares[rows, other]
    for_own = shares[rows, y]
    margin = for_other - for_own
    places = np.flatnonzero(is_likely)
    order = np.argsort(-margin[places], kind="stable")
    return places[order]


def _most_likely(shares, y):
    """Returns the likeliest of the classes that each row counts for, -1 where there is none."""
    num_classes = shares.shape[1]
    least = np.full(num_classes, np.inf)
    for place in np.unique(y):
        is_class = y == place
        of_class = shares[is_class, place]
        least[place] = of_class.mean()
    counted = np.where(shares >= least, shares, -1.0)
    best = counted.argmax(axis=1)
    largest = counted.max(axis=1)
    return np.where(largest >= 0, best, -1)


def _shows_wrong_labels(y, shares):
    """Tests whether errors are about as frequent where a model is sure as elsewhere."""
    answered = shares.argmax(axis=1)
    is_error = answered != y
    error = is_error.mean()
    counts = np.bincount(y)
    prior_error = 1 - counts.max() / len(y)
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
    is_sure_error = is_error[is_sure]
    if is_sure_error.sum() < fewest:
        return False
    sure_error = float(is_sure_error.mean())
    return sure_error >= least_ratio * error


def _contradictions(train):
    """Names rows of one content that have different labels."""
    if not _is_content_rich(train):
        return None
    pairs = find_contradictions(train)
    if not len(pairs):
        return None
    words = []
    for one, other in pairs:
        words.append(f"rows {one:,} and {other:,}")
    return doubt(
        f"{_rows(len(pairs))} the content of another one and another label: {_first(words)}",
        "correct the labels or remove the rows in the source; a model can be right on one of each "
        "pair at most",
        pairs.ravel(),
    )


def _is_content_rich(train):
    """Tests whether equal rows are no chance: of one measurement or a few categories they are."""
    if not task_of(train.schema.target).has_classes:
        return False
    num_rich = 0
    for column in train.schema.columns:
        if column.kind in (PICTURE, TEXT, SERIES):
            return True
        x = train.x[column.name]
        if x.dtype.kind != "f":
            continue
        num_values = len(np.unique(x))
        if num_values > len(x) / 2:
            num_rich += 1
    return num_rich >= 2


def _far_targets(train):
    """Names numbers to predict that are far from all others."""
    y = train.y
    task = task_of(train.schema.target)
    is_number = task.has_one_truth and not task.has_classes
    if not is_number:
        return None
    if y.ndim > 1 or not len(y):
        return None
    low, middle, high = np.quantile(
        y,
        (0.25, 0.5, 0.75),
    )
    distance = np.abs(y - middle)
    between = high - low
    most = FAR_AWAY * between
    places = np.flatnonzero(distance > most)
    if most == 0 or not len(places):
        return None
    order = np.argsort(-distance[places], kind="stable")
    places = places[order]
    words = []
    for place in places:
        value = number(float(y[place]))
        words.append(f"row {train.ids[place]:,} with {value}")
    return doubt(
        f"{_rows(len(places))} a target more than {FAR_AWAY:,} times the distance of the quartiles "
        f"from the median {number(float(middle))}: {_first(words)}; hardly anything is learned of "
        "the others",
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
    return doubt(
        f"{_rows(len(ids))} nothing to learn from (no value, one colour, or a window that never "
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
    # The first step of each channel, or the first pixel.
    first = x[:, :1]
    if x.ndim == 4:
        first = x[:, :1, :1]
    is_same = (x == first) | _is_nan(x)
    flat = is_same.reshape(len(x), -1)
    return flat.all(axis=1)


def _is_nan(x):
    if x.dtype.kind == "f":
        return np.isnan(x)
    return np.zeros(x.shape, bool)


def as_plain(found: Sequence[DoubtfulRows]) -> list[dict]:
    """Returns the lines of report.json."""
    lines = []
    for each in found:
        line = asdict(each)
        line["rows"] = list(each.rows)
        lines.append(line)
    return lines
