"""What imputers do to columns, and what they can and cannot know."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from pipelines import steps
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.rows.parts import Schema, TrainSet
from pipelines.studies.corrected import holm

SHARE = 0.3


def train_of(x):
    """Training rows of the columns of x [rows, columns], named 0, 1, ..."""
    names = [str(place) for place in range(x.shape[1])]
    columns = {name: x[:, place].astype(np.float32) for place, name in enumerate(names)}
    schema = Schema(
        tuple(Column(name, "numeric") for name in names), Target("y", "binary", ("no", "yes"))
    )
    y = np.arange(len(x)) % 2
    return TrainSet(x=columns, y=y, ids=np.arange(len(x)), schema=schema)


def filled(step, x, *, learned=None):
    """x [rows, columns] after a step, learned from other rows if they are given."""
    fitted = step.fit(train_of(x if learned is None else learned))
    columns = fitted.apply_columns(train_of(x).x)
    return np.stack(list(columns.values()), axis=1).astype(np.float64)


def gaussian(num_rows=4000, *, num=6, factors=2, noise=0.5, seed=0):
    """Rows of columns that share a few factors, their mean and covariance."""
    random = np.random.default_rng(seed)
    loads = random.normal(size=(factors, num))
    covariance = loads.T @ loads + noise**2 * np.eye(num)
    mean = random.normal(size=num)
    return random.multivariate_normal(mean, covariance, num_rows), mean, covariance


def with_gaps(x, *, share=SHARE, seed=1):
    gaps = np.random.default_rng(seed).random(x.shape) < share
    return np.where(gaps, np.nan, x)


def exact(x, mean, covariance):
    """The conditional expectation of what is missing, row by row."""
    expected = x.copy()
    for row in expected:
        gaps = np.isnan(row)
        if gaps.any():
            known = covariance[np.ix_(~gaps, ~gaps)]
            across = covariance[np.ix_(gaps, ~gaps)]
            row[gaps] = mean[gaps] + across @ np.linalg.solve(known, row[~gaps] - mean[~gaps])
    return expected


def rmse(one, other, where):
    return np.sqrt(np.mean((one[where] - other[where]) ** 2))


@pytest.mark.parametrize(
    ("step", "middle"), [(steps.ImputeMedian(), np.median), (steps.ImputeMean(), np.mean)]
)
def test_one_value_for_all_keeps_the_middle_and_shrinks_the_variance(step, middle):
    """Little and Rubin 2002, section 4.2.1: by the share of what is missing."""
    whole = np.random.default_rng(0).lognormal(0, 0.5, (20_000, 1))
    x = with_gaps(whole)
    after = filled(step, x)
    seen = x[~np.isnan(x)]
    assert middle(after) == pytest.approx(middle(seen), rel=1e-5)
    assert after.var() / seen.var() == pytest.approx(1 - SHARE, abs=0.04)


def test_a_draw_keeps_the_variance():
    """Little and Rubin 2002, section 4.3: a draw from the observed values keeps their
    distribution; as an answer for one cell it errs by sqrt(2) times as much as the mean. Rows
    without any number draw alike, so that there must be few of them.
    """
    whole = np.random.default_rng(0).normal(0, 1, (4000, 5))
    x = with_gaps(whole)
    after = filled(steps.ImputeRandom(num_values=256), x)
    assert after.var() / np.nanvar(x) == pytest.approx(1, abs=0.03)
    gaps = np.isnan(x)
    by_mean = filled(steps.ImputeMean(), x)
    ratio = rmse(after, whole, gaps) / rmse(by_mean, whole, gaps)
    assert ratio == pytest.approx(np.sqrt(2), abs=0.05)


def test_means_weaken_correlations_and_regressions_strengthen_them():
    """Little and Rubin 2002, sections 4.2.1 and 4.2.2."""
    random = np.random.default_rng(0)
    first = random.normal(size=4000)
    whole = np.stack([first, first + random.normal(size=4000)], axis=1)
    x = whole.copy()
    x[np.random.default_rng(1).random(len(x)) < 0.5, 1] = np.nan

    def correlation(values):
        return abs(np.corrcoef(values.T)[0, 1])

    true = correlation(whole)
    assert correlation(filled(steps.ImputeMean(), x)) < 0.85 * true
    assert correlation(filled(steps.ImputeLinear(), x)) > 1.05 * true


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_four_sweeps_come_near_to_the_conditional_expectation(share):
    """A sweep of chained linear equations is one of Gauss and Seidel on the precision matrix, which
    converges to the conditional expectation (Golub and Van Loan 2013, theorem 11.2.3). Measured
    here: within 10 % of its error after four, and never further with more sweeps.
    """
    whole, mean, covariance = gaussian()
    x = with_gaps(whole, share=share)
    gaps = np.isnan(x)
    best = rmse(exact(x, mean, covariance), whole, gaps)
    errors = []
    for sweeps in (1, 2, 4, 16):
        after = filled(steps.ImputeLinear(sweeps=sweeps), x)
        errors.append(rmse(after, whole, gaps) / best)
    assert errors[2] < 1.10 and errors[3] < 1.05
    assert all(before > after - 1e-3 for before, after in itertools.pairwise(errors))
    assert rmse(filled(steps.ImputeMean(), x), whole, gaps) / best > 1.5


def test_the_answer_is_learned_from_rows_with_gaps_too():
    """Dempster, Laird and Rubin 1977, https://www.jstor.org/stable/2984875: no row here is whole,
    and the answer is near to that of the true mean and covariance.
    """
    whole, mean, covariance = gaussian(num=8)
    x = with_gaps(whole, share=0.25)
    x = x[np.isnan(x).any(axis=1)]
    truth = whole[np.isnan(with_gaps(whole, share=0.25)).any(axis=1)]
    gaps = np.isnan(x)
    error = rmse(filled(steps.ImputeLinear(sweeps=8), x), truth, gaps)
    assert error < 1.10 * rmse(exact(x, mean, covariance), truth, gaps)
    with pytest.raises(Exception, match="0 of"):
        steps.ImputeNeighbors().fit(train_of(x))


def test_what_is_missing_by_another_column_shifts_the_mean_and_not_the_linear_answer():
    """Rubin 1976, https://doi.org/10.1093/biomet/63.3.581: missing at random, given the first
    column.
    """
    random = np.random.default_rng(0)
    first = random.normal(size=6000)
    second = first + 0.5 * random.normal(size=6000)
    x = np.stack([first, np.where(first > 0.3, np.nan, second)], axis=1)
    true = second.mean()
    assert abs(filled(steps.ImputeMean(), x)[:, 1].mean() - true) > 0.4
    assert abs(filled(steps.ImputeLinear(ridge=1e-6), x)[:, 1].mean() - true) < 0.15


def test_neighbours_follow_a_curve_that_no_line_does():
    """Troyanskaya et al. 2001, https://doi.org/10.1093/bioinformatics/17.6.520: they need no
    model.
    """
    random = np.random.default_rng(0)
    first = random.uniform(-2, 2, 3000)
    whole = np.stack([first, first**2 + 0.1 * random.normal(size=3000)], axis=1)
    x = whole.copy()
    x[random.random(3000) < SHARE, 1] = np.nan
    gaps = np.isnan(x)
    by_mean = rmse(filled(steps.ImputeMean(), x), whole, gaps)
    assert rmse(filled(steps.ImputeNeighbors(), x), whole, gaps) < 0.2 * by_mean
    assert rmse(filled(steps.ImputeLinear(), x), whole, gaps) > 0.9 * by_mean


def test_columns_that_share_nothing_are_filled_as_well_by_the_mean():
    """Le Morvan and Varoquaux 2024, https://arxiv.org/abs/2407.19804: better imputations matter
    little; where columns are independent there are none.
    """
    whole = np.random.default_rng(0).normal(size=(4000, 5))
    x = with_gaps(whole)
    gaps = np.isnan(x)
    by_mean = rmse(filled(steps.ImputeMean(), x), whole, gaps)
    assert rmse(filled(steps.ImputeLinear(), x), whole, gaps) == pytest.approx(by_mean, rel=0.01)
    assert rmse(filled(steps.ImputeNeighbors(), x), whole, gaps) > 1.05 * by_mean


def test_a_flag_keeps_what_every_fill_loses():
    """Perez-Lebel et al. 2022, https://doi.org/10.1093/gigascience/giac013: where being missing
    informs, the flag does; no filled value can.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(0)
    y = random.random(4000) < 0.5
    x = random.normal(size=(4000, 2))
    x[random.random(4000) < np.where(y, 0.6, 0.2), 0] = np.nan

    def auc(*prepare):
        columns = train_of(x)
        for step in prepare:
            columns = step.fit(columns).apply(columns)
        inputs = np.stack(list(columns.x.values()), axis=1)
        fitted = LogisticRegression().fit(inputs, y)
        return roc_auc_score(y, fitted.predict_proba(inputs)[:, 1])

    assert auc(steps.ImputeRandom()) < 0.55
    assert auc(steps.FlagMissing(), steps.ImputeMedian()) > 0.68


def test_held_out_rows_do_not_move_what_fills_them():
    """Kaufman et al. 2012, https://doi.org/10.1145/2382577.2382579: what is learned, is learned
    from training rows; the same row is filled alike in any company.
    """
    whole, _, _ = gaussian(500)
    x = with_gaps(whole)
    for step in (steps.ImputeLinear(), steps.ImputeNeighbors(num_rows=50), steps.ImputeRandom()):
        together = filled(step, x[:40], learned=x)
        alone = filled(replace(step), x[7:8], learned=x)
        np.testing.assert_array_equal(alone[0], together[7])


def test_holm_keeps_the_chance_of_any_false_finding():
    """Holm 1979, https://www.jstor.org/stable/4615733: of ten comparisons of nothing, plain
    p-values find something in 40 %, his in 5 %.
    """
    drawn = np.random.default_rng(0).random((2000, 10))
    plain = np.mean(drawn.min(axis=1) < 0.05)
    adjusted = np.mean([min(holm(list(row))) < 0.05 for row in drawn])
    assert plain > 0.35 and adjusted < 0.06


def test_an_autoencoder_follows_curves_that_no_line_does():
    """Gondara and Wang 2018, https://arxiv.org/abs/1705.02737, section 5: ahead of linear chained
    equations where columns go together otherwise than by a line.
    """
    random = np.random.default_rng(0)
    first = random.uniform(-2, 2, 3000)
    whole = np.stack([first, first**2 + 0.1 * random.normal(size=3000)], axis=1)
    x = whole.copy()
    x[random.random(3000) < SHARE, 1] = np.nan
    gaps = np.isnan(x)
    step = steps.ImputeAutoencoder(num_batches=1000)
    by_net = filled(step, x)
    assert rmse(by_net, whole, gaps) < 0.25 * rmse(filled(steps.ImputeLinear(), x), whole, gaps)
    np.testing.assert_array_equal(filled(step, x), by_net)


def test_draws_keep_spread_and_correlation_that_a_conditional_mean_loses():
    """Little and Rubin 2002, section 4.3.2: of regressions, only those with noise keep variances
    and correlations.
    """
    random = np.random.default_rng(0)
    first = random.normal(size=6000)
    whole = np.stack([first, first + random.normal(size=6000)], axis=1)
    x = whole.copy()
    x[np.random.default_rng(1).random(len(x)) < 0.5, 1] = np.nan
    drawn = filled(steps.ImputeMultiple(), x)
    by_mean = filled(steps.ImputeLinear(), x)
    wanted = np.corrcoef(whole.T)[0, 1]
    assert drawn[:, 1].var() == pytest.approx(whole[:, 1].var(), rel=0.05)
    assert by_mean[:, 1].var() < 0.85 * whole[:, 1].var()
    assert np.corrcoef(drawn.T)[0, 1] == pytest.approx(wanted, abs=0.02)
    assert np.corrcoef(by_mean.T)[0, 1] > wanted + 0.05


def test_the_spread_of_many_draws_is_that_of_what_is_missing():
    """Rubin 1987, section 3.1: the variance between draws is that of the missing numbers given
    those that are there; here of their sum, known from the true covariance.
    """
    whole, _, covariance = gaussian(3000, num=4)
    x = with_gaps(whole)
    step = steps.ImputeMultiple(num_draws=32, ridge=1e-6)
    primitive = step.fit(train_of(x)).primitives[0]
    rows = with_gaps(whole[:1], share=0).repeat(1, axis=0)
    rows[0, 1:3] = np.nan
    sums = []
    for draw in range(64 * 4):
        primitive_of_draw = replace(primitive, seed=draw)
        columns = {str(place): rows[:, place].astype(np.float32) for place in range(4)}
        primitive_of_draw.run(columns)
        sums.append(columns["1"][0] + columns["2"][0])
    gaps = np.array([False, True, True, False])
    known = covariance[np.ix_(~gaps, ~gaps)]
    across = covariance[np.ix_(gaps, ~gaps)]
    left = covariance[np.ix_(gaps, gaps)] - across @ np.linalg.solve(known, across.T)
    assert np.std(sums) == pytest.approx(np.sqrt(left.sum()), rel=0.2)
