"""Gradients of a loss by the weights of a net, layer by layer."""

import numpy as np

from ...slots import Network
from .rows import NetRows


def kernel_norms(rows: NetRows, network: Network, seed: int) -> np.ndarray:
    """Returns the norm of the gradient of each kernel, float64 [layers], the first layer first.

    The loss is the cross-entropy of classes on all training rows; the net is as it was drawn.

    Args:
        rows: few enough for one batch.
        network: a spec.
        seed: of its weights.
    """
    import tensorflow as tf

    model = rows.build(network, seed=seed)
    with tf.GradientTape() as tape:
        outputs = model(rows.train.x, training=True)[:, 0]
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(rows.train.y, outputs)
        loss = tf.reduce_mean(each)
    kernels = [weight for weight in model.trainable_variables if len(weight.shape) > 1]
    slopes = tape.gradient(loss, kernels)
    # Squares of what float32 still holds would be zero in it.
    return np.array([np.linalg.norm(slope.numpy().astype(np.float64)) for slope in slopes])
