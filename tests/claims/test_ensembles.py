"""What ensembles do, and do not: the claims of their papers on rows made for the purpose."""

import numpy as np
import pytest
from sklearn.ensemble import BaggingRegressor, GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from pipelines.balance import UndersampleRandom
from pipelines.training.ensembles.shares import least_loss_shares
from tests.claims.test_balancers import points, rows_of

NEW = np.linspace(-1, 1, 101)[:, None]
NOISE = 0.3


def wave(x):
    return np.sin(4 * x[:, 0])


def bias_and_variance(make, *, num_sets=24, num_rows=80):
    """The mean squared bias and the variance of a model's answers over training sets."""
    answers = []
    for seed in range(num_sets):
        random = np.random.default_rng(seed)
        x = random.uniform(-1, 1, (num_rows, 1))
        y = wave(x) + NOISE * random.normal(size=num_rows)
        answers.append(make(seed).fit(x, y).predict(NEW))
    answers = np.array(answers)
    bias = ((answers.mean(axis=0) - wave(NEW)) ** 2).mean()
    return bias, answers.var(axis=0).mean()


def test_bagging_takes_away_variance_and_not_bias():
    """Breiman 1996, section 4.1, https://doi.org/10.1007/BF00058655. Here of whole trees: less than
    two thirds of the variance is left, and the bias is as small as before.
    """
    bias, variance = bias_and_variance(lambda seed: DecisionTreeRegressor(random_state=seed))
    bagged = bias_and_variance(
        lambda seed: BaggingRegressor(DecisionTreeRegressor(), 16, random_state=seed)
    )
    assert bagged[1] < 2 / 3 * variance
    assert abs(bagged[0] - bias) < 0.1 * variance


def test_bagging_does_nothing_for_stable_models():
    """Breiman 1996, section 1, https://doi.org/10.1007/BF00058655: it helps models that another
    draw of rows changes much; a line it leaves as it is.
    """
    line = bias_and_variance(lambda seed: LinearRegression())
    bagged = bias_and_variance(
        lambda seed: BaggingRegressor(LinearRegression(), 16, random_state=seed)
    )
    assert bagged[0] == pytest.approx(line[0], rel=0.02)
    assert bagged[1] > 0.8 * line[1]


def test_boosting_takes_away_bias():
    """Friedman 2001, https://doi.org/10.1214/aos/1013203451: stumps, each on the residuals of those
    before it. A twentieth of the bias is left, at the price of variance.
    """
    stump = bias_and_variance(lambda seed: DecisionTreeRegressor(max_depth=1))
    boosted = bias_and_variance(
        lambda seed: GradientBoostingRegressor(max_depth=1, n_estimators=60, learning_rate=0.5)
    )
    assert boosted[0] < stump[0] / 20
    assert boosted[1] > stump[1]


def log_losses(logits, y):
    """The log loss of rows, of logits [..., rows, classes]."""
    top = logits.max(axis=-1, keepdims=True)
    log_sum = top[..., 0] + np.log(np.exp(logits - top).sum(axis=-1))
    own = np.take_along_axis(logits, y[:, None] * np.ones((*logits.shape[:-1], 1), int), axis=-1)
    return log_sum - own[..., 0]


@pytest.mark.parametrize("num_classes", [2, 5])
def test_the_mean_of_logits_is_never_worse_than_the_mean_of_members(num_classes):
    """Log loss is convex in logits: Jensen 1906, https://doi.org/10.1007/BF02418571. It holds for
    every single row, whatever the members are.
    """
    random = np.random.default_rng(0)
    members = random.normal(scale=3, size=(7, 500, num_classes))
    y = random.integers(num_classes, size=500)
    together = log_losses(members.mean(axis=0), y)
    apart = log_losses(members, y).mean(axis=0)
    assert (together <= apart + 1e-12).all()


def test_the_error_of_a_mean_is_the_mean_error_less_the_spread():
    """Krogh and Vedelsby 1995, equation 6,
    https://papers.nips.cc/paper/1994/hash/b8c37e33defde51cf91e1e03e51657da-Abstract.html: exact for
    squared errors, so members that agree gain nothing.
    """
    random = np.random.default_rng(0)
    truth = random.normal(size=300)
    members = truth + random.normal(size=(5, 300)) + random.normal(size=300)
    together = members.mean(axis=0)
    spread = ((members - together) ** 2).mean()
    error = ((members - truth) ** 2).mean()
    assert ((together - truth) ** 2).mean() == pytest.approx(error - spread)


def stacked_rows(seed, num_rows):
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (num_rows, 3))
    return x, x @ (1.0, -1.0, 0.5) + 0.5 * random.normal(size=num_rows)


def shares_of(answers, y):
    stacked = np.stack(answers, axis=1)[:, :, None]
    weight = np.ones(len(y))
    return least_loss_shares(stacked, y[:, None], weight=weight, kind="values")


def test_a_stack_on_answers_to_rows_it_saw_trusts_the_member_that_remembers():
    """Wolpert 1992, https://doi.org/10.1016/S0893-6080(05)80023-1: the second level is learned from
    answers to rows that the first did not see. The nearest neighbour remembers every row: in-fold
    it gets all of the sum, out of fold less than a third, and the error on new rows is a third
    less.
    """
    x, y = stacked_rows(0, 200)
    models = (LinearRegression, lambda: KNeighborsRegressor(1))
    fitted = [make().fit(x, y) for make in models]
    seen = shares_of([model.predict(x) for model in fitted], y)
    unseen_answers = [np.zeros(200) for _ in models]
    for fold in np.array_split(np.arange(200), 5):
        others = np.setdiff1d(np.arange(200), fold)
        for answers, make in zip(unseen_answers, models, strict=True):
            answers[fold] = make().fit(x[others], y[others]).predict(x[fold])
    unseen = shares_of(unseen_answers, y)
    assert seen[1] > 0.95 and unseen[1] < 0.3
    new_x, new_y = stacked_rows(1, 1000)
    new = np.stack([model.predict(new_x) for model in fitted], axis=1)
    in_fold, out_of_fold = (((new @ shares - new_y) ** 2).mean() for shares in (seen, unseen))
    assert out_of_fold < 2 / 3 * in_fold


def test_shares_are_none_below_zero_and_no_worse_than_the_best_member():
    """Breiman 1996, Stacked Regressions, section 3, https://doi.org/10.1007/BF00117832: members
    that err alike get no share below zero, and the sum has no more error than any of them.
    """
    random = np.random.default_rng(0)
    y = random.normal(size=400)
    common = random.normal(size=400)
    members = [y + common * size + 0.3 * random.normal(size=400) for size in (0.2, 0.6, 1.5)]
    shares = shares_of(members, y)
    assert (shares >= 0).all()
    errors = [((member - y) ** 2).mean() for member in members]
    assert ((np.stack(members, axis=1) @ shares - y) ** 2).mean() <= min(errors) + 1e-3
    assert np.linalg.lstsq(np.stack(members, axis=1), y)[0].min() < 0  # without the limit


def test_easy_subsets_together_see_more_than_one():
    """Liu, Wu, Zhou 2009, section III, https://doi.org/10.1109/TSMCB.2008.2007853: one undersampled
    set drops most of the frequent rows; subsets that differ do not. Here the mean over eight has
    less log loss than each, the ranking is as good as that of the best, and five times as many
    frequent rows are seen.
    """
    train, new = rows_of(600, share=0.04, apart=1.0), rows_of(4000, share=0.5, apart=1.0, seed=1)
    logits = []
    seen = []
    for seed in range(8):
        subset = UndersampleRandom(seed=seed).resample(train)
        line = LogisticRegression().fit(points(subset), subset.y)
        logits.append(line.decision_function(points(new)))
        seen.append(subset.ids[subset.y == 0])
    losses = [log_loss(new.y, 1 / (1 + np.exp(-each))) for each in logits]
    mean = np.mean(logits, axis=0)
    assert log_loss(new.y, 1 / (1 + np.exp(-mean))) < np.mean(losses)
    assert roc_auc_score(new.y, mean) >= np.mean([roc_auc_score(new.y, each) for each in logits])
    assert len(np.unique(np.concatenate(seen))) > 5 * len(seen[0])


def test_the_rate_of_snapshots_ends_near_zero_in_each_cycle():
    """Huang et al. 2017, equation 2, https://arxiv.org/abs/1704.00109."""
    from pipelines.training.schedules import CosineRestarts

    rate = CosineRestarts(cycles=4, growth=1.0).rate(0.1, epochs=20, steps=10)
    first, middle, last = (
        np.array([float(rate(cycle + step)) for cycle in range(0, 200, 50)]) for step in (0, 25, 49)
    )
    np.testing.assert_allclose(first, 0.1, rtol=1e-4)
    np.testing.assert_allclose(middle, 0.05, rtol=1e-4)
    assert last.max() < 2e-4
