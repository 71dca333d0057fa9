"""Who may learn: the parts, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from pipelines.balance import OversampleRandom
from pipelines.device.cells import Column
from pipelines.device.signature import Target
from pipelines.errors import LeakError, RecipeError, SplitError
from pipelines.rows import Dataset, HeldOut, Schema, Splits, TrainSet
from pipelines.split import SplitByTime, SplitGrouped, SplitRandom, split

SCHEMA = Schema((Column("x", "numeric"),), Target("y", "binary", ("no", "yes")))


def make(num_rows, *, group=None, time=None, positives=3):
    y = (np.arange(num_rows) % positives == 0).astype(np.int64)
    return Dataset(x={"x": np.arange(num_rows, dtype=np.float32)}, y=y, ids=np.arange(num_rows), schema=SCHEMA,
                   group=group, time=time)


@settings(max_examples=40, deadline=None)
@given(st.integers(60, 400), st.integers(0, 5), st.sampled_from([0.1, 0.2, 0.3]))
def test_every_row_in_one_part_and_shares_kept(num_rows, seed, share):
    parts = split(make(num_rows), SplitRandom(test=share, valid=share, seed=seed))
    ids = np.concatenate([parts.train.ids, parts.valid.ids, parts.test.ids])
    assert sorted(ids) == list(range(num_rows))
    assert abs(parts.test.y.mean() - 1 / 3) < 0.1 and len(parts.test) == pytest.approx(share * num_rows, abs=2)
    again = split(make(num_rows), SplitRandom(test=share, valid=share, seed=seed))
    assert (again.train.ids == parts.train.ids).all()


def test_same_test_rows_as_scikit_learn():
    from sklearn.model_selection import train_test_split
    dataset = make(300)
    _, test = train_test_split(np.arange(300), test_size=0.2, stratify=dataset.y, random_state=0)
    assert (split(dataset, SplitRandom()).test.ids == test).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 30), st.integers(0, 3))
def test_groups_stay_whole(num_groups, seed):
    dataset = make(num_groups * 20, group=np.arange(num_groups * 20) // 20)
    parts = split(dataset, SplitGrouped(seed=seed, valid=0.3))
    groups = [set(part.group.tolist()) for part in (parts.train, parts.valid, parts.test)]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])


@settings(max_examples=30, deadline=None)
@given(st.integers(100, 300), st.sampled_from([0, 3600, 7200]), st.randoms())
def test_time_moves_forward_over_a_gap(num_rows, gap, random):
    order = np.arange(num_rows)
    random.shuffle(order)
    dataset = make(num_rows, time=np.datetime64("2024-01-01", "s") + order * 3600)
    parts = split(dataset, SplitByTime(gap=gap))
    for before, after in ((parts.train, parts.valid), (parts.valid, parts.test)):
        assert (after.time.min() - before.time.max()).astype(int) >= max(gap, 1)


def test_refused():
    for how, words in ((SplitGrouped(), "without groups"), (SplitByTime(), "without times"),
                       (SplitGrouped(test=0.5), "without groups")):
        with pytest.raises(SplitError, match=words):
            split(make(90), how)
    for how, words in ((SplitRandom(test=1.5), "split.test=1.5"), (SplitRandom(valid=0), "split.valid=0"),
                       (SplitRandom(seed=-1), "split.seed=-1"), (SplitByTime(gap="day"), "split.gap='day'")):
        with pytest.raises(RecipeError, match=words):
            split(make(90), how)
    with pytest.raises(SplitError, match="2 groups for three parts"):
        split(make(90, group=np.arange(90) % 2), SplitGrouped())
    with pytest.raises(SplitError, match="no row is left after a gap"):
        split(make(90, time=np.datetime64("2024-01-01", "s") + np.arange(90)), SplitByTime(gap=1e6))
    with pytest.raises(SplitError, match="cannot be split"):
        split(make(4), SplitRandom())


def test_a_dataset_can_only_be_split():
    dataset = make(90)
    parts = split(dataset, SplitRandom())
    assert not hasattr(dataset, "take") and not hasattr(parts.test, "take")
    with pytest.raises(SplitError, match="a TrainSet was handed to split"):
        split(parts.train, SplitRandom())


def test_splits_refuse_shared_rows_groups_and_types():
    dataset = make(90, group=np.arange(90) // 2)
    parts = split(dataset, SplitGrouped())
    with pytest.raises(LeakError, match="share .* source rows"):
        Splits(parts.train, parts.valid, HeldOut(x=parts.train.x, y=parts.train.y, ids=parts.train.ids, schema=SCHEMA))
    with pytest.raises(LeakError, match="Splits.test is a TrainSet"):
        Splits(parts.train, parts.valid, parts.train)
    other = HeldOut(x=parts.test.x, y=parts.test.y, ids=parts.test.ids + 1000, schema=SCHEMA,
                    group=np.full(len(parts.test), parts.train.group[0]))
    with pytest.raises(LeakError, match="share 1 groups"):
        Splits(parts.train, parts.valid, other)
    balanced = OversampleRandom().resample(parts.train)
    with pytest.raises(LeakError, match="source rows"):
        Splits(parts.train, HeldOut(x=balanced.x, y=balanced.y, ids=balanced.ids, schema=SCHEMA), parts.test)
    with pytest.raises(LeakError, match="a BalancedSet was handed to balance"):
        OversampleRandom().resample(balanced.take(np.arange(9)))
    with pytest.raises(LeakError, match="other lengths"):
        TrainSet(x={"x": np.zeros(3)}, y=np.zeros(2, int), ids=np.arange(2), schema=SCHEMA)
