"""What split conformal sets promise, and what they do not."""

import numpy as np
import pytest

from pipelines.device.class_sets import adaptive_sets, label_sets
from pipelines.studies.interpret.probabilities import calibration_error, chance_error
from pipelines.tasks.class_sets import fit_adaptive, fit_reach, set_scores
from pipelines.tasks.margins import with_margin
from tests.tasks.test_margins import SIGNATURE as PLAIN

LABELS = ("a", "b", "c")
SHARES = np.array([0.7, 0.25, 0.05])
CENTERS = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])


def rows_of(generator, num_rows, *, moved=0.0):
    """Three classes in the plane, the rarest one in twenty; and how far behind a plain model puts
    each label, which knows the centers and nothing of `moved`.
    """
    y = generator.choice(3, num_rows, p=SHARES)
    x = CENTERS[y] + generator.normal(size=(num_rows, 2)) + moved
    distances = ((x[:, None] - CENTERS) ** 2).sum(axis=2) / 2
    logits = np.log(SHARES) - distances
    behind = logits.max(axis=1, keepdims=True) - logits
    return behind.astype(np.float32), y


def coverage_of(seed, *, num_rows=200, moved=0.0, by_class=False):
    generator = np.random.default_rng(seed)
    behind, y = rows_of(generator, num_rows)
    reach = fit_reach(behind, y, coverage=0.9, by_class=by_class)
    behind, y = rows_of(generator, 2000, moved=moved)
    held = np.asarray(behind <= np.asarray(reach, np.float32))[np.arange(2000), y]
    return held, y


@pytest.mark.full
def test_exchangeable_rows_are_held_as_often_as_asked_for():
    """Angelopoulos and Bates 2021, theorem 1 (https://arxiv.org/abs/2107.07511): between 1 - alpha
    and 1 - alpha + 1 / (n + 1) on average over validation sets, however wrong the model is.
    """
    shares = [coverage_of(seed)[0].mean() for seed in range(200)]
    assert 0.9 - 0.004 <= np.mean(shares) <= 0.9 + 1 / 201 + 0.004


def test_after_a_shift_they_are_not():
    """The same, section 7 and Tibshirani et al. 2019 (https://arxiv.org/abs/1904.06019): of rows
    that moved, nothing is promised. Here .9 become .52 to .68.
    """
    shares = [coverage_of(seed, num_rows=500, moved=2.0)[0].mean() for seed in range(10)]
    assert max(shares) < 0.75


def test_the_rare_class_is_held_only_where_each_is_by_itself():
    """Vovk 2012 (https://arxiv.org/abs/1209.2673): marginal coverage holds on average over rows; of
    one class in twenty it may be far below, and by class it is not.
    """
    rare = {}
    for by_class in (False, True):
        held = []
        for seed in range(20):
            inside, y = coverage_of(seed, num_rows=2000, by_class=by_class)
            held.append(inside[y == 2].mean())
        rare[by_class] = np.mean(held)
    assert rare[False] < 0.7 and 0.87 < rare[True] < 0.94


def test_sets_are_larger_where_the_model_is_unsure():
    """Angelopoulos and Bates 2021, section 1: the size of a set is a measure of uncertainty. It
    holds here: sets of one label are right more often than the answers of larger ones.
    """
    generator = np.random.default_rng(0)
    behind, y = rows_of(generator, 500)
    reach = fit_reach(behind, y, coverage=0.9, by_class=False)
    behind, y = rows_of(generator, 4000)
    sets = label_sets(behind, reach, LABELS)
    sizes = np.array([len(each) for each in sets])
    right = behind.argmin(axis=1) == y
    assert right[sizes == 1].mean() > right[sizes > 1].mean() + 0.2
    assert set_scores(y, sets, LABELS)["set_size"] < 2


def test_calibrated_is_not_accurate():
    """Guo et al. 2017, section 2 (https://arxiv.org/abs/1706.04599): calibration and accuracy are
    different things. The share of all rows as every row's probability is calibrated and ranks
    nothing; sharpened true probabilities rank perfectly and are not calibrated.
    """
    generator = np.random.default_rng(0)
    probability = generator.beta(0.5, 0.5, 4000)
    truth = generator.random(4000) < probability
    constant = np.full(4000, truth.mean())
    logit = np.log(probability / (1 - probability))
    sharp = 1 / (1 + np.exp(-3 * logit))
    assert calibration_error(truth, constant) < chance_error(constant, seed=0)
    assert calibration_error(truth, sharp) > 2 * chance_error(sharp, seed=0)
    assert ((sharp > 0.5) == truth).mean() > max(truth.mean(), 1 - truth.mean()) + 0.2


def test_adaptive_sets_hold_hard_rows_more_often():
    """Romano, Sesia and Candès 2020, section 4 (https://arxiv.org/abs/2006.02544): one distance for
    all rows holds hard ones too rarely. Here a third of the rows is sure, a third is of two labels,
    and of a third nine labels are likely. Of .84 asked for, the latter are held .68 and .74.
    """
    generator = np.random.default_rng(0)
    labels = tuple("abcdefghi")

    def rows(number):
        kind = generator.integers(0, 3, number)
        behind = np.tile(np.linspace(6, 8, 9), (number, 1))
        behind[:, 0] = 0
        behind[kind == 1, 1] = generator.uniform(0.6, 1.1, number)[kind == 1]
        likely = np.sort(generator.uniform(0, 3.5, (number, 9)), axis=1)
        behind[kind == 2] = (likely - likely[:, :1])[kind == 2]
        shares = np.exp(-behind)
        shares /= shares.sum(axis=1, keepdims=True)
        y = (generator.random(number)[:, None] > shares.cumsum(axis=1)).sum(axis=1)
        return behind.astype(np.float32), np.minimum(y, 8), kind == 2

    behind, y, _ = rows(4000)
    near = fit_reach(behind, y, coverage=0.84, by_class=False)
    adaptive = fit_adaptive(behind, y, factor=1.0, coverage=0.84, by_class=False)
    behind, y, is_hard = rows(8000)
    held = {}
    for name, sets in (
        ("near", label_sets(behind, near, labels)),
        ("adaptive", adaptive_sets(behind, 1.0, adaptive, labels)),
    ):
        inside = np.array([labels[place] in each for place, each in zip(y, sets, strict=True)])
        held[name] = inside[is_hard].mean()
        assert inside.mean() == pytest.approx(0.84, abs=0.015)
    assert held["near"] < 0.7 and held["adaptive"] > held["near"] + 0.04


def test_intervals_of_numbers_hold_whatever_the_model():
    """Lei et al. 2018, theorem 2 (https://arxiv.org/abs/1604.04173): of a good model and of one
    that answers the same to every row; only the width differs.
    """
    widths = {}
    for name in ("good", "constant"):
        held = []
        for seed in range(60):
            generator = np.random.default_rng(seed)
            y = generator.standard_t(3, 400)
            values = y + 0.3 * generator.normal(size=400) if name == "good" else np.zeros(400)
            signature = with_margin(PLAIN, values[:200], y[:200], coverage=0.9, form="int8")
            margin = signature.margins["int8"]
            held.append(np.mean(np.abs(values - y)[200:] <= margin))
        widths[name] = margin
        assert np.mean(held) == pytest.approx(0.9 + 0.5 / 201, abs=0.015)
    assert widths["good"] < widths["constant"] / 3
