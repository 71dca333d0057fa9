"""What a balancer adds to logits in the loss."""

from collections.abc import Callable

import numpy as np


def shift_logits(loss: Callable, shift: np.ndarray | None) -> Callable:
    """Returns the loss of logits with a number added to each class's.

    Args:
        loss: A Keras loss without reduction: truth and logits float32 [rows, members, outputs] →
            [rows, members].
        shift: float32 [classes]; of one output, the log-odds of the second class, the difference
            of both is added. None: nothing is.
    """
    if shift is None:
        return loss

    def shifted(y_true, y_pred):
        added = shift
        if y_pred.shape[-1] == 1:
            added = shift[1:] - shift[:1]
        return loss(y_true, y_pred + added)

    return shifted
