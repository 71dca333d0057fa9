"""The linear layer in closed form: scikit-learn's classifier, as logits."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import log_loss

from pipelines.training.ridge import ALPHAS, fit_ridge


def rows_of(num_classes, num_rows=120, width=40, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(3, [5.0] * 20 + [0.1] * 20, (num_rows, width)).astype(np.float32)
    scores = x[:, :num_classes] + random.normal(0, 4, (num_rows, num_classes))
    y = scores.argmax(axis=1)
    if num_classes == 2:
        return x, y, y.astype(np.float32)[:, None]
    return x, y, np.eye(num_classes, dtype=np.float32)[y]


@pytest.mark.parametrize("num_classes", [2, 3])
def test_labels_are_those_of_scikit_learn(num_classes):
    x, y, truth = rows_of(num_classes)
    kernel, bias = fit_ridge(x, truth, np.ones(len(x)), least_spread=0.0)
    theirs = RidgeClassifierCV(ALPHAS).fit((x - x.mean(axis=0)) / x.std(axis=0), y)
    new, _, _ = rows_of(num_classes, seed=1)
    expected = theirs.predict((new - x.mean(axis=0)) / x.std(axis=0))
    logits = new @ kernel + bias
    if num_classes == 2:
        labels = (logits[:, 0] > 0).astype(int)
    else:
        labels = logits.argmax(axis=1)
    np.testing.assert_array_equal(labels, expected)
    assert kernel.dtype == bias.dtype == np.float32


def test_logits_are_as_sure_as_answers_to_rows_left_out():
    x, y, truth = rows_of(2)
    kernel, bias = fit_ridge(x, truth, np.ones(len(x)), least_spread=0.0)
    new, labels, _ = rows_of(2, num_rows=2000, seed=2)
    logits = new @ kernel + bias
    losses = []
    for factor in (0.25, 1, 4):
        losses.append(log_loss(labels, 1 / (1 + np.exp(-factor * logits[:, 0]))))
    assert losses[1] < losses[0] and losses[1] < losses[2]


def test_no_row_is_surer_than_so_many_rows_show():
    x = np.repeat(np.float32([[0.0], [1.0]]), 20, axis=0)
    truth = np.repeat(np.float32([[0.0], [1.0]]), 20, axis=0)
    kernel, bias = fit_ridge(x, truth, np.ones(40), least_spread=0.0)
    sure = 1 / (1 + np.exp(-(kernel[0] + bias)))
    assert 0.95 < sure < 0.99


def test_weights_of_rows_count():
    x, y, truth = rows_of(2)
    weight = np.where(y == 1, 5.0, 1.0).astype(np.float32)
    logits = []
    for each in (np.ones(len(x)), weight):
        kernel, bias = fit_ridge(x, truth, each, least_spread=0.0)
        logits.append(x @ kernel + bias)
    shares = [(each > 0).mean() for each in logits]
    assert shares[1] > shares[0] + 0.05


def test_what_hardly_spreads_gets_no_large_weight():
    x, _, truth = rows_of(2)
    plain, _ = fit_ridge(x, truth, np.ones(len(x)), least_spread=0.0)
    held, _ = fit_ridge(x, truth, np.ones(len(x)), least_spread=1.0)
    assert np.abs(plain[20:]).max() > 4 * np.abs(plain[:20]).max()
    assert np.abs(held[20:]).max() < np.abs(held[:20]).max()
