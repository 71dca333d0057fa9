"""What members learn: what is left, what one training goes through, and the same each time."""

import numpy as np
import pytest

from pipelines.engine.cache import caching
from pipelines.rows.parts import TrainSet
from pipelines.tabular import Mlp
from pipelines.training.ensembles import Bagging, Boosting, Snapshots, Stacking
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Constant
from tests.training.test_fit import fit, make

NET = Mlp(widths=(4,), num_members=1, dropout=0.0)
TO_THE_END = {
    "epochs": 12,
    "schedule": Constant(patience=0),
    "optimizer": AdamW(learning_rate=0.02),
}

pytestmark = pytest.mark.full


def squared_error(model):
    """Of training rows, in standard deviations."""
    rows = make(TrainSet, "regression")
    truth = (rows.y - 100.0) / 20.0
    return float(((np.asarray(model(rows.x))[:, 0] - truth) ** 2).mean())


def test_each_boosted_net_leaves_less():
    """Of the error on training rows; the first net is that of the shorter sum."""
    errors = []
    for num_members in (1, 3):
        net = Boosting(of=NET, num_members=num_members)
        errors.append(squared_error(fit("regression", net=net, **TO_THE_END).model))
    assert errors[0] > errors[1]


def test_snapshots_of_one_training_differ():
    """Huang et al. 2017, section 4.3, https://arxiv.org/abs/1704.00109: they err differently."""
    net = Snapshots(of=NET, num_members=3)
    model = fit("regression", net=net, **TO_THE_END).model
    kernel = model.get_layer("logits").get_weights()[0]
    first, second, third = np.split(kernel[:, 0], 3)
    assert np.abs(first - second).max() > 1e-2
    assert np.abs(second - third).max() > 1e-2


@pytest.mark.parametrize(
    "net",
    [Bagging(of=NET, num_members=2), Stacking(of=(NET, NET.linear()), num_folds=2)],
    ids=lambda net: type(net).__name__,
)
def test_an_ensemble_comes_back_from_the_cache(net, tmp_path):
    rows = make(TrainSet, "binary").x
    with caching(tmp_path, "test") as cache:
        trained = fit("binary", net=net, epochs=1)
        assert cache.taken == []
        again = fit("binary", net=net, epochs=1)
        assert cache.taken == ["train"]
    np.testing.assert_array_equal(trained.model(rows), again.model(rows))
    assert again.validation_score == trained.validation_score
    anew = fit("binary", net=net, epochs=1)
    np.testing.assert_array_equal(trained.model(rows), anew.model(rows))
