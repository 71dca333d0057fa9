"""A batch as an episode: each row is held against the class means of the other rows.

Snell, Swersky and Zemel 2017, https://arxiv.org/abs/1703.05175, draw support and query rows apart.
Here every row of a batch is a query, and all others are the support.
"""

from typing import Any

_FAR = 1e9
ALONE = -1e8  # a logit below it is of a class that no other row has


def episode_logits(is_class: Any, embeddings: Any) -> Any:
    """Returns minus the squared distance of each row to each class mean of its batch.

    The mean of a row's own class is of the class's other rows. To leave a row e out of the mean S/n
    of n rows only scales its distance: e - (S - e)/(n - 1) = (e - S/n) n/(n - 1).

    Args:
        is_class: float32 [members, rows, classes], 1 of the row's class; zeros of a row that counts
            for no mean.
        embeddings: float32 [members, rows, width].

    Returns:
        float32 [members, rows, classes]; very low of a class that no other row has.
    """
    from keras import ops

    counts = ops.sum(is_class, axis=1, keepdims=True)
    sums = ops.matmul(ops.swapaxes(is_class, 1, 2), embeddings)
    means = sums / ops.maximum(ops.swapaxes(counts, 1, 2), 1.0)
    gaps = ops.expand_dims(embeddings, 2) - ops.expand_dims(means, 1)
    distances = ops.sum(ops.square(gaps), axis=-1)
    without_it = counts / ops.maximum(counts - 1.0, 1.0)
    own = ops.square(without_it) * distances
    distances = ops.where(is_class > 0, own, distances)
    others = counts - is_class
    return ops.where(others > 0, -distances, -_FAR)
