"""Steps against scikit-learn's, fitted and applied: medians and standardized numbers, one-hot
categories of bird strikes, and imputers on rows of which one number in five was taken away.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (makes the next one there)
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pipelines.rows.parts import TrainSet
from pipelines.slots import Step
from pipelines.steps import (
    EncodeOnehot,
    ImputeLinear,
    ImputeMedian,
    ImputeMostFrequent,
    ImputeNeighbors,
    ScaleStandard,
    fit_steps,
    make_signature,
    to_ports,
)
from pipelines.steps.step import is_numeric
from pipelines.tabular import BIRDS, CREDIT

from .pairs import Pair, pairs_of, timed
from .rows import splits_of

SHARE = 0.2
SEED = 0


def ours_prepares(train: TrainSet, numbers: Sequence[str], words: Sequence[str]) -> TrainSet:
    """Returns rows whose columns are ports: numbers standardized, categories one-hot."""
    prepare = (ImputeMedian(columns=numbers), ImputeMostFrequent(columns=words))
    prepared, rows = fit_steps(prepare, train)
    encoders, encoded = fit_steps((ScaleStandard(columns=numbers), EncodeOnehot()), rows)
    signature = make_signature(prepared, encoders, encoded)
    return to_ports(signature, encoded, encoded=True)


def sklearn_prepares(table: pd.DataFrame, numbers: Sequence[str], words: Sequence[str]):
    """Returns the same by scikit-learn, float64 [rows, inputs]."""
    of_numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    of_words = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
    )
    columns = [("numbers", of_numbers, list(numbers)), ("words", of_words, list(words))]
    return ColumnTransformer(columns).fit_transform(table)


def bench_columns() -> Pair:
    """Returns the pair of preparing numbers and categories."""
    train = splits_of(BIRDS).train
    numbers = tuple(name for name, x in train.x.items() if is_numeric(x))
    words = tuple(name for name, x in train.x.items() if x.dtype == object)
    train = replace(train, x={name: train.x[name] for name in (*numbers, *words)})
    table = pd.DataFrame(train.x).astype(dict.fromkeys(words, object)).fillna(np.nan)
    ways = {
        "ours": timed(lambda: ours_prepares(train, numbers, words)),
        "ColumnTransformer": timed(lambda: sklearn_prepares(table, numbers, words)),
    }
    what = f"prepare {len(train):,} rows of {len(train.x)} columns"
    (pair,) = pairs_of(what, ways)
    return pair


def with_holes(train: TrainSet, names: Sequence[str]) -> TrainSet:
    """Returns rows of which one number in five is missing."""
    random = np.random.default_rng(SEED)
    holed = {}
    for name in names:
        taken = random.random(len(train)) < SHARE
        holed[name] = np.where(taken, np.float32(np.nan), train.x[name])
    return replace(train, x={**train.x, **holed})


def sklearn_fills(imputer, x: np.ndarray) -> np.ndarray:
    """Returns x filled; `IterativeImputer` warns that it could take more rounds than ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return imputer.fit_transform(x)


def bench_imputer(step: Step, other, train: TrainSet, names: Sequence[str]) -> Pair:
    """Returns the pair of an imputer: fitted on the rows, and these filled."""
    x = np.stack([train.x[name] for name in names], axis=1)
    ways = {
        "ours": timed(lambda: fit_steps((step,), train)),
        type(other).__name__: timed(lambda: sklearn_fills(other, x)),
    }
    (pair,) = pairs_of(f"{type(step).__name__}, {len(x):,} x {len(names)}", ways)
    return pair


def bench() -> list[Pair]:
    """Returns the pairs of steps."""
    train = splits_of(CREDIT).train
    names = tuple(name for name, x in train.x.items() if is_numeric(x))
    holed = with_holes(train, names)
    imputers = (
        (ImputeMedian(columns=names), SimpleImputer(strategy="median")),
        (ImputeLinear(columns=names), IterativeImputer(max_iter=4, random_state=SEED)),
        (ImputeNeighbors(columns=names), KNNImputer()),
    )
    pairs = [bench_columns()]
    for step, other in imputers:
        pairs.append(bench_imputer(step, other, holed, names))
    return pairs
