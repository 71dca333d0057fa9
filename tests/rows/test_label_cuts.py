"""Every label has its share in every part, and none is lost."""

import numpy as np
import pytest

from pipelines.device.cells import Column
from pipelines.device.signature import Target
from pipelines.errors import SplitError
from pipelines.rows.label_cuts import cut_each_label
from pipelines.rows.parts import Dataset, Schema
from pipelines.rows.split import SplitByTime, SplitGiven, SplitGrouped, SplitRandom, split

LABELS = ("common", "half", "rare", "three")


def draw(num_rows=600, seed=0):
    generator = np.random.default_rng(seed)
    has = generator.random((num_rows, 4)) < [0.4, 0.5, 0.02, 0]
    has[:, 1] |= has[:, 0] & (generator.random(num_rows) < 0.5)
    has[generator.choice(num_rows, 3, replace=False), 3] = True
    return has.astype(np.int64)


def dataset(has, **more):
    schema = Schema((Column("x", "numeric"),), Target("y", "multilabel", LABELS, separator="|"))
    x = {"x": np.arange(len(has), dtype=np.float32)}
    return Dataset(x=x, y=has, ids=np.arange(len(has)), schema=schema, **more)


@pytest.mark.parametrize("seed", range(8))
def test_shares_are_kept(seed):
    has = draw(seed=seed)
    kept, held_out = cut_each_label(has, 0.2, labels=LABELS, keep=2, seed=seed)
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(len(has)))
    assert abs(len(held_out) - 120) <= 12
    wanted = 0.2 * has.sum(axis=0)
    assert np.all(np.abs(has[held_out].sum(axis=0) - wanted) <= np.maximum(0.03 * wanted, 1.01))


@pytest.mark.parametrize("seed", range(5))
def test_every_part_has_every_label(seed):
    parts = split(dataset(draw(seed=seed)), SplitRandom(seed=seed))
    for part in (parts.train, parts.valid, parts.test):
        assert (part.y.sum(axis=0) > 0).all() and (part.y.sum(axis=0) < len(part)).all()
    assert parts.notes == ()


def test_same_seed_same_parts_other_seed_others():
    has = draw()
    first = cut_each_label(has, 0.2, labels=LABELS, keep=1, seed=3)
    again = cut_each_label(has, 0.2, labels=LABELS, keep=1, seed=3)
    other = cut_each_label(has, 0.2, labels=LABELS, keep=1, seed=4)
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_what_cannot_be_cut_is_refused_by_name():
    has = np.zeros((20, 4), np.int64)
    has[:10, 3] = 1
    has[[0, 1], 0] = has[[0, 2], 1] = has[[1, 2], 2] = 1  # three rows, two sides, three pairs
    with pytest.raises(SplitError, match="'(common|half|rare)' on both sides"):
        cut_each_label(has, 0.2, labels=LABELS, keep=1, seed=0)


def test_groups_stay_whole_and_labels_are_kept_where_they_can_be():
    has = draw()
    group = np.arange(len(has)) // 20
    parts = split(dataset(has, group=group), SplitGrouped())
    assert not set(parts.train.group) & set(parts.test.group)
    assert parts.test.y[:, :3].any(axis=0).all()


def test_given_parts_draw_valid_rows_label_by_label():
    has = draw()
    part = np.array(["train"] * 500 + ["test"] * 100, object)
    parts = split(dataset(has, part=part), SplitGiven(valid=0.2))
    assert parts.valid.y[:, :3].any(axis=0).all()
    assert parts.train.y.any(axis=0).all()


def test_parts_by_time_report_labels_that_they_lack():
    has = draw()
    has[:, 3] = 0
    has[:9, 3] = 1
    time = np.arange(len(has)).astype("datetime64[s]")
    parts = split(dataset(has, time=time), SplitByTime())
    assert any("test part has the label 'three': it has no scores" in note for note in parts.notes)
    assert any("valid part has the label 'three'" in note for note in parts.notes)
    last = has.copy()
    last[:, 3] = has[::-1, 3]
    with pytest.raises(SplitError, match="no row of the train part has the label 'three'"):
        split(dataset(last, time=time), SplitByTime())
