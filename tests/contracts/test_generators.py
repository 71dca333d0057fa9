"""Every generator: training rows in, rows of the asked classes out, the same of the same seed."""

import numpy as np
import pytest

from pipelines import slots
from pipelines.balance import Gan, Generate, WassersteinGan
from pipelines.balance.generators.rows import ClassRows
from pipelines.errors import LeakError
from pipelines.rows.parts import HeldOut
from tests.contracts.samples import members, name_of
from tests.contracts.test_balancers import rows_of

GENERATORS = members(slots.Generator)
NUM_ROWS = 60
NUM_CLASSES = 3  # of which one has no row
# Sides that no halving divides.
SHAPES = {
    "table": (5,),
    "one series": (1, 9),
    "series": (2, 10),
    "pictures": (6, 7, 3),
}
# Tracing two nets takes seconds; the others stand for them where not all tests run.
SLOW = (Gan, WassersteinGan)
QUICK_FIRST = [
    pytest.param(kind, marks=pytest.mark.full if kind in SLOW else [], id=name_of(kind))
    for kind in GENERATORS
]
ALL = [
    pytest.param(
        kind,
        shape,
        marks=[] if name == "table" and kind is not WassersteinGan else pytest.mark.full,
        id=f"{name_of(kind)}, {name}",
    )
    for kind in GENERATORS
    for name, shape in SHAPES.items()
]


def class_rows(shape, y=None):
    random = np.random.default_rng(0)
    if y is None:
        y = (np.arange(NUM_ROWS) % 6 == 0).astype(np.int64)
    values = random.normal(size=(NUM_ROWS, int(np.prod(shape))))
    return ClassRows((values + 3 * y[:, None]).astype(np.float32), y, NUM_CLASSES, shape)


@pytest.mark.parametrize(("kind", "shape"), ALL)
def test_draws_rows_of_the_classes_that_are_asked_for(kind, shape):
    rows = class_rows(shape)
    before = rows.values.copy()
    classes = np.array([1, 0, 0, 1, 1], np.int64)
    learned = kind().tiny().learn(rows, seed=3)
    drawn, parents = learned.draw(classes, 5)
    assert drawn.dtype == np.float32 and drawn.shape == (5, rows.values.shape[1])
    assert np.isfinite(drawn).all() and len(np.unique(drawn, axis=0)) == 5
    np.testing.assert_array_equal(rows.y[parents], classes)
    np.testing.assert_array_equal(rows.values, before)
    check_net(learned, shape)


def check_net(learned, shape):
    """Its net takes what it states, and gives rows in their unit."""
    inputs = learned.net_inputs(np.array([0, 1, 1, 0]), 1)
    num_values = int(np.prod(shape))
    one = np.ones(num_values, np.float32)
    plain = learned.to_keras(one, 0 * one, (num_values,))
    wanted = np.asarray(plain(inputs))
    assert wanted.shape == (4, num_values)
    if learned.gives_rows:
        scaled = learned.to_keras(2 * one, 7 * one, shape)
        assert scaled.output.shape[1:] == shape
        given = np.asarray(scaled(inputs)).reshape(4, -1)
        np.testing.assert_allclose(given, 2 * wanted + 7, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", QUICK_FIRST)
def test_one_seed_gives_one_result_to_the_bit(kind):
    rows = class_rows(SHAPES["table"])
    classes = np.arange(6) % 2
    first = kind().tiny().learn(rows, seed=3)
    drawn, parents = first.draw(classes, 5)
    again, others = kind().tiny().learn(class_rows(SHAPES["table"]), seed=3).draw(classes, 5)
    np.testing.assert_array_equal(drawn, again)
    np.testing.assert_array_equal(parents, others)
    other, _ = first.draw(classes, 6)
    assert not np.array_equal(drawn, other)


@pytest.mark.parametrize("kind", GENERATORS, ids=name_of)
def test_learns_from_training_rows_alone(kind):
    by = Generate(by=kind()).tiny()
    with pytest.raises(LeakError, match="HeldOut"):
        by.draw(rows_of(HeldOut, is_mixed=False), np.array([0]))
