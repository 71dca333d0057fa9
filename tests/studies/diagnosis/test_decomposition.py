"""Bias and variance: the identities of their sources, on plain numpy."""

import numpy as np
import pytest

from pipelines.studies.diagnosis.decomposition import decompose_classes, decompose_numbers


@pytest.mark.parametrize("num_labels", [2, 5])
def test_of_classes_the_error_is_bias_plus_variance(num_labels):
    """Domingos 2000, theorem 2 (two classes) and theorem 3 (more): error = bias + variance added
    where the main answer is right - variance taken where it is wrong.
    """
    random = np.random.default_rng(num_labels)
    truth = random.integers(0, num_labels, 400)
    answers = random.integers(0, num_labels, (9, 400))
    answers[:, :200] = np.where(random.random((9, 200)) < 0.7, truth[:200], answers[:, :200])
    parts = decompose_classes(answers, truth)
    assert parts.bias > 0 and parts.biased_variance > 0
    assert parts.error == pytest.approx(parts.bias + parts.variance)
    assert parts.error == pytest.approx(float((answers != truth).mean()))


def test_of_numbers_the_error_is_squared_bias_plus_variance():
    """Geman et al. 1992, section 2.3; cells without a truth are left out."""
    random = np.random.default_rng(0)
    truth = random.normal(size=(300, 2))
    truth[:10, 0] = np.nan
    answers = np.nan_to_num(truth) * 0.5 + random.normal(scale=0.3, size=(12, 300, 2))
    parts = decompose_numbers(answers, truth)
    assert parts.error == pytest.approx(parts.bias + parts.variance)
    assert parts.variance == pytest.approx(0.09, rel=0.1)
    assert parts.bias == pytest.approx(0.25 + 0.09 / 12, rel=0.15)


def test_models_that_agree_have_no_variance():
    truth = np.array([0, 1, 1])
    parts = decompose_classes(np.array([[0, 1, 0]] * 4), truth)
    assert parts.variance == 0 and parts.error == parts.bias == pytest.approx(1 / 3)
    assert decompose_numbers(np.ones((3, 5)), np.ones(5)).variance_share == 0
