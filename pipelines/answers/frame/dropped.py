"""Dropout in numpy: the gradient of a dense net of tanh layers some of whose units are left out."""

from collections.abc import Iterable, Iterator

import numpy as np

from ...training.optimizers import Sgd
from .dense import Weights, flat, shaped
from .descent import DenseFit, descend


def walk_with_dropout(
    fit: DenseFit, batches: Iterable, *, seed: int, rate: float, way: Sgd, dropout: float
) -> Iterator[np.ndarray]:
    """Yields the weights after each step from those of a seed, float64 [weights].

    A unit that stays counts for those that are left out, so that nothing is changed at prediction
    (Srivastava et al. 2014, section 10, https://jmlr.org/papers/v15/srivastava14a.html).

    Args:
        fit: net and rows.
        batches: places of rows, one a step.
        seed: of the weights, and of the units that are left out.
        rate: of learning.
        way: of the steps.
        dropout: the share of hidden units that is left out for each row.
    """
    like = fit.start(seed)
    random = np.random.default_rng(seed)

    def slope(weights, batch):
        masks = []
        for width in fit.widths:
            stays = random.random((len(batch), width)) >= dropout
            masks.append(stays / (1 - dropout))
        return _gradient(shaped(weights, like), fit.x[batch], fit.y[batch], masks)

    yield from descend(flat(like), slope, batches, way, rate)


def _gradient(weights: Weights, x, y, masks):
    values = [x]
    bent = []
    layers = zip(weights[:-2:2], weights[1:-2:2], masks, strict=True)
    for kernel, bias, mask in layers:
        whole = np.tanh(values[-1] @ kernel + bias)
        bent.append(whole)
        values.append(whole * mask)
    answers = values[-1] @ weights[-2] + weights[-1]
    truth = y.reshape(answers.shape)
    slope = 2 * (answers - truth) / answers.size
    found = [
        values[-1].T @ slope,
        slope.sum(axis=0),
    ]
    for place in reversed(range(len(masks))):
        after = weights[2 * place + 2]
        slope = slope @ after.T * masks[place]
        slope = slope * (1 - bent[place] ** 2)
        found = [
            values[place].T @ slope,
            slope.sum(axis=0),
            *found,
        ]
    return flat(found)
