"""Logits to calibrated probabilities."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from pipelines.device.calibration import Calibration, probabilities
from pipelines.errors import RecipeError
from pipelines.tasks.probabilities import fit_calibration


@pytest.fixture(scope="module")
def too_sure():
    """Logits three times as large as they should be, and shifted; half to fit on, half to
    judge by.
    """
    random = np.random.default_rng(0)
    honest = random.normal(size=(4000, 1)) * 1.5
    y = (random.random(4000) < 1 / (1 + np.exp(-honest[:, 0]))).astype(int)
    return (3 * honest + 1).astype(np.float32), y, log_loss(y[2000:], probabilities(honest[2000:]))


@pytest.mark.parametrize(
    "how, more", [("none", 0.6), ("temperature", 0.06), ("platt", 0.002), ("isotonic", 0.02)]
)
def test_log_loss_nears_that_of_the_honest_probabilities(too_sure, how, more):
    logits, y, honest = too_sure
    fitted = fit_calibration(logits[:2000], y[:2000], how=how)
    said = probabilities(logits[2000:], fitted)
    assert log_loss(y[2000:], said) <= honest + more
    np.testing.assert_allclose(said.sum(axis=1), 1)
    order = np.argsort(logits[2000:, 0])
    assert np.all(np.diff(said[order, 1]) >= 0), "what ranks higher stays there"


def test_many_classes_take_a_temperature_and_nothing_else():
    random = np.random.default_rng(0)
    honest = random.normal(size=(3000, 4))
    y = np.array([random.choice(4, p=each) for each in probabilities(honest)])
    fitted = fit_calibration((honest * 4).astype(np.float32), y, how="temperature")
    assert fitted.factor == pytest.approx(0.25, abs=0.03) and fitted.offset == 0.0
    with pytest.raises(RecipeError, match="'platt' with 4 classes"):
        fit_calibration(honest, y, how="platt")


def test_rows_of_one_class_give_a_finite_answer():
    for how in ("temperature", "platt", "isotonic"):
        fitted = fit_calibration(np.array([[2.0], [3.0]], np.float32), np.array([1, 1]), how=how)
        assert np.all(np.isfinite(probabilities(np.array([[-4.0], [50.0]]), fitted)))
    assert (
        fit_calibration(np.zeros((2, 1), np.float32), np.array([0, 1]), how="none") == Calibration()
    )
