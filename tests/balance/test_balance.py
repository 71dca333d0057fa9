"""Every balancer: training rows in, training rows out, and a clear error where it is not valid."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import balance, catalog
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import BalanceError, LeakError, RecipeError
from pipelines.rows.parts import BalancedSet, Dataset, HeldOut, Schema, TrainSet
from pipelines.tabular import load_table

DRAWING = (balance.WeightByClass(), balance.OversampleRandom(), balance.UndersampleRandom())
NUMERIC = (
    balance.Smote(),
    balance.SmoteBorderline(),
    balance.Adasyn(),
    balance.SmoteTomek(),
    balance.SmoteENN(),
)
EVERY = (*DRAWING, *NUMERIC, balance.SmoteNC())


def make(kind=TrainSet, *, mixed, labels=("no", "yes"), num_rows=200):
    random = np.random.default_rng(0)
    if labels:
        y = (np.arange(num_rows) % 10 == 0).astype(np.int64)
    else:
        y = random.normal(size=num_rows)
    x = {
        "small": (random.normal(size=num_rows) + 2 * y).astype(np.float32),
        "large": (1e6 * random.normal(size=num_rows)).astype(np.float32),
    }
    if mixed:
        x["kind"] = np.array(
            [None if n % 13 == 0 else "abc"[n % 3] for n in range(num_rows)], object
        )
        x["flag"] = (np.arange(num_rows) % 2).astype(np.float32)
    schema = Schema(
        tuple(Column(name, "numeric") for name in x),
        Target("y", "binary" if labels else "regression", labels),
    )
    return kind(x=x, y=y, ids=np.arange(num_rows) + 1000, schema=schema)


@pytest.mark.parametrize("balancer", EVERY, ids=lambda each: type(each).__name__)
def test_contract(balancer):
    train = make(mixed=balancer in DRAWING or isinstance(balancer, balance.SmoteNC))
    before = {name: x.copy() for name, x in train.x.items()}
    balanced = balancer.resample(train)
    assert type(balanced) is BalancedSet
    assert not hasattr(balancer, "transform") and not hasattr(balancer, "fit_resample")
    assert set(balanced.ids) <= set(train.ids)
    shares = np.bincount(balanced.y, weights=balanced.weight) / balanced.weight.sum()
    assert shares.min() > 0.35
    for name, x in before.items():
        np.testing.assert_array_equal(train.x[name], x)
        assert balanced.x[name].dtype == x.dtype and not (
            x.dtype == np.float32 and np.isnan(balanced.x[name]).any()
        )
        if x.dtype == np.float32:
            low, high = (x.min(), x.max())
        else:
            low, high = (None, None)
        if low is not None:  # synthetic rows lie between rows
            assert (
                balanced.x[name].min() >= low - 1e-3 * abs(low)
                and balanced.x[name].max() <= high + 1e-3 * high
            )
    again = balancer.resample(train)
    assert all(
        (
            again.x[name][balanced.x[name] == balanced.x[name]]
            == balanced.x[name][balanced.x[name] == balanced.x[name]]
        ).all()
        for name in before
    )
    parents_of_the_rare = balanced.ids[balanced.y == 1]
    assert set(parents_of_the_rare) <= set(train.ids[train.y == 1])
    for kind in (HeldOut, Dataset, BalancedSet):
        with pytest.raises(LeakError, match=f"a {kind.__name__} was handed to balance"):
            balancer.resample(make(kind, mixed=False))
    with pytest.raises(BalanceError, match="on the real-number target 'y'"):
        balancer.resample(make(mixed=False, labels=()))


@pytest.mark.parametrize("balancer", NUMERIC, ids=lambda each: type(each).__name__)
def test_refuses_half_a_category(balancer):
    with pytest.raises(
        BalanceError, match="on the categorical or two-valued columns 'kind', 'flag'"
    ):
        balancer.resample(make(mixed=True))


def test_refuses_what_does_not_suit():
    with pytest.raises(BalanceError, match="on numeric columns only"):
        balance.SmoteNC().resample(make(mixed=False))
    few = make(mixed=False, num_rows=40)
    with pytest.raises(BalanceError, match="class 'yes' with 4 training rows"):
        balance.Smote().resample(few)
    holes = make(mixed=False)
    holes.x["small"][3] = np.nan
    with pytest.raises(BalanceError, match="column 'small', which has missing values"):
        balance.Smote().resample(holes)
    dates = make(mixed=True)
    dates.x["when"] = np.full(200, np.datetime64("2024-01-01", "s"))
    with pytest.raises(BalanceError, match="date column 'when'"):
        balance.SmoteNC().resample(dates)
    nominal = make(mixed=True)
    del nominal.x["small"], nominal.x["large"]
    with pytest.raises(BalanceError, match="on categorical columns only"):
        balance.SmoteNC().resample(nominal)


def test_neighbours_are_found_in_scaled_units():
    """A column that is 10^6 times larger must not decide alone who is a neighbour."""
    train = make(mixed=False)
    other = make(mixed=False)
    other.x["large"] = other.x["large"] / np.float32(2**20)
    one, two = (balance.Smote().resample(rows).x["small"] for rows in (train, other))
    np.testing.assert_allclose(one, two, rtol=1e-4)


def test_real_bird_strikes(birds, birds_recipe):
    from pipelines.rows.split import split
    from pipelines.steps import fit_steps

    dataset, _ = load_table(birds_recipe.load, birds)
    train = split(dataset, birds_recipe.split).train
    _, prepared = fit_steps(birds_recipe.prepare, train)
    balanced = balance.SmoteNC().resample(prepared)
    assert balanced.y.mean() == pytest.approx(0.5)
    real = balanced.ids[: len(train)]
    np.testing.assert_array_equal(real, train.ids)
    for name, x in prepared.x.items():
        np.testing.assert_array_equal(balanced.x[name][: len(train)], x)
    assert set(balanced.x["species"]) <= set(prepared.x["species"])


def several_labels():
    has = np.zeros((40, 2), np.int64)
    has[:4, 0] = 1
    has[10:30, 1] = 1
    schema = Schema((Column("x", "numeric"),), Target("y", "multilabel", ("a", "b"), separator="|"))
    x = {"x": np.arange(40, dtype=np.float32)}
    return TrainSet(x=x, y=has, ids=np.arange(40), schema=schema)


def test_each_of_several_labels_is_weighted_by_itself():
    train = several_labels()
    balanced = balance.WeightByClass().resample(train)
    np.testing.assert_allclose(balanced.label_weights, [[40 / 72, 1], [5, 1]], rtol=1e-6)
    np.testing.assert_array_equal(balanced.weight, train.weight)
    np.testing.assert_array_equal(balanced.y, train.y)
    root = balance.WeightByClass(strength=0.5).resample(train)
    np.testing.assert_allclose(root.label_weights, np.sqrt([[40 / 72, 1], [5, 1]]), rtol=1e-6)


@pytest.mark.parametrize(
    "balancer",
    [
        balance.Smote(),
        balance.SampleByClass(),
        balance.OversampleRandom(),
        balance.UndersampleRandom(),
    ],
)
def test_rows_of_several_labels_are_not_redrawn(balancer):
    with pytest.raises(BalanceError, match=r"several labels a row[\s\S]*WeightByClass"):
        balancer.resample(several_labels())


def test_a_net_without_epochs_has_no_loss_to_shift():
    recipe = catalog.RECIPES["gun_point_minirocket"]
    for balancer in (balance.AdjustLogits(), balance.CorrectPrior()):
        with pytest.raises(RecipeError, match="which has no epochs"):
            replace(recipe, balance=balancer).check()
