"""Every balancer: training rows in, rows to train on out, each the child of a row that exists."""

import numpy as np
import pytest

from pipelines import slots
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import BalanceError, LeakError
from pipelines.rows.parts import BalancedSet, Dataset, HeldOut, Schema, TrainSet
from tests.contracts.samples import LABELS, members, name_of, with_defaults

BALANCERS = members(slots.Balancer)
NUM_ROWS = 200


def rows_of(kind, *, is_mixed, labels=LABELS, has_numbers=True):
    """Rows of which one in ten is of the second class; without labels, of numbers to predict."""
    random = np.random.default_rng(0)
    y = (np.arange(NUM_ROWS) % 10 == 0).astype(np.int64)
    x = {
        "small": (random.normal(size=NUM_ROWS) + 2 * y).astype(np.float32),
        "large": (1e6 * random.normal(size=NUM_ROWS)).astype(np.float32),
    }
    kinds = ["numeric", "numeric"]
    if is_mixed:
        x["kind"] = np.array([(None, "a", "b", "c")[row % 4] for row in range(NUM_ROWS)], object)
        kinds.append("categorical")
    if not has_numbers:
        x = {"kind": x["kind"]}
        kinds = ["categorical"]
    columns = tuple(Column(name, each) for name, each in zip(x, kinds, strict=True))
    target = Target("y", "binary", labels)
    if not labels:
        target = Target("y", "regression")
        y = random.normal(size=NUM_ROWS)
    return kind(x=x, y=y, ids=np.arange(NUM_ROWS) + 1000, schema=Schema(columns, target))


def balanced_of(balancer):
    """The training rows that the balancer takes, numbers, categories or both, balanced."""
    for given in (
        {"is_mixed": False},
        {"is_mixed": True},
        {"is_mixed": True, "has_numbers": False},
    ):
        train = rows_of(TrainSet, **given)
        try:
            return train, balancer.resample(train)
        except BalanceError as error:
            refused = error
    raise refused


def assert_same_rows(one, other):
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.y, other.y)
    np.testing.assert_array_equal(one.weight, other.weight)
    assert one.x.keys() == other.x.keys()
    for name, x in one.x.items():
        np.testing.assert_array_equal(x, other.x[name])


@pytest.mark.parametrize("kind", BALANCERS, ids=name_of)
def test_each_row_has_a_parent_of_its_class(kind):
    train, balanced = balanced_of(with_defaults(kind))
    assert type(balanced) is BalancedSet
    assert set(balanced.ids) <= set(train.ids)
    class_of_parent = dict(zip(train.ids.tolist(), train.y.tolist(), strict=True))
    wanted = [class_of_parent[each] for each in balanced.ids.tolist()]
    np.testing.assert_array_equal(balanced.y, wanted)


@pytest.mark.parametrize("kind", BALANCERS, ids=name_of)
def test_classes_become_more_even(kind):
    train, balanced = balanced_of(with_defaults(kind))
    before = np.bincount(train.y, weights=train.weight)
    after = np.bincount(balanced.y, weights=balanced.weight)
    least = 2 if kind.evens else 1
    assert kind.shifts_logits or after.min() / after.sum() > least * before.min() / before.sum()
    if not kind.redraws:
        np.testing.assert_array_equal(balanced.ids, train.ids)
        for name, x in train.x.items():
            np.testing.assert_array_equal(balanced.x[name], x)


@pytest.mark.parametrize("kind", BALANCERS, ids=name_of)
def test_is_deterministic_and_leaves_its_rows_alone(kind):
    train, balanced = balanced_of(with_defaults(kind))
    has_numbers = "small" in train.x
    assert_same_rows(train, rows_of(TrainSet, is_mixed="kind" in train.x, has_numbers=has_numbers))
    _, again = balanced_of(with_defaults(kind))
    assert_same_rows(balanced, again)


@pytest.mark.parametrize("kind", BALANCERS, ids=name_of)
def test_refuses_what_must_not_be_redrawn(kind):
    balancer = with_defaults(kind)
    for rows in (HeldOut, Dataset, BalancedSet):
        with pytest.raises(LeakError, match=f"a {rows.__name__} was handed to"):
            balancer.resample(rows_of(rows, is_mixed=False))
    with pytest.raises(BalanceError):
        balancer.resample(rows_of(TrainSet, is_mixed=False, labels=()))
