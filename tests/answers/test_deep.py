"""Nets in numpy: their gradients are those of finite differences, dropout is off at prediction."""

import numpy as np
import pytest

from pipelines.answers.frame.bends import BENDS
from pipelines.answers.frame.deep import AFTER, BEFORE, DeepFit
from pipelines.answers.frame.dense import flat, shaped
from pipelines.answers.frame.descent import DenseFit
from pipelines.answers.frame.dropped import walk_with_dropout
from pipelines.training.optimizers import Sgd

SHIFT = 1e-6
KNOBS = [
    {"normalizes": True, "shift": 0.5, "scale": 1.25},
    {"normalizes": True, "dropout": 0.4, "place": BEFORE},
    {"normalizes": True, "dropout": 0.4, "place": AFTER},
]


def rows():
    random = np.random.default_rng(0)
    return random.normal(size=(20, 5)), random.integers(0, 3, 20)


@pytest.mark.parametrize("bend", BENDS)
@pytest.mark.parametrize("knobs", KNOBS, ids=("shifted", "before", "after"))
def test_the_gradient_is_that_of_finite_differences(bend, knobs):
    x, y = rows()
    fit = DeepFit(x, y, (6, 7), bend=BENDS[bend], **knobs)
    like = fit.start(0)
    start = flat(like) + 0.1 * np.random.default_rng(1).normal(size=flat(like).size)

    def loss(weights):
        run = fit.run(shaped(weights, like), x, np.random.default_rng(2))
        return fit.loss(run.answers, y)

    found = fit.gradient(shaped(start, like), x, y, np.random.default_rng(2))
    steps = SHIFT * np.eye(len(start))
    expected = [(loss(start + each) - loss(start - each)) / (2 * SHIFT) for each in steps]
    assert found == pytest.approx(np.array(expected), abs=1e-8)


def test_at_prediction_nothing_is_drawn():
    x, y = rows()
    fit = DeepFit(x, y, (6,), dropout=0.5, place=AFTER)
    weights = flat(fit.start(0))
    assert np.array_equal(fit.answers(weights, x, seed=0), fit.answers(weights, x, seed=0))
    assert fit.loss(np.full((20, 3), np.nan), y) == 10


def test_without_dropout_the_walk_is_the_plain_one():
    x, y = rows()
    fit = DenseFit(x, y.astype(float), (4,))
    batches = [np.arange(8), np.arange(8, 20)]
    knobs = {"seed": 0, "rate": 0.1, "way": Sgd(momentum=0.9)}
    plain = list(fit.walk(batches, **knobs))
    dropped = list(walk_with_dropout(fit, batches, dropout=0.0, **knobs))
    assert np.allclose(plain, dropped, rtol=1e-12)
    other = list(walk_with_dropout(fit, batches, dropout=0.5, **knobs))
    assert not np.allclose(plain[-1], other[-1])
