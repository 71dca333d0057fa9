"""What 16 bits lose in a training, and what keeps it."""

import numpy as np
import pytest

SMALL = 2.0**-27


def gradient_of_small_loss(policy, *, scale=1.0):
    """The gradient of one weight of a layer that computes by a policy; the true one is SMALL."""
    import keras
    import tensorflow as tf

    layer = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", dtype=policy)
    x = tf.ones((1, 1))
    layer(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.cast(layer(x), tf.float32)) * SMALL * scale
    (gradient,) = tape.gradient(loss, layer.trainable_variables)
    return float(gradient[0, 0]) / scale


def test_float16_loses_small_gradients_and_a_scaled_loss_keeps_them():
    """Micikevicius et al. 2018, section 3.2 (https://arxiv.org/abs/1710.03740): values below 2^-24
    become zero in half precision; a loss scaled by a power of two shifts them into its range.
    """
    assert gradient_of_small_loss("mixed_float16") == 0
    assert gradient_of_small_loss("mixed_float16", scale=2.0**15) == SMALL
    assert gradient_of_small_loss("float32") == SMALL


def test_bfloat16_needs_no_scale():
    """Kalamkar et al. 2019, section 1 (https://arxiv.org/abs/1905.12322): it has the exponent of
    float32, so that small gradients stay; and 8 bits of a number instead of 24.
    """
    import tensorflow as tf

    assert gradient_of_small_loss("mixed_bfloat16") == SMALL
    assert float(tf.cast(1 + 2.0**-9, tf.bfloat16)) == 1


def test_small_steps_are_lost_without_weights_of_32_bits():
    """Micikevicius et al. 2018, section 3.1: a step below 2^-11 of a weight is rounded away in
    float16; the weights of mixed precision are float32.
    """
    import keras

    step = np.float16(2.0**-12)
    assert np.float16(1) + step == np.float16(1)
    layer = keras.layers.Dense(1, dtype="mixed_float16")
    layer.build((None, 1))
    assert layer.kernel.dtype == "float32"
    layer.kernel.assign([[1.0]])
    layer.kernel.assign_add([[2.0**-12]])
    assert float(layer.kernel[0, 0]) == pytest.approx(1 + 2.0**-12, abs=1e-9)
