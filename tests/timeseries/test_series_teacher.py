"""MiniRocket as a teacher: answers from folds without the row, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.errors import TrainError
from pipelines.timeseries import MiniRocketTeacher
from pipelines.timeseries.minirocket_kernels import fit_convolutions
from pipelines.timeseries.teacher import _features
from tests.timeseries.test_classes import prepared, waves

TEACHER = MiniRocketTeacher(share=1.0, num_features=420)


def test_answers_rows_that_it_did_not_learn_from():
    _, rows, _ = prepared(waves())
    taught = TEACHER.soften(rows, rows)
    assert taught.shape == (len(rows), 1) and taught.dtype == np.float32
    assert np.mean((taught[:, 0] > 0.5) == rows.y) > 0.9
    # Labels that nothing tells of: one that had seen the rows would know each.
    random = np.random.default_rng(0)
    noise = replace(rows, y=random.permutation(rows.y))
    taught = TEACHER.soften(noise, noise)
    assert np.mean((taught[:, 0] > 0.5) == noise.y) < 0.8


def test_rows_of_one_group_are_answered_together():
    """Copies of a series in one group: none of them gives away the label of the other."""
    _, rows, _ = prepared(waves())
    copies = rows.take(np.tile(np.arange(len(rows)), 2))
    copies = replace(copies, group=copies.ids)
    random = np.random.default_rng(1)
    labels = np.tile(random.integers(0, 2, len(rows)), 2)
    taught = TEACHER.soften(replace(copies, y=labels), copies)
    assert np.mean((taught[:, 0] > 0.5) == labels) < 0.8


def test_a_block_of_rows_at_a_time_gives_the_same_features(monkeypatch):
    random = np.random.default_rng(0)
    places = random.integers(-128, 128, (30, 40, 3))
    fitted = fit_convolutions(places, 252, seed=0)
    whole = _features(fitted, places)
    monkeypatch.setattr("pipelines.timeseries.teacher.WINDOW_VALUES", 7 * 40 * 84)
    np.testing.assert_array_equal(_features(fitted, places), whole)


def test_series_shorter_than_a_kernel_are_refused():
    _, rows, _ = prepared(waves(steps=8))
    with pytest.raises(TrainError, match="rows of"):
        TEACHER.soften(rows, rows)
