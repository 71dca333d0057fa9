"""Every split: each row in one part at most, the same parts each time, whatever the rows hold."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import slots
from pipelines.device.target import Target
from pipelines.errors import SplitError
from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.rows.sketch import DataSketch
from pipelines.rows.split import split
from tests.contracts.samples import NUM_ROWS, SAMPLES, members, name_of, table, with_defaults

SPLITS = members(slots.Split)


def rows_for(kind, make=table, **more):
    """A sample; without groups, unless the split is one of groups."""
    dataset = make(**more).dataset
    if with_defaults(kind).suits(DataSketch(has_groups=False)):
        return dataset
    return replace(dataset, group=None)


BY_KIND = pytest.mark.parametrize("kind", SPLITS, ids=name_of)


@BY_KIND
@pytest.mark.parametrize("make", SAMPLES, ids=name_of)
def test_parts_have_no_row_in_common(kind, make):
    dataset = rows_for(kind, make)
    parts = with_defaults(kind).parts(dataset)
    places = np.concatenate(parts)
    assert all(len(part) for part in parts)
    assert all(part.dtype.kind == "i" for part in parts)
    assert len(np.unique(places)) == len(places) == NUM_ROWS
    assert places.min() == 0 and places.max() == NUM_ROWS - 1


@BY_KIND
def test_types_say_who_may_learn(kind):
    dataset = rows_for(kind)
    parts = split(dataset, with_defaults(kind))
    assert type(parts.train) is TrainSet
    assert type(parts.valid) is HeldOut and type(parts.test) is HeldOut
    for part in (parts.train, parts.valid, parts.test):
        places = part.ids - dataset.ids[0]
        np.testing.assert_array_equal(part.y, dataset.y[places])
        for name, x in part.x.items():
            np.testing.assert_array_equal(x, dataset.x[name][places])


# Classes to predict, and numbers.
NUMBERS = {"y": np.linspace(0, 1, NUM_ROWS), "target": Target("y", "regression")}
BY_TARGET = pytest.mark.parametrize("more", [{}, NUMBERS], ids=["classes", "numbers"])


@BY_KIND
@BY_TARGET
def test_is_deterministic_and_does_not_look_at_columns(kind, more):
    spec = with_defaults(kind)
    dataset = rows_for(kind, **more)
    other = rows_for(kind, seed=1, **more)
    for one, again, with_other_columns in zip(
        spec.parts(dataset), spec.parts(dataset), spec.parts(other), strict=True
    ):
        np.testing.assert_array_equal(one, again)
        np.testing.assert_array_equal(one, with_other_columns)


@BY_KIND
def test_does_not_draw_from_the_random_numbers_of_others(kind):
    spec = with_defaults(kind)
    dataset = rows_for(kind)
    np.random.seed(1)
    first = spec.parts(dataset)
    np.random.seed(2)
    for one, other in zip(first, spec.parts(dataset), strict=True):
        np.testing.assert_array_equal(one, other)


@BY_KIND
def test_too_few_rows_are_refused_with_a_way_out(kind):
    dataset = rows_for(kind)
    few = {name: x[:1] for name, x in dataset.x.items()}
    group = None
    if dataset.group is not None:
        group = dataset.group[:1]
    one_row = replace(
        dataset,
        x=few,
        y=dataset.y[:1],
        ids=dataset.ids[:1],
        weight=dataset.weight[:1],
        group=group,
        time=dataset.time[:1],
        part=dataset.part[:1],
    )
    with pytest.raises(SplitError) as caught:
        split(one_row, with_defaults(kind))
    assert caught.value.expected and caught.value.fix


@BY_KIND
def test_splits_what_was_split_only_once(kind):
    parts = split(rows_for(kind), with_defaults(kind))
    with pytest.raises(SplitError):
        split(parts.train, with_defaults(kind))
