"""Folds: every row is judged on once, by what was learned from others."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.device.target import Target
from pipelines.errors import SplitError
from pipelines.rows.split import SplitByTime, SplitGiven, SplitGrouped, SplitRandom, split
from pipelines.rows.split_fold import SplitFold
from tests.contracts.samples import NUM_ROWS, table


def rows_for(how, **more):
    """A sample; with groups for the split that keeps them whole."""
    dataset = table(**more).dataset
    if isinstance(how, SplitGrouped):
        return dataset
    return replace(dataset, group=None)


def folds_of(dataset, how, num=5, **knobs):
    return [split(dataset, SplitFold(how, num, place, **knobs)) for place in range(num)]


@given(num=st.integers(2, 8), seed=st.integers(0, 99), repeat=st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_each_row_is_judged_on_once(num, seed, repeat):
    dataset = rows_for(SplitRandom())
    folds = folds_of(dataset, SplitRandom(seed=seed), num, repeat=repeat)
    judged = np.concatenate([fold.test.ids for fold in folds])
    assert sorted(judged) == sorted(dataset.ids)
    for fold in folds:
        ids = np.concatenate([fold.train.ids, fold.valid.ids, fold.test.ids])
        assert sorted(ids) == sorted(dataset.ids)


@pytest.mark.parametrize("how", [SplitRandom(), SplitGrouped()], ids=repr)
def test_classes_have_their_shares(how):
    dataset = rows_for(how)
    share = dataset.y.mean()
    for fold in folds_of(dataset, how, 3):
        assert abs(fold.test.y.mean() - share) < 0.15


def test_groups_stay_whole():
    dataset = table().dataset
    folds = folds_of(dataset, SplitGrouped(), 3)
    judged = [set(fold.test.group) for fold in folds]
    assert set.union(*judged) == set(dataset.group)
    assert sum(map(len, judged)) == len(set(dataset.group))
    for fold in folds:
        assert not set(fold.test.group) & (set(fold.train.group) | set(fold.valid.group))


def test_labels_are_in_every_fold():
    has = np.random.default_rng(0).random((NUM_ROWS, 3)) < (0.5, 0.2, 0.1)
    target = Target("y", "multilabel", labels=("a", "b", "c"))
    dataset = rows_for(SplitRandom(), y=has.astype(np.int64), target=target)
    for fold in folds_of(dataset, SplitRandom(), 3):
        assert fold.test.y.any(axis=0).all()
        assert fold.train.y.any(axis=0).all()


def test_repeats_are_other_folds():
    dataset = rows_for(SplitRandom())
    first, other = (folds_of(dataset, SplitRandom(), 3, repeat=repeat)[0] for repeat in (0, 1))
    assert set(first.test.ids) != set(other.test.ids)


@pytest.mark.parametrize("gap", [0, 300])
def test_time_rolls_on(gap):
    numbers = np.linspace(0, 1, NUM_ROWS)
    dataset = rows_for(SplitByTime(), y=numbers, target=Target("y", "regression"))
    folds = folds_of(dataset, SplitByTime(test=0.5, gap=gap), 4)
    for fold in folds:
        before = np.concatenate([fold.train.time, fold.valid.time]).max()
        assert (fold.test.time.min() - before) / np.timedelta64(1, "s") > max(gap, 1) - 1
    for fold, later in zip(folds, folds[1:], strict=False):
        assert fold.test.time.max() < later.test.time.min()
        assert len(fold.train) < len(later.train)
    if not gap:
        assert sum(len(fold.test) for fold in folds) == NUM_ROWS // 2


@pytest.mark.parametrize("how", [SplitRandom(), SplitGrouped(), SplitByTime()], ids=repr)
def test_folds_inside_leave_the_test_rows_out(how):
    dataset = rows_for(how)
    *_, outer = how.parts(dataset)
    for place in range(3):
        used = np.concatenate(SplitFold(how, 3, place, inside=True).parts(dataset))
        assert not np.isin(used, outer).any()


def test_rows_of_given_test_parts_are_no_folds():
    dataset = rows_for(SplitRandom())
    part = np.array(["train", "train", "test"] * (NUM_ROWS // 3), dtype=object)
    dataset = replace(dataset, part=part)
    with pytest.raises(SplitError, match="names the test rows") as caught:
        split(dataset, SplitFold(SplitGiven()))
    assert "--inside" in caught.value.fix
    fold = split(dataset, SplitFold(SplitGiven(), inside=True))
    used = np.concatenate([fold.train.ids, fold.valid.ids, fold.test.ids])
    assert len(used) == (part == "train").sum()


def test_a_class_rarer_than_folds_is_learned_in_each():
    dataset = rows_for(SplitRandom())
    y = np.zeros(NUM_ROWS, np.int64)
    y[: NUM_ROWS // 2] = 1
    y[:3] = 2
    target = Target("y", "multiclass", labels=("a", "b", "rare"))
    schema = replace(dataset.schema, target=target)
    for fold in folds_of(replace(dataset, y=y, schema=schema), SplitRandom(), 5):
        assert (fold.train.y == 2).any()


@pytest.mark.parametrize(
    "how, words",
    [
        (SplitFold(num=1000), "1000 folds of"),
        (SplitFold(SplitGrouped(), num=500), "groups"),
        (SplitFold(SplitByTime(), num=500), "500 folds of the last"),
        (SplitFold(SplitByTime(), num=3, repeat=1), "repeated"),
        (SplitFold(num=3, place=3), "fold 3 of 3"),
    ],
    ids=repr,
)
def test_refusals_have_a_way_out(how, words):
    with pytest.raises(SplitError, match=words) as caught:
        split(table().dataset, how)
    assert caught.value.expected and caught.value.fix
