"""Who may learn: the parts, and what they refuse."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.balance import OversampleRandom
from pipelines.device.cells import Column
from pipelines.device.pictures import picture_digest
from pipelines.device.target import Target
from pipelines.errors import LeakError, RecipeError, SplitError
from pipelines.rows.duplicates import find_duplicates
from pipelines.rows.parts import Dataset, HeldOut, Schema, Splits, TrainSet
from pipelines.rows.split import (
    SplitByTime,
    SplitGiven,
    SplitGrouped,
    SplitRandom,
    split,
)
from pipelines.sources.files import PictureFiles

SCHEMA = Schema((Column("x", "numeric"),), Target("y", "binary", ("no", "yes")))


def make(num_rows, *, group=None, time=None, part=None, positives=3):
    y = (np.arange(num_rows) % positives == 0).astype(np.int64)
    return Dataset(
        x={"x": np.arange(num_rows, dtype=np.float32)},
        y=y,
        ids=np.arange(num_rows),
        schema=SCHEMA,
        group=group,
        time=time,
        part=part,
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(60, 400), st.integers(0, 5), st.sampled_from([0.1, 0.2, 0.3]))
def test_every_row_in_one_part_and_shares_kept(num_rows, seed, share):
    parts = split(make(num_rows), SplitRandom(test=share, valid=share, seed=seed))
    ids = np.concatenate([parts.train.ids, parts.valid.ids, parts.test.ids])
    assert sorted(ids) == list(range(num_rows))
    assert abs(parts.test.y.mean() - 1 / 3) < 0.1 and len(parts.test) == pytest.approx(
        share * num_rows, abs=2
    )
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
    dataset = replace(
        dataset, y=order % 2
    )  # both classes in every stretch of time, wherever its rows stand
    parts = split(dataset, SplitByTime(gap=gap))
    for before, after in ((parts.train, parts.valid), (parts.valid, parts.test)):
        assert (after.time.min() - before.time.max()).astype(int) >= max(gap, 1)


def test_refused():
    for how, words in (
        (SplitGrouped(), "without groups"),
        (SplitByTime(), "without times"),
        (SplitGrouped(test=0.5), "without groups"),
    ):
        with pytest.raises(SplitError, match=words):
            split(make(90), how)
    for how, words in (
        (SplitRandom(test=1.5), "split.test=1.5"),
        (SplitRandom(valid=0), "split.valid=0"),
        (SplitRandom(seed=-1), "split.seed=-1"),
        (SplitByTime(gap="day"), "split.gap='day'"),
    ):
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
        Splits(
            parts.train,
            parts.valid,
            HeldOut(x=parts.train.x, y=parts.train.y, ids=parts.train.ids, schema=SCHEMA),
        )
    with pytest.raises(LeakError, match="Splits.test is a TrainSet"):
        Splits(parts.train, parts.valid, parts.train)
    other = HeldOut(
        x=parts.test.x,
        y=parts.test.y,
        ids=parts.test.ids + 1000,
        schema=SCHEMA,
        group=np.full(len(parts.test), parts.train.group[0]),
    )
    with pytest.raises(LeakError, match="share 1 groups"):
        Splits(parts.train, parts.valid, other)
    balanced = OversampleRandom().resample(parts.train)
    with pytest.raises(LeakError, match="source rows"):
        Splits(
            parts.train,
            HeldOut(x=balanced.x, y=balanced.y, ids=balanced.ids, schema=SCHEMA),
            parts.test,
        )
    with pytest.raises(LeakError, match="a BalancedSet was handed to balance"):
        OversampleRandom().resample(balanced.take(np.arange(9)))
    with pytest.raises(LeakError, match="other lengths"):
        TrainSet(x={"x": np.zeros(3)}, y=np.zeros(2, int), ids=np.arange(2), schema=SCHEMA)


def named(*counts):
    """Parts as a source names them, each so many times, mixed."""
    part = np.repeat(np.array(["train", "valid", "test", None], object), counts)
    return part[np.random.default_rng(0).permutation(len(part))]


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 120), st.integers(0, 40), st.integers(20, 60), st.integers(0, 5))
def test_the_parts_that_the_source_names(num_train, num_valid, num_test, seed):
    part = named(num_train, 40 + num_valid if num_valid else 0, num_test, 0)
    dataset = make(len(part), part=part)
    parts = split(dataset, SplitGiven(valid=0.2, seed=seed))
    assert (parts.test.ids == np.flatnonzero(part == "test")).all() and (
        parts.test.part == "test"
    ).all()
    if num_valid:
        assert (parts.valid.ids == np.flatnonzero(part == "valid")).all()
    else:
        assert set(parts.valid.part) == {"train"} and len(parts.valid) == pytest.approx(
            0.2 * num_train, abs=1
        )
        train = dataset.y[part == "train"]
        assert abs(parts.valid.y.mean() - train.mean()) < 0.08
    assert len(parts.train) + len(parts.valid) + len(parts.test) == len(part)


def test_valid_rows_are_drawn_by_group_where_there_are_groups():
    part = np.array(["train"] * 80 + ["test"] * 40, object)
    parts = split(make(120, part=part, group=np.arange(120) // 8), SplitGiven(valid=0.3))
    assert not set(parts.train.group) & set(parts.valid.group) and set(parts.valid.part) == {
        "train"
    }
    part = np.array(["train", "train", "train", "test"] * 30, object)
    with pytest.raises(LeakError, match="train and test share 9 groups"):
        split(make(120, part=part, group=np.arange(120) // 12), SplitGiven())


def test_parts_that_are_not_there():
    for part, words in (
        (None, "without parts"),
        (named(60, 0, 30, 5), "5 rows have no part"),
        (named(60, 30, 0, 0), "names no test rows"),
        (named(0, 30, 60, 0), "names no train rows"),
    ):
        with pytest.raises(SplitError, match=words) as caught:
            split(make(90 if part is None else len(part), part=part), SplitGiven())
        assert "SplitRandom()" in str(caught.value)


def brute_force(parts):
    """The same counts, one row after another."""

    def rows(part):
        return [
            tuple(repr(x[row].tobytes() if x.ndim > 1 else x[row]) for x in part.x.values())
            for row in range(len(part))
        ]

    train, valid, test = map(rows, (parts.train, parts.valid, parts.test))
    return (
        sum(row in train for row in test),
        sum(row in train for row in valid),
        sum(row in valid for row in test),
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 4))
def test_duplicates_in_tables(seed, num_values):
    random = np.random.default_rng(seed)
    number = random.integers(0, num_values, 90).astype(np.float32)
    number[random.random(90) < 0.2] = np.nan
    text = np.array(["a", "b", None], object)[random.integers(0, 3, 90)]
    date = np.array(["2024-01-01", "NaT"], "datetime64[s]")[random.integers(0, 2, 90)]
    wide = random.integers(0, 2, (90, 2)).astype(np.float32)
    x = {
        "number": number,
        "text": text,
        "date": date,
        "wide": wide,
        "id": random.integers(0, 3, 90).astype(np.int32),
    }
    parts = split(
        Dataset(x=x, y=np.arange(90) % 3 % 2, ids=np.arange(90) + 100, schema=SCHEMA), SplitRandom()
    )
    found = find_duplicates(parts)
    assert (found["test_in_train"], found["valid_in_train"], found["test_in_valid"]) == brute_force(
        parts
    )
    assert len(found["examples"]) == min(5, sum(brute_force(parts)))
    for one, other in found["examples"]:
        for values in x.values():
            np.testing.assert_array_equal(values[one - 100], values[other - 100])


def test_duplicates_in_pictures():
    with np.load("data/emoji_32.npz") as stored:
        pixels = stored["X"][:90].copy()
    parts = split(make(90), SplitRandom())
    pixels[parts.test.ids[[1, 3]]] = pixels[parts.train.ids[7]]
    pixels[parts.valid.ids[0]] = pixels[parts.train.ids[5]]
    digests = np.stack([np.frombuffer(picture_digest(each), np.uint8) for each in pixels])
    files = PictureFiles(
        "nowhere", np.array([f"{row}.png" for row in range(90)], object), (32, 32, 3), digests
    )
    dataset = make(90)
    for column in (pixels, files, pixels[:, :, :, :1].copy()):
        found = find_duplicates(
            split(
                Dataset(x={"picture": column}, y=dataset.y, ids=dataset.ids, schema=SCHEMA),
                SplitRandom(),
            )
        )
        assert (
            found["test_in_train"] == 2
            and found["valid_in_train"] == 1
            and found["test_in_valid"] == 0
        )
        assert [int(parts.test.ids[1]), int(parts.train.ids[7])] in found["examples"] and len(
            found["examples"]
        ) == 3


def test_duplicates_of_many_rows_are_found_fast():
    import time

    random = np.random.default_rng(0)
    x = {f"x{place}": random.normal(size=100_000).astype(np.float32) for place in range(10)}
    x["text"] = random.integers(0, 50, 100_000).astype(str).astype(object)
    parts = split(
        Dataset(x=x, y=np.arange(100_000) % 2, ids=np.arange(100_000), schema=SCHEMA), SplitRandom()
    )
    start = time.monotonic()
    assert find_duplicates(parts) == {
        "test_in_train": 0,
        "valid_in_train": 0,
        "test_in_valid": 0,
        "examples": [],
    }
    assert time.monotonic() - start < 10


def classes_of(*counts, part=None):
    """Rows of classes 0, 1, ..., each so many times, mixed."""
    y = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    labels = tuple(f"c{place}" for place in range(len(counts)))
    target = Target("y", "binary" if len(counts) == 2 else "multiclass", labels)
    return Dataset(
        x={"x": np.arange(len(y), dtype=np.float32)},
        y=y,
        ids=np.arange(len(y)),
        part=part,
        schema=Schema((Column("x", "numeric"),), target),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(3, 12), min_size=2, max_size=12),
    st.integers(0, 20),
    st.sampled_from([0.05, 0.2, 0.6]),
)
def test_a_class_of_three_rows_has_one_in_each_part(counts, seed, share):
    dataset = classes_of(*counts)
    parts = split(dataset, SplitRandom(test=share, valid=0.15, seed=seed))
    ids = np.concatenate([parts.train.ids, parts.valid.ids, parts.test.ids])
    assert sorted(ids) == list(range(len(dataset)))
    for part in (parts.train, parts.valid, parts.test):
        assert np.bincount(part.y, minlength=len(counts)).min() >= 1
    again = split(dataset, SplitRandom(test=share, valid=0.15, seed=seed))
    assert (again.test.ids == parts.test.ids).all() and (again.valid.ids == parts.valid.ids).all()


@pytest.mark.parametrize("counts", [(4, 3), (3, 3), (50, 3), (4, 4), (3,) * 40])
def test_three_rows_of_a_class_suffice(counts):
    parts = split(classes_of(*counts), SplitRandom())
    assert all(
        set(part.y) == set(range(len(counts))) for part in (parts.train, parts.valid, parts.test)
    )


def test_of_given_parts_valid_rows_of_each_class_are_drawn():
    part = np.array(["train"] * 7 + ["test"] * 7, object)
    dataset = classes_of(7, 7, part=part)
    dataset = replace(dataset, y=np.array([0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1]))
    parts = split(dataset, SplitGiven())
    assert np.bincount(parts.train.y).tolist() == [4, 1] and np.bincount(
        parts.valid.y
    ).tolist() == [1, 1]
    lone = replace(dataset, y=np.array([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1]))
    with pytest.raises(
        SplitError, match="'c1' has 1\n  expected: rows enough for every part and class"
    ):
        split(lone, SplitGiven())
