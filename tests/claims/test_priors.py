"""The prior in the loss: what is learned with logits shifted by how often classes are."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from pipelines import balance
from pipelines.errors import BalanceError
from pipelines.training.losses import member_loss
from tests.claims.test_balancers import points, rows_of

SHARE = 0.05


@pytest.fixture(scope="module")
def answers():
    """Balancer → the probabilities of new rows, of a line in the plane trained by its loss."""
    train = rows_of(4000, share=SHARE)
    found = {}
    for name, balancer in (
        ("none", balance.WeightByClass(strength=0.0)),
        ("under", balance.UndersampleRandom()),
        ("corrected", balance.CorrectPrior(balance.UndersampleRandom())),
        ("weights corrected", balance.CorrectPrior(balance.WeightByClass())),
        ("adjusted", balance.AdjustLogits()),
        ("half adjusted", balance.AdjustLogits(strength=0.5)),
    ):
        found[name] = probabilities(balancer.resample(train), new_rows())
    return found


def new_rows():
    return rows_of(4000, share=SHARE, seed=9)


def probabilities(rows, new):
    """The sigmoid of what a line answers once its loss, weighted by row, is least."""
    import tensorflow as tf

    loss = member_loss(None, rows.schema.target, rows=rows)
    x = tf.constant(points(rows), tf.float32)
    y = tf.constant(rows.y[:, None], tf.float32)

    def value_and_gradient(weights):
        line = tf.constant(weights[:, None], tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(line)
            value = loss(y, x @ line[:2] + line[2], sample_weight=rows.weight)
        return float(value), tape.gradient(value, line).numpy()[:, 0].astype(np.float64)

    found = minimize(value_and_gradient, np.zeros(3), jac=True, method="L-BFGS-B")
    logits = points(new) @ found.x[:2] + found.x[2]
    return 1 / (1 + np.exp(-logits))


def test_an_adjusted_logit_answers_for_even_classes(answers):
    """Menon et al. 2021, section 4.2, https://arxiv.org/abs/2007.07314: the sign of the logit that
    ships has the least balanced error; the ranking stays.
    """
    y = new_rows().y
    reached = {name: balanced_accuracy_score(y, answer > 0.5) for name, answer in answers.items()}
    assert reached["adjusted"] > reached["half adjusted"] > reached["none"] + 0.05
    assert reached["adjusted"] == pytest.approx(reached["under"], abs=0.02)
    areas = [roc_auc_score(y, answers[name]) for name in ("none", "adjusted")]
    assert areas[0] == pytest.approx(areas[1], abs=0.003)


def test_a_corrected_prior_restores_the_mean_probability(answers):
    """Saerens et al. 2002, equation 2.4, https://doi.org/10.1162/089976602753284446; Elkan 2001,
    theorem 2: here inside the loss, so that nothing is left to correct.
    """
    true = SHARE
    assert answers["under"].mean() > 4 * true
    assert answers["corrected"].mean() == pytest.approx(true, abs=0.01)
    assert answers["weights corrected"].mean() == pytest.approx(true, abs=0.01)
    assert np.abs(answers["weights corrected"] - answers["none"]).mean() < 0.01


def test_a_correction_needs_something_to_correct():
    """What shifts logits itself changes no share."""
    with pytest.raises(BalanceError, match="CorrectPrior of AdjustLogits"):
        balance.CorrectPrior(balance.AdjustLogits()).check()
    train = rows_of(400)
    kept = balance.CorrectPrior(balance.WeightByClass(strength=0.0)).resample(train)
    np.testing.assert_allclose(kept.logit_shift, 0, atol=1e-6)
