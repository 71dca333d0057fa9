"""Every teacher: soft labels for training rows, from these alone, the same ones each time."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import slots, steps
from pipelines.errors import LeakError
from pipelines.rows.parts import HeldOut
from tests.contracts.samples import SAMPLES, members, name_of, with_defaults

TEACHERS = members(slots.Teacher)
BY_KIND = pytest.mark.parametrize("kind", TEACHERS, ids=name_of)


def taught_rows(teacher):
    """The splits of the first sample that a teacher suits, and its steps fitted."""
    for make in SAMPLES:
        sample = make()
        if not teacher.suits(sample.sketch()):
            splits = sample.splits()
            fitted, encoded = steps.fit_steps(sample.encode, splits.train)
            return splits, steps.make_signature(fitted, (), encoded)
    raise AssertionError(f"no sample of tests/contracts/samples.py suits {teacher}")


def soften(teacher, signature, train):
    return teacher.soften(steps.to_ports(signature, train), train)


@BY_KIND
def test_gives_a_finite_label_to_every_training_row(kind):
    teacher = with_defaults(kind).tiny()
    splits, signature = taught_rows(teacher)
    labels = soften(teacher, signature, splits.train)
    assert labels.dtype == np.float32 and len(labels) == len(splits.train)
    assert np.isfinite(labels).all() and labels.min() >= 0 and labels.max() <= 1
    assert len(np.unique(labels)) > 2, "softer than the labels themselves"
    own = splits.train.y == 1
    assert labels[own].mean() > labels[~own].mean()


@BY_KIND
def test_the_same_rows_give_the_same_labels(kind):
    teacher = with_defaults(kind).tiny()
    splits, signature = taught_rows(teacher)
    first, second = (soften(teacher, signature, splits.train) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@BY_KIND
def test_a_row_is_not_answered_from_its_own_label(kind):
    """Flipping the label of one row alters its own soft label by its hard share alone."""
    teacher = with_defaults(kind).tiny()
    if teacher.share == 1:
        pytest.skip("nothing of the true label is kept")
    splits, signature = taught_rows(teacher)
    train = splits.train
    flipped = train.y.copy()
    flipped[0] = 1 - flipped[0]
    before = soften(teacher, signature, train)[0]
    after = soften(teacher, signature, replace(train, y=flipped))[0]
    own = np.abs(after - before).max()
    assert abs(own - (1 - teacher.share)) < 0.25, "out-of-bag or out-of-fold answers"


@BY_KIND
def test_refuses_rows_that_are_not_learned_from(kind):
    teacher = with_defaults(kind).tiny()
    splits, signature = taught_rows(teacher)
    held_out = steps.to_ports(signature, splits.valid)
    assert isinstance(held_out, HeldOut)
    with pytest.raises(LeakError):
        teacher.soften(held_out, splits.valid)
