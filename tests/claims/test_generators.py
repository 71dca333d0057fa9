"""What papers claim of generators: the gradient of a critic, the class asked for, few steps."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.balance import Diffusion, Gan, WassersteinGan, frechet_distance
from pipelines.balance.generators.adversarial import gradient_norms
from pipelines.balance.generators.diffusion import LearnedDiffusion
from pipelines.balance.generators.rows import ClassRows

pytestmark = pytest.mark.full  # each trains nets for some seconds

NUM_DRAWN = 200


def rings():
    """Points on two rings, one a class."""
    random = np.random.default_rng(0)
    y = np.arange(600) % 2
    angle = random.uniform(0, 2 * np.pi, len(y))
    radius = 0.5 + y + random.normal(0, 0.05, len(y))
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return ClassRows(points.astype(np.float32), y.astype(np.int64), 2, (2,))


@pytest.fixture(scope="module")
def digits():
    """Digits of 8 × 8 pixels: rows to generate from, and others with a classifier of them."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    pixels, y = load_digits(return_X_y=True)
    values = ((pixels - pixels.mean(axis=0)) / pixels.std()).astype(np.float32)
    rows = ClassRows(values[:1200], y[:1200].astype(np.int64), 10, (8, 8, 1))
    judge = LogisticRegression(C=0.1, max_iter=1000).fit(values[1200:], y[1200:])
    return rows, values[1200:], y[1200:], judge


def norms_between(penalty):
    """The norms of a critic's gradient between points of the rings and drawn ones."""
    import tensorflow as tf

    rows = rings()
    by = WassersteinGan(units=(32, 32), num_batches=150, penalty=penalty)
    nets = by.learn(rows, seed=0)
    drawn, _ = nets.draw(rows.y[:NUM_DRAWN], 1)
    share = np.random.default_rng(0).random((NUM_DRAWN, 1))
    between = rows.values[:NUM_DRAWN] + share * (drawn - rows.values[:NUM_DRAWN])
    rest = between - rows.means()[rows.y[:NUM_DRAWN]]
    label = rows.one_hot()[rows.y[:NUM_DRAWN]]
    norms = gradient_norms(nets.critic, tf.constant(rest, tf.float32), tf.constant(label))
    return np.asarray(norms)


def test_the_penalty_keeps_the_gradient_of_the_critic_near_one():
    """Gulrajani et al. 2017, section 4; without it nothing does."""
    with_penalty = norms_between(10.0)
    without = norms_between(0.0)
    assert abs(np.median(with_penalty) - 1) < 0.3
    assert np.median(without) > 3 * np.median(with_penalty)


@pytest.mark.parametrize(
    "by",
    (
        Gan(num_batches=600),
        WassersteinGan(num_batches=300),
        Diffusion(filters=(16, 32), num_batches=600),
    ),
    ids=lambda by: type(by).__name__,
)
def test_a_generator_draws_the_class_that_is_asked_for(by, digits):
    rows, _, _, judge = digits
    asked = np.arange(NUM_DRAWN) % 10
    drawn, _ = by.learn(rows, seed=0).draw(asked, 0)
    assert np.mean(judge.predict(drawn) == asked) > 0.8


def test_twenty_steps_of_a_diffusion_do_as_well_as_fifty(digits):
    """Song et al. 2021, table 1; two steps do not. In the space of the first ten components."""
    rows, others, y, _ = digits
    axes = np.linalg.svd(rows.values, full_matrices=False)[2][:10].T
    by = Diffusion(filters=(16, 32), num_batches=600)
    one = np.ones(64)
    net = by.learn(rows, seed=0).to_keras(one, 0 * one, (64,))
    distances = {}
    for steps in (2, 20, 50):
        other = LearnedDiffusion(replace(by, steps=steps), rows, net)
        drawn, _ = other.draw(y, 0)
        distances[steps] = frechet_distance(others @ axes, drawn @ axes)
    assert distances[20] < 1.25 * distances[50]
    assert distances[2] > 1.5 * distances[20]
