"""Raw columns of tables → features for scikit-learn: scaled and one-hot for linear models, numbers
and codes for trees.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..device.calendar import DAY_SECONDS
from ..device.cells import BOOLEAN, CATEGORICAL, DATE, NUMERIC
from ..rows.columns import Values
from ..rows.parts import TrainSet

# Column → values of it.
Columns = Mapping[str, Values]
TABLE_KINDS = (NUMERIC, CATEGORICAL, BOOLEAN, DATE)
MOST_CATEGORIES = 254  # histogram gradient boosting has 255 bins, one of them for what is missing
# Below so many rows of a class, or rows, boosting keeps none back to stop by.
FEWEST_TO_STOP_BY = 20
# Of a feature; the rows that boosting stops by, a tenth, hardly hold all of them.
FEWEST_KNOWN = 10
NUM_ITERATIONS = 400
DAYS_OF_YEAR = 365.2425
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table by what they are.

    Attributes:
        numbers: Names of numeric columns.
        dates: Names of dates.
        words: Names of categories and flags.
    """

    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    words: tuple[str, ...]

    @staticmethod
    def of(train: TrainSet) -> "TableColumns":
        """Returns the columns of raw rows; texts, pictures and series are passed over."""
        columns = train.schema.columns

        def named(*kinds):
            return tuple(column.name for column in columns if column.kind in kinds)

        return TableColumns(named(NUMERIC), named(DATE), named(CATEGORICAL, BOOLEAN))

    def read_numbers(self, x: Columns) -> np.ndarray:
        """Returns float64 [rows, numbers + 4 × dates], NaN where a value is missing."""
        parts = [np.zeros((_num_rows(x), 0))]
        for name in self.numbers:
            numbers = np.asarray(x[name], np.float64)
            parts.append(numbers[:, None])
        for name in self.dates:
            times = np.asarray(x[name])
            parts.append(_parts_of_date(times))
        return np.concatenate(parts, axis=1)

    def read_words(self, x: Columns) -> np.ndarray:
        """Returns object [rows, words], None where a value is missing."""
        words = np.empty((_num_rows(x), len(self.words)), object)
        for place, name in enumerate(self.words):
            words[:, place] = x[name]
        return words


def _num_rows(x):
    first = next(iter(x.values()))
    return len(first)


def _parts_of_date(times):
    """Returns day, month, weekday and hour, float64 [rows, 4]; NaN where the date is missing."""
    seconds = times.astype("datetime64[s]")
    whole_months = seconds.astype("datetime64[M]")
    month = whole_months.astype(np.int64) % 12
    hour, weekday, _ = calendar(seconds)
    whole_days = seconds.astype("datetime64[D]")
    day = whole_days.astype(np.int64)
    parts = np.stack([day, month, weekday, hour], axis=1)
    parts[np.isnat(seconds)] = np.nan
    return parts


def linear_features(train: TrainSet) -> Callable[[Columns], Any]:
    """Fits features for linear models: medians and flags for what is missing, standard deviations,
    one-hot.

    Returns:
        Raw columns → sparse float64 [rows, features].
    """
    from scipy import sparse
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = TableColumns.of(train)
    blocks = []
    if columns.numbers or columns.dates:
        filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        scaled = make_pipeline(filled, StandardScaler())
        numbers = columns.read_numbers(train.x)
        scaled.fit(numbers)
        blocks.append((columns.read_numbers, scaled))
    if columns.words:
        onehot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES)
        words = columns.read_words(train.x)
        onehot.fit(words)
        blocks.append((columns.read_words, onehot))

    def features(x):
        made = []
        for read, fitted in blocks:
            block = fitted.transform(read(x))
            made.append(sparse.csr_matrix(block))
        return sparse.hstack(made, format="csr")

    return features


def tree_features(train: TrainSet) -> tuple[Callable[[Columns], np.ndarray], np.ndarray]:
    """Fits features for trees: numbers as they are, a code a category, NaN where one is missing.

    Returns:
        Raw columns → float64 [rows, features], and which features are codes, bool [features].
    """
    from sklearn.preprocessing import OrdinalEncoder

    columns = TableColumns.of(train)
    train_numbers = columns.read_numbers(train.x)
    is_unknown = hardly_known(train_numbers)
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        max_categories=MOST_CATEGORIES,
    )
    words = columns.read_words(train.x)
    if columns.words:
        codes.fit(words)

    def features(x):
        numbers = columns.read_numbers(x)
        numbers[:, is_unknown] = 0.0
        if not columns.words:
            return numbers
        words = columns.read_words(x)
        return np.concatenate([numbers, codes.transform(words)], axis=1)

    num_numbers = train_numbers.shape[1]
    is_code = np.arange(num_numbers + len(columns.words)) >= num_numbers
    return features, is_code


def hardly_known(x: np.ndarray) -> np.ndarray:
    """Returns which features have hardly a value in training rows, bool [features].

    Histogram gradient boosting fails on a feature that has no value in the rows that it learns
    from, and the rows that it stops by may hold the few that there are.

    Args:
        x: float64 [rows, features].
    """
    is_known = ~np.isnan(x)
    num_known = is_known.sum(axis=0)
    fewest = 1
    if len(x) >= FEWEST_TO_STOP_BY:
        fewest = FEWEST_KNOWN
    return num_known < fewest


def boosting_knobs(seed: int, fewest: int) -> dict:
    """Returns the knobs of histogram gradient boosting that peers and teachers share.

    Args:
        seed: Of the rows that it stops by.
        fewest: Rows of the rarest class; of numbers, rows.
    """
    if fewest < FEWEST_TO_STOP_BY:
        few = min(100, NUM_ITERATIONS)
        return {"max_iter": few, "early_stopping": False, "random_state": seed}
    return {
        "learning_rate": 0.06,
        "max_iter": NUM_ITERATIONS,
        "early_stopping": True,
        "n_iter_no_change": 20,
        "random_state": seed,
    }


def calendar(times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the hour, the weekday and the day of the year, float64 of the times' shape each."""
    whole = times.astype("datetime64[s]")
    seconds = whole.astype(np.int64)
    days = seconds // DAY_SECONDS
    seconds_of_day = seconds % DAY_SECONDS
    hour = seconds_of_day / 3600
    weekday = (days + _FIRST_WEEKDAY) % 7
    day_of_year = days % DAYS_OF_YEAR
    return hour, weekday.astype(np.float64), day_of_year
