"""Integrated gradients (Sundararajan, Taly and Yan 2017, https://arxiv.org/abs/1703.01365)."""

from collections.abc import Callable

import numpy as np

Inputs = dict[str, np.ndarray]
Gradient = Callable[[Inputs], tuple[np.ndarray, Inputs]]

NUM_STEPS = 64


def integrated_gradients(
    gradient: Gradient,
    inputs: Inputs,
    baseline: Inputs,
    *,
    num_steps: int = NUM_STEPS,
) -> tuple[Inputs, np.ndarray]:
    """Returns what each element of the inputs adds to the output on the way from the baseline.

    Args:
        gradient: Inputs → the output float [rows] and its gradient, by name like the inputs.
        inputs: Name → float32 [rows, ...].
        baseline: Name → float32 [1 or rows, ...].
        num_steps: Of the sum that stands for the integral, at the middles of equal steps.

    Returns:
        The attributions, like the inputs; and float64 [rows], the output less that of the
        baseline, which the attributions of a row add up to (completeness).
    """
    way = {}
    total = {}
    for name, x in inputs.items():
        way[name] = x - baseline[name]
        total[name] = np.zeros(x.shape, np.float64)
    for step in range(num_steps):
        share = np.float32((step + 0.5) / num_steps)
        between = _at(share, baseline, way)
        _, slopes = gradient(between)
        for name, slope in slopes.items():
            total[name] += slope
    attributions = {}
    for name, distance in way.items():
        mean_slope = total[name] / num_steps
        attributions[name] = mean_slope * distance
    whole, _ = gradient(inputs)
    start = _at(np.float32(0), baseline, way)
    nothing, _ = gradient(start)
    difference = whole.astype(np.float64) - nothing
    return attributions, difference


def _at(share, baseline, way):
    """Returns the inputs at a share of the way from the baseline."""
    inputs = {}
    for name, distance in way.items():
        inputs[name] = baseline[name] + share * distance
    return inputs


def incompleteness(attributions: Inputs, difference: np.ndarray) -> float:
    """Returns by how much attributions do not add up: the mean distance of their sum from the
    difference of the outputs, as a share of the mean size of that.
    """
    total = np.zeros(len(difference))
    for values in attributions.values():
        flat = values.reshape(len(values), -1)
        total += flat.sum(axis=1)
    missed = np.abs(total - difference)
    size = np.abs(difference).mean()
    return float(missed.mean() / max(size, 1e-12))
