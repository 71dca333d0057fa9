"""Margins become log-odds."""

import numpy as np
import pytest

from pipelines.text.margins import lines_of_each, lines_together


def test_the_lines_of_a_softmax_are_found_again():
    random = np.random.default_rng(0)
    margins = random.normal(size=(20_000, 3))
    slopes = np.array([1.0, 3.0, 2.0])
    offsets = np.array([0.5, -1.0, 0.5])
    logits = margins * slopes + offsets + random.gumbel(size=margins.shape)
    truth = np.eye(3, dtype=np.float32)[logits.argmax(axis=1)]
    found, found_offsets = lines_together(margins, truth, np.ones(len(truth), np.float32))
    assert found == pytest.approx(slopes, rel=0.1)
    assert found_offsets - found_offsets.mean() == pytest.approx(offsets, abs=0.1)


def test_a_line_gives_the_share_of_rows_of_each_output():
    random = np.random.default_rng(0)
    margins = random.normal(size=(5_000, 2))
    truth = (margins + random.logistic(size=margins.shape) > [2.0, -1.0]).astype(np.float32)
    slopes, offsets = lines_of_each(margins, truth, np.ones(len(truth), np.float32))
    shares = 1 / (1 + np.exp(-(margins * slopes + offsets)))
    assert shares.mean(axis=0) == pytest.approx(truth.mean(axis=0), abs=0.01)
    assert slopes == pytest.approx([1.0, 1.0], rel=0.15)


def test_an_output_that_is_never_true_stays_as_it_is():
    margins = np.linspace(-1, 1, 10)[:, None]
    truth = np.zeros((10, 1), np.float32)
    slopes, offsets = lines_of_each(margins, truth, np.ones(10, np.float32))
    assert slopes.tolist() == [1.0] and offsets.tolist() == [0.0]
