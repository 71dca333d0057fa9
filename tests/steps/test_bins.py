"""Bins and scalers on columns that one value fills: zeros with a long tail, filled holes,
sentinels.
"""

import gzip
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.rows.parts import Schema, TrainSet
from pipelines.sources.files import find_file
from pipelines.steps import EncodeBins, ImputeMedian, ScaleRobust
from pipelines.steps.quantiles import quantile_edges

SCHEMA = Schema((Column("x", "numeric"),), Target("y", "binary", ("no", "yes")))


def rows_of(x, y=None):
    if y is None:
        y = np.zeros(len(x), np.int64)
    return TrainSet(x={"x": np.asarray(x, np.float32)}, y=y, ids=np.arange(len(x)), schema=SCHEMA)


def plain_edges(x, num_bins):
    """Edges as they were: quantiles, whatever one value holds."""
    return np.unique(np.quantile(x, np.linspace(0, 1, num_bins + 1)).astype(np.float32))


def mostly_zeros(num_rows, seed=0):
    """96 % zeros and a long tail; y is frequent at middling values of the tail alone."""
    random = np.random.default_rng(seed)
    tail = random.lognormal(5, 2, num_rows).astype(np.float32).astype(np.float64)
    x = np.where(random.random(num_rows) < 0.96, 0, tail)
    chance = np.select([x == 0, x < 60, x < 400], [0.02, 0.05, 0.8], 0.1)
    return x, (random.random(num_rows) < chance).astype(np.int64)


@pytest.mark.parametrize("num_bins", [1, 2, 3, 16, 64, 256])
def test_zeros_leave_half_of_the_bins_to_the_tail(num_bins):
    x, _ = mostly_zeros(50_000)
    tail = np.sort(x[x > 0])
    edges = quantile_edges(x, num_bins)
    assert edges[0] == 0 and edges[-1] == tail[-1]
    if num_bins > 1:
        assert edges[1] == tail[0] and len(edges) == 2 + math.ceil(num_bins / 2)
        assert np.histogram(tail, edges[1:])[0].max() <= 2 * len(tail) / num_bins + 2


@pytest.mark.parametrize("num_bins", [1, 2, 16, 64, 256, 1024])
@pytest.mark.parametrize("draw", ["normal", "lognormal", "uniform"])
def test_columns_without_a_frequent_value_keep_the_plain_quantiles(draw, num_bins):
    x = getattr(np.random.default_rng(1), draw)(size=1000)
    np.testing.assert_array_equal(quantile_edges(x, num_bins), plain_edges(x, num_bins))


@pytest.mark.parametrize(
    "values,num_bins,edges",
    [
        ([0] * 96 + [1] * 3 + [2], 16, [0, 1, 2]),  # the rule holds again among the rest
        ([0] * 96 + [1] * 3 + [2], 2, [0, 1, 2]),
        ([0] * 96 + [1, 2, 3, 4], 2, [0, 1, 4]),
        ([0] * 96 + [1, 2, 3, 4], 1, [0, 4]),
        ([-999] * 60 + list(range(40)), 10, [-999, *np.quantile(range(40), np.linspace(0, 1, 6))]),
        (
            list(range(20)) + [50] * 80 + list(range(60, 80)),
            10,
            [*np.quantile([*range(20), *range(60, 80)], np.linspace(0, 1, 6)), 50],
        ),
        ([7] * 5, 16, [7]),
        ([7], 1, [7]),
    ],
)
def test_edges(values, num_bins, edges):
    np.testing.assert_allclose(
        quantile_edges(np.array(values, float), num_bins), np.unique(edges), rtol=1e-6
    )


def test_the_share_of_the_others_is_a_knob():
    x, _ = mostly_zeros(5000)
    np.testing.assert_array_equal(quantile_edges(x, 16, 0.0), plain_edges(x, 16))
    widths = [
        EncodeBins(least_share=share).fit(rows_of(x)).apply(rows_of(x)).x["x"].shape[1]
        for share in (0.0, 0.25, 0.5, 1.0)
    ]
    assert widths == [1, 5, 9, 16]


@pytest.mark.parametrize("share", [0.2, 0.45])
def test_frequent_values_that_leave_enough_bins_change_no_edge(share):
    random = np.random.default_rng(4)
    x = np.where(random.random(2000) < share, 3.0, random.normal(size=2000))
    np.testing.assert_array_equal(quantile_edges(x, 16), plain_edges(x, 16))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([0.0, 0.0, 0.0, 1.0, 5.0, -999.0]), st.floats(-1e6, 1e6, width=32)
        ),
        min_size=1,
        max_size=120,
    ),
    st.sampled_from([1, 2, 3, 8, 16, 64, 256]),
)
def test_no_value_takes_the_bins_of_the_others(values, num_bins):
    x = np.array(values, np.float64)
    edges = quantile_edges(x, num_bins)
    assert (
        edges.dtype == np.float32 and 1 <= len(edges) <= num_bins + 1 and (np.diff(edges) > 0).all()
    )
    assert edges[0] == x.min() and edges[-1] == x.max()
    distinct, counts = np.unique(x, return_counts=True)
    frequent = counts > max(len(x) / num_bins, 1)
    others = x[~np.isin(x, distinct[frequent])]
    most = len(x) / num_bins
    if 0 < len(others) < len(x) / 2:
        assert np.isin(distinct[frequent], edges).all()
        most = len(others) / min(num_bins - frequent.sum(), math.ceil(num_bins / 2))
    else:
        np.testing.assert_array_equal(edges, plain_edges(x, num_bins))
    # No more of the others lie between two edges than even parts of them would hold.
    between = [
        ((others > low) & (others < high)).sum()
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    assert max(between, default=0) <= most + 1
    encoded = EncodeBins(num_bins=num_bins).fit(rows_of(values)).apply(rows_of(distinct)).x["x"]
    assert (np.diff(encoded, axis=0) >= 0).all() and encoded.min() >= 0 and encoded.max() <= 1


def average_precision(x, y, edges):
    """Of a logistic regression on the shares of the bins, learned on the first half, of the
    second.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score

    encoded = np.clip((x[:, None] - edges[:-1]) / np.diff(edges), 0, 1)
    half = len(x) // 2
    model = LogisticRegression(max_iter=1000).fit(encoded[:half], y[:half])
    return average_precision_score(y[half:], model.decision_function(encoded[half:]))


def test_average_precision_rises_with_the_bins_of_the_tail():
    x, y = mostly_zeros(50_000)
    before = average_precision(x, y, plain_edges(x[:25_000], 16))
    after = average_precision(x, y, quantile_edges(x[:25_000], 16))
    print(f"96 % zeros: average precision {before:.3f} with plain quantiles, {after:.3f} now")
    assert after > before + 0.1


@pytest.mark.parametrize(
    "file,name,plain,now",
    [("nyc_weather", "precip", 2, 7), ("birds", "height", 10, 10), ("credit_data", "Debt", 3, 9)],
)
def test_real_columns_keep_their_resolution(file, name, plain, now):
    import pandas as pd

    with gzip.open(find_file(f"data/{file}.csv.gz", "a table"), "rt") as text:
        x = pd.read_csv(text)[name].dropna().to_numpy(float)
    assert len(plain_edges(x, 16)) - 1 == plain and len(quantile_edges(x, 16)) - 1 == now


def test_holes_filled_with_the_median_leave_the_bins_to_what_was_measured():
    x = np.random.default_rng(2).normal(size=1000)
    x[:700] = np.nan
    filled = ImputeMedian().fit(rows_of(x)).apply(rows_of(x))
    assert EncodeBins().fit(filled).apply(filled).x["x"].shape[1] >= 8


@pytest.mark.parametrize("share", [0.5, 0.8, 0.96, 0.99])
def test_robust_scale_tells_the_tail_of_mostly_equal_values_apart(share):
    random = np.random.default_rng(3)
    x = np.where(random.random(10_000) < share, 3.0, 3.0 + random.lognormal(2, 1, 10_000))
    train = rows_of(x)
    scaled = ScaleRobust().fit(train).apply(train).x["x"][:, 0]
    tail = scaled[x > 3]
    assert (scaled[x == 3] == scaled.min()).all() and tail.min() > scaled.min()
    assert np.percentile(tail, 75) - np.percentile(tail, 25) > 0.25 and (tail < 5).mean() > 0.8


def test_robust_scale_of_a_constant_is_zero_and_of_two_values_is_not():
    constant = rows_of([4.0] * 30)
    two = rows_of([0.0] * 29 + [6.0])
    assert (ScaleRobust().fit(constant).apply(constant).x["x"] == 0).all()
    assert ScaleRobust().fit(two).apply(two).x["x"][-1, 0] == pytest.approx(1 / 1.4826, rel=1e-5)
