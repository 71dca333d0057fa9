"""Networks that are solved for: no epochs, the same weights again, nothing that only epochs use."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from pipelines import catalog
from pipelines.balance import WeightByClass
from pipelines.engine.cache import caching
from pipelines.errors import RecipeError
from pipelines.tabular import Mlp
from pipelines.text import AugmentDelete
from tests.training.test_fit import fit


@dataclass(frozen=True)
class LeastSquares(Mlp):
    """A dense layer of features drawn at random, whose weights least squares give.

    Attributes:
        calls: How often it was solved.
    """

    solves: ClassVar[bool] = True
    calls: ClassVar[list] = []
    num_members: int = 1

    def solve(self, model, train_set, valid, *, signature, training, deciding):
        import keras

        self.calls.append(len(train_set))
        head = model.get_layer("member0_logits")
        features = keras.Model(model.inputs, head.input).predict(dict(train_set.x), verbose=0)
        design = np.column_stack([features, np.ones(len(features))])
        weights, *_ = np.linalg.lstsq(design, 2.0 * train_set.y[:, None] - 1, rcond=None)
        head.set_weights([weights[:-1], weights[-1]])


def test_the_head_is_solved_for_and_no_epoch_follows():
    result = fit("binary", net=LeastSquares(), epochs=7)
    assert result.history == {}
    assert 0.5 < result.validation_score <= 1
    kernel, bias = result.model.get_layer("logits").get_weights()
    again = fit("binary", net=LeastSquares()).model.get_layer("logits").get_weights()
    np.testing.assert_array_equal(kernel, again[0])
    np.testing.assert_array_equal(bias, again[1])


def test_what_was_solved_is_taken_from_the_cache(tmp_path):
    net = LeastSquares(widths=(24,))
    LeastSquares.calls.clear()
    with caching(tmp_path, "a test"):
        first = fit("binary", net=net)
        second = fit("binary", net=net)
    assert len(LeastSquares.calls) == 1
    assert first.validation_score == second.validation_score
    for one, other in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["birds_mlp", "remarks_cnn"])
def test_what_only_epochs_use_is_refused(name):
    recipe = replace(catalog.RECIPES[name], build=LeastSquares())
    assert recipe.teacher is not None
    with pytest.raises(RecipeError, match="teacher=.* for LeastSquares, which has no epochs"):
        recipe.check()
    recipe = replace(recipe, teacher=None, augment=(AugmentDelete(),), balance=WeightByClass())
    with pytest.raises(RecipeError, match="augment=.* for LeastSquares, which has no epochs"):
        recipe.check()
