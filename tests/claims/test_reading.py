"""What ways of reading a model promise."""

import numpy as np
import pytest

from pipelines.studies.interpret.dependence import dependence
from pipelines.studies.interpret.gradients import incompleteness, integrated_gradients
from pipelines.studies.interpret.permutation import importances


def net(seed=0):
    """A ReLU net of three inputs with its gradient, in numpy."""
    generator = np.random.default_rng(seed)
    first = generator.normal(size=(3, 16))
    shift = generator.normal(size=16)
    second = generator.normal(size=16)

    def gradient(inputs):
        hidden = inputs["x"] @ first + shift
        slope = (hidden > 0) * second
        return np.maximum(hidden, 0) @ second, {"x": slope @ first.T}

    return gradient


def test_integrated_gradients_add_up_and_plain_gradients_do_not():
    """Sundararajan, Taly and Yan 2017, proposition 1 (https://arxiv.org/abs/1703.01365): the
    attributions add up to F(x) - F(baseline). Gradient times input misses it.
    """
    gradient = net()
    rows = np.random.default_rng(1).normal(size=(50, 3))
    nothing = {"x": np.zeros((1, 3))}
    found, difference = integrated_gradients(gradient, {"x": rows}, nothing, num_steps=200)
    assert incompleteness(found, difference) < 0.005
    _, slopes = gradient({"x": rows})
    assert incompleteness({"x": slopes["x"] * rows}, difference) > 0.1


def test_more_steps_come_nearer():
    """The same, section 5: 20 to 300 steps are enough to come within 5 %."""
    gradient = net()
    rows = np.random.default_rng(1).normal(size=(50, 3))
    missed = {}
    for num_steps in (4, 64):
        found, difference = integrated_gradients(
            gradient, {"x": rows}, {"x": np.zeros((1, 3))}, num_steps=num_steps
        )
        missed[num_steps] = incompleteness(found, difference)
    assert missed[64] < 0.05 and missed[64] < missed[4] / 4


def test_an_input_that_is_not_read_is_given_nothing():
    """The same, axiom of sensitivity (b)."""

    def gradient(inputs):
        x = inputs["x"]
        slope = np.zeros_like(x)
        slope[:, 0] = 2 * x[:, 0]
        return x[:, 0] ** 2, {"x": slope}

    rows = np.random.default_rng(0).normal(size=(20, 2))
    found, _ = integrated_gradients(gradient, {"x": rows}, {"x": np.zeros((1, 2))})
    assert np.abs(found["x"][:, 1]).max() == 0 and np.abs(found["x"][:, 0]).min() > 0


@pytest.fixture(scope="module")
def copies():
    """A ridge that shares the weight of one column with its copy; and the score of its answers."""
    generator = np.random.default_rng(0)
    one = generator.normal(size=2000)
    other = generator.normal(size=2000)
    columns = {"one": one, "copy": one + 0.001 * generator.normal(size=2000), "other": other}
    y = 2 * one + 2 * other

    def score_of(names):
        x = np.stack([columns[name] for name in names], axis=1)
        weights = np.linalg.solve(x.T @ x + 1.0 * np.eye(len(names)), x.T @ y)

        def score(given):
            answers = np.stack([given[name] for name in names], axis=1) @ weights
            return 1 - np.mean((answers - y) ** 2) / np.var(y)

        return score

    return columns, score_of


def test_correlated_columns_share_their_importance(copies):
    """Strobl et al. 2008 (https://doi.org/10.1186/1471-2105-9-307) and Hooker, Mentch and Zhou 2021
    (https://arxiv.org/abs/1905.03151): with a copy in the model a column seems a quarter as
    important in squared error, and shuffled together with it as important as without.
    """
    columns, score_of = copies
    (alone,) = importances(score_of(("one", "other")), columns, [["one"]])
    groups = [["one"], ["copy"], ["one", "copy"], ["other"]]
    one, copy, both, other = importances(score_of(("one", "copy", "other")), columns, groups)
    assert one.mean == pytest.approx(alone.mean / 4, rel=0.1)
    assert copy.mean == pytest.approx(alone.mean / 4, rel=0.1)
    assert both.mean == pytest.approx(alone.mean, rel=0.05)
    assert other.mean == pytest.approx(alone.mean, rel=0.1)


def test_partial_dependence_hides_what_single_rows_show():
    """Goldstein et al. 2015, section 1 (https://arxiv.org/abs/1309.6392): where a column's effect
    changes its sign with another, the mean is flat and the single lines are not.
    """
    generator = np.random.default_rng(0)
    columns = {"a": generator.normal(size=400), "b": np.tile([-1.0, 1.0], 200)}
    found = dependence(
        lambda x: (x["a"] * x["b"])[:, None], columns, "a", np.array([-1.0, 0.0, 1.0])
    )
    assert found.range < 0.01 and found.crossing > 0.5
