"""What papers claim of losses, held against the losses that training uses."""

import numpy as np
import pytest

from pipelines.device.target import Target
from pipelines.training.class_losses import ClassBalanced, Hinge, KullbackLeibler, Tversky
from pipelines.training.losses import CrossEntropy, Focal, Huber, SquaredError, member_loss
from pipelines.training.number_losses import AbsoluteError, LogCosh, Poisson, Tweedie

NUMBER = Target("y", "regression")
BINARY = Target("y", "binary", ("no", "yes"))
CLASSES = Target("y", "multiclass", ("a", "b", "c"))


def values_and_slopes(loss, target, truth, outputs):
    """The loss of each row, and its slope by each output, [rows, outputs]."""
    import tensorflow as tf

    built = member_loss(loss, target)
    truth = tf.constant(truth, tf.float32)
    outputs = tf.Variable(np.float32(outputs))
    with tf.GradientTape() as tape:
        value = built.call(truth, outputs)
    return value.numpy(), tape.gradient(value, outputs).numpy()


def best_constant(loss, target, truth):
    """The one output for all rows with the least loss, in the target's unit."""
    constants = np.linspace(0.0, 20.0, 2001)
    each = np.repeat(constants, len(truth))[:, None]
    rows = np.tile(truth, (len(constants), 1))
    standardized = [(part - target.offset) / target.factor for part in (rows, each)]
    value, _ = values_and_slopes(loss, target, *standardized)
    return constants[value.reshape(len(constants), -1).mean(axis=1).argmin()]


SKEWED = np.array([0.0, 0.0, 1.0, 2.0, 17.0])[:, None]
OF_SKEWED = Target("y", "regression", offset=4.0, factor=6.5)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (SquaredError(), 4.0),
        (AbsoluteError(), 1.0),
        (Poisson(), 4.0),
        (Tweedie(power=1.2), 4.0),
        (Tweedie(power=1.8), 4.0),
    ],
)
def test_the_best_constant_is_the_mean_or_the_median(loss, expected):
    """Squared error and deviances are least at the mean, absolute error at the median (Gneiting
    2011, Making and evaluating point forecasts, sections 3.1 to 3.3), Poisson and Tweedie at an
    output that is the mean itself and no logarithm too.
    """
    assert best_constant(loss, OF_SKEWED, SKEWED) == pytest.approx(expected, abs=0.02)


def test_deviances_have_a_slope_back_to_the_mean_from_outputs_below_zero():
    """Ours: with an identity link and a logarithm the loss would be NaN there. Rows that are zero
    draw an output to zero and not below it.
    """
    target = Target("y", "regression", offset=1.0, factor=1.0)
    outputs = np.array([[-3.0], [-1.0], [-0.999], [1.0]])
    for loss in (Poisson(), Tweedie()):
        _, slopes = values_and_slopes(loss, target, np.full((4, 1), -1.0), outputs)
        assert slopes[0, 0] < 0 and slopes[1, 0] == pytest.approx(0, abs=1e-6)
        assert slopes[2, 0] > 0 and slopes[3, 0] > 0


def test_a_deviance_is_that_of_scikit_learn():
    """Half of it, and of amounts as shares of their average: Tweedie's scales by a power."""
    from sklearn.metrics import mean_poisson_deviance, mean_tweedie_deviance

    truth = np.array([0.0, 1.0, 5.0])
    mean = np.array([2.0, 0.9, 9.0])
    target = Target("y", "regression", offset=2.0, factor=3.0)
    standardized = [(each[:, None] - 2.0) / 3.0 for each in (truth, mean)]
    value, _ = values_and_slopes(Poisson(), target, *standardized)
    assert value.mean() * 2 * 2 == pytest.approx(mean_poisson_deviance(truth, mean), rel=1e-4)
    value, _ = values_and_slopes(Tweedie(power=1.5), target, *standardized)
    expected = mean_tweedie_deviance(truth, mean, power=1.5)
    assert value.mean() * 2 * 2**0.5 == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("loss", [Huber(delta=1.0), LogCosh(), AbsoluteError()])
def test_the_gradient_of_a_robust_loss_is_bounded(loss):
    """An outlier draws with at most a constant force (Huber 1964, section 4; Saleh and Saleh
    2022), where squared error draws with one that grows with its distance.
    """
    errors = np.array([[1.0], [10.0], [1e4]])
    _, slopes = values_and_slopes(loss, NUMBER, np.zeros((3, 1)), errors)
    assert np.abs(slopes).max() <= 1 + 1e-6
    _, squared = values_and_slopes(SquaredError(), NUMBER, np.zeros((3, 1)), errors)
    np.testing.assert_allclose(squared, 2 * errors, rtol=1e-6)


def test_log_cosh_is_half_the_square_near_zero_and_the_size_far_away():
    """Saleh and Saleh 2022, section 2."""
    errors = np.array([[0.01], [0.1], [50.0]])
    value, _ = values_and_slopes(LogCosh(), NUMBER, np.zeros((3, 1)), errors)
    np.testing.assert_allclose(value[:2], errors[:2, 0] ** 2 / 2, rtol=0.01)
    assert value[2] == pytest.approx(50.0 - np.log(2.0), rel=1e-5)


def test_focal_loss_turns_from_easy_rows():
    """At gamma 2 a row with p = .9 counts 100 times less than in cross-entropy, one with p = .968
    about 1,000 times (Lin et al. 2017, section 3.2).
    """
    logits = np.log(np.array([[0.9 / 0.1], [0.968 / 0.032]]))
    focal, _ = values_and_slopes(Focal(gamma=2.0), BINARY, np.ones((2, 1)), logits)
    plain, _ = values_and_slopes(CrossEntropy(), BINARY, np.ones((2, 1)), logits)
    np.testing.assert_allclose(plain / focal, [100, 977], rtol=0.01)


def test_label_smoothing_keeps_logits_finite():
    """Without it the best logit is infinite, with it log((1 - s/2) / (s/2)) (Szegedy et al. 2016,
    section 7).
    """
    logits = np.linspace(0, 12, 1201)[:, None]
    ones = np.ones_like(logits)
    plain, _ = values_and_slopes(CrossEntropy(), BINARY, ones, logits)
    smooth, _ = values_and_slopes(CrossEntropy(label_smoothing=0.1), BINARY, ones, logits)
    assert plain.argmin() == 1200
    assert logits[smooth.argmin(), 0] == pytest.approx(np.log(0.95 / 0.05), abs=0.02)


def test_effective_numbers_go_from_no_weights_to_inverse_counts():
    """Cui et al. 2019, section 3.2: beta 0 weighs all classes alike, beta towards 1 by the inverse
    of their rows.
    """
    counts = (5000, 500, 50)
    np.testing.assert_allclose(ClassBalanced(beta=0.0, counts=counts).class_weights(), 1.0)
    inverse = ClassBalanced(beta=0.9999999, counts=counts).class_weights()
    np.testing.assert_allclose(inverse / inverse[0], [1, 10, 100], rtol=1e-3)
    between = ClassBalanced(beta=0.999, counts=counts).class_weights()
    expected = (1 - 0.999**5000) / (1 - 0.999**50)
    assert between[2] / between[0] == pytest.approx(expected, rel=1e-5) and expected < 100


@pytest.mark.parametrize("target", [BINARY, CLASSES])
def test_class_balanced_is_cross_entropy_times_the_weight_of_the_true_class(target):
    random = np.random.default_rng(0)
    num_outputs = 1 if target is BINARY else 3
    logits = random.normal(size=(6, num_outputs))
    if target is BINARY:
        truth = np.array([0, 1, 0, 1, 1, 0])[:, None]
        classes, counts = truth[:, 0], (90, 10)
    else:
        classes, counts = np.arange(6) % 3, (90, 9, 1)
        truth = np.eye(3)[classes]
    loss = ClassBalanced(beta=0.99, counts=counts)
    value, _ = values_and_slopes(loss, target, truth, logits)
    plain, _ = values_and_slopes(CrossEntropy(), target, truth, logits)
    np.testing.assert_allclose(value, plain * loss.class_weights()[classes], rtol=1e-5)


def test_tversky_with_halves_is_dice_and_more_for_misses_pushes_them_harder():
    """Salehi et al. 2017, section 2: alpha = beta = .5 is the Dice loss, 1 - 2TP / (2TP + FP + FN);
    a larger weight of misses puts recall first. Keras 3.15 has alpha and beta the other way round
    than it describes; ours are named by what they weigh.
    """
    logits = np.array([[2.0], [-1.0], [0.5], [-3.0]])
    truth = np.array([[1.0], [1.0], [0.0], [0.0]])
    p = 1 / (1 + np.exp(-logits))
    hits, misses = (p * truth).sum(), ((1 - p) * truth).sum()
    alarms = (p * (1 - truth)).sum()
    dice, _ = values_and_slopes(Tversky(misses=0.5, false_alarms=0.5), BINARY, truth, logits)
    np.testing.assert_allclose(dice, 1 - 2 * hits / (2 * hits + misses + alarms), rtol=1e-5)
    recall, slopes = values_and_slopes(Tversky(misses=0.9, false_alarms=0.1), BINARY, truth, logits)
    np.testing.assert_allclose(recall, 1 - hits / (hits + 0.9 * misses + 0.1 * alarms), rtol=1e-5)
    _, other = values_and_slopes(Tversky(misses=0.1, false_alarms=0.9), BINARY, truth, logits)
    missed, false_alarm = 1, 2
    assert slopes[missed, 0] / slopes[false_alarm, 0] < other[missed, 0] / other[false_alarm, 0]
    assert slopes[missed, 0] < 0 < slopes[false_alarm, 0]


@pytest.mark.parametrize("squared", [False, True])
def test_rows_beyond_the_margin_do_not_count(squared):
    """Only rows within the margin of 1 are support vectors (Cortes and Vapnik 1995, section 2.2);
    cross-entropy has a slope everywhere.
    """
    logits = np.array([[3.0], [1.01], [0.5], [-2.0]])
    ones = np.ones((4, 1))
    value, slopes = values_and_slopes(Hinge(squared=squared), BINARY, ones, logits)
    assert (slopes[:2] == 0).all() and (slopes[2:] < 0).all()
    missed = np.maximum(1 - logits[:, 0], 0)
    np.testing.assert_allclose(value, missed**2 if squared else missed, rtol=1e-6)
    _, always = values_and_slopes(CrossEntropy(), BINARY, ones, logits)
    assert (always < 0).all()


@pytest.mark.parametrize("target", [BINARY, CLASSES])
def test_kullback_leibler_has_the_gradient_of_cross_entropy_and_is_zero_at_the_teacher(target):
    """KL(y, p) = H(y, p) - H(y) (Kullback and Leibler 1951): the labels' entropy has no slope."""
    logits = np.random.default_rng(1).normal(size=(5, 1 if target is BINARY else 3))
    if target is BINARY:
        taught = 1 / (1 + np.exp(-logits))
        other = np.full((5, 1), 0.3)
    else:
        taught = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        other = np.full((5, 3), [0.2, 0.3, 0.5])
    value, slopes = values_and_slopes(KullbackLeibler(), target, taught, logits)
    np.testing.assert_allclose(value, 0.0, atol=1e-6)
    np.testing.assert_allclose(slopes, 0.0, atol=1e-6)
    value, slopes = values_and_slopes(KullbackLeibler(), target, other, logits)
    _, plain = values_and_slopes(CrossEntropy(), target, other, logits)
    assert (value > 0).all()
    np.testing.assert_allclose(slopes, plain, atol=1e-6)
