"""What Elkan 2001 and Zhou and Liu 2006 claim of costs, held against loss, decision and report."""

import numpy as np
import pytest

from pipelines import catalog
from pipelines.device.calibration import positive_or_largest
from pipelines.device.target import Target
from pipelines.errors import RecipeError
from pipelines.rows.sketch import DataSketch
from pipelines.tasks import TASKS
from pipelines.tasks.costs import Saving, check_classes, mean_cost
from pipelines.tasks.thresholds import choose_adjustment, choose_threshold
from pipelines.training.class_losses import ExpectedCost
from tests.claims.test_losses import BINARY, CLASSES, values_and_slopes

FIVE = ((0.0, 1.0), (5.0, 0.0))


def calibrated_rows(num_rows=20_000):
    """Log-odds, and labels that are drawn by them."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, num_rows)
    y = (random.random(num_rows) < 1 / (1 + np.exp(-logits))).astype(np.int64)
    return logits[:, None].astype(np.float32), y


@pytest.mark.parametrize("miss", [1.0, 5.0, 20.0])
def test_the_cheapest_threshold_of_calibrated_probabilities_is_that_of_elkan(miss):
    """Elkan 2001, theorem 1: p* = c10 / (c10 + c01); at 5 to 1 a sixth. Found on rows, to the width
    of ties.
    """
    logits, y = calibrated_rows()
    saving = Saving(((0.0, 1.0), (miss, 0.0)))
    [offset] = choose_threshold(logits, y, metric=saving)
    found = 1 / (1 + np.exp(offset))
    assert found == pytest.approx(1 / (1 + miss), abs=0.04)
    chosen = positive_or_largest(logits, (offset,))
    half = positive_or_largest(logits, (0.0,))
    if miss > 1:
        assert mean_cost(saving.costs, y, chosen) < 0.9 * mean_cost(saving.costs, y, half)


def test_thresholds_of_three_classes_move_to_the_costly_one():
    """Zhou and Liu 2006, section 2.3: outputs times the costs of each class's mistakes."""
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 3000)
    logits = (np.eye(3)[y] + random.normal(0, 1.2, (3000, 3))).astype(np.float32)
    costs = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (12.0, 12.0, 0.0))
    shares = np.full(3, 1 / 3)
    offsets = choose_adjustment(logits, y, metric=Saving(costs), class_shares=shares)
    assert offsets[2] > offsets[0] == offsets[1]
    moved = mean_cost(costs, y, positive_or_largest(logits, offsets))
    assert moved < 0.8 * mean_cost(costs, y, logits.argmax(axis=1))


@pytest.mark.parametrize(("target", "costs"), [(BINARY, FIVE), (CLASSES, None)])
def test_the_loss_is_the_cost_of_the_probabilities(target, costs):
    """Elkan 2001, equation 1, as a share of the largest cost."""
    if costs is None:
        costs = ((0.0, 1.0, 2.0), (1.0, 0.0, 1.0), (8.0, 4.0, 0.0))
    random = np.random.default_rng(0)
    classes = np.arange(6) % len(costs)
    if target is BINARY:
        logits = random.normal(size=(6, 1))
        second = 1 / (1 + np.exp(-logits))
        chances = np.concatenate([1 - second, second], axis=1)
        truth = classes[:, None]
    else:
        logits = random.normal(size=(6, 3))
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        truth = np.eye(3)[classes]
    matrix = np.array(costs)
    expected = (matrix[classes] * chances).sum(axis=1) / matrix.max()
    value, _ = values_and_slopes(ExpectedCost(costs=costs, entropy=0.0), target, truth, logits)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_a_surely_wrong_row_has_a_slope_by_its_part_of_cross_entropy_alone():
    """Galdran et al. 2020, section 2.2: the cost alone has none there."""
    logits = np.array([[-30.0]])
    _, alone = values_and_slopes(ExpectedCost(entropy=0.0), BINARY, np.ones((1, 1)), logits)
    _, both = values_and_slopes(ExpectedCost(entropy=0.1), BINARY, np.ones((1, 1)), logits)
    assert abs(alone[0, 0]) < 1e-9 and both[0, 0] == pytest.approx(-0.1, rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["judge.threshold=cost"], "without judge.costs"),
        (["judge.costs=((0, 1), (5,))"], "1 costs in line 1 of 2"),
        (["judge.costs=((3, 1), (5, 0))"], "line 0"),
        (["judge.costs=((0, -1), (5, 0))"], "line 0"),
        (["judge.costs=((0, 0), (0, 0))"], "no mistake that costs"),
        (["training.loss=ExpectedCost(costs=((0, 1),))"], "costs in line 0 of 1"),
    ],
)
def test_costs_that_cannot_be_meant_are_refused(settings, words):
    recipe = catalog.override(catalog.RECIPES["birds_mlp"], *settings)
    with pytest.raises(RecipeError, match=words):
        recipe.check()


def test_costs_are_of_classes_and_of_as_many_as_there_are():
    recipe = catalog.override(catalog.RECIPES["penguins_mlp"], "judge.costs=((0, 1), (5, 0))")
    with pytest.raises(RecipeError, match="costs"):
        recipe.check()
    with pytest.raises(RecipeError, match="of 2 classes"):
        check_classes(FIVE, CLASSES, "judge.costs")
    assert "3 labels" in ExpectedCost(costs=FIVE).suits_target(CLASSES)
    several = Target("y", "multilabel", ("a", "b"), separator="|")
    assert "has none" in ExpectedCost(costs=FIVE).suits_target(several)
    assert ExpectedCost().suits(DataSketch((TASKS["multilabel"],))) != ""
