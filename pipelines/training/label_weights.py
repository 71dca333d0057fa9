"""Weights in the loss of several labels a row: what having and lacking each one counts."""

from collections.abc import Callable

import numpy as np


def weigh_labels(loss: Callable, label_weights: np.ndarray | None) -> Callable:
    """Returns the loss with each label's own loss times a weight that depends on the truth.

    The mean over labels is taken of losses times weights, so that weights of one change nothing.

    Args:
        loss: A Keras loss without reduction that is a mean over the last axis: truth and logits
            float32 [rows, members, labels] → [rows, members].
        label_weights: float32 [2, labels], of lacking and of having each label; None: no weights.
    """
    if label_weights is None:
        return loss
    from keras import ops

    lacking, having = label_weights.astype(np.float32)

    def weighted(y_true, y_pred):
        # With an axis of one label each, the loss is no longer averaged over labels.
        each = loss(ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1))
        weight = y_true * having + (1.0 - y_true) * lacking
        return ops.mean(each * weight, axis=-1)

    return weighted
