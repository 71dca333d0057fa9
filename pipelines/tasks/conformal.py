"""The interval of a forecast widened or narrowed so that it covers what its levels say."""

import numpy as np


def conformal_offsets(
    outputs: np.ndarray, y: np.ndarray, levels: tuple[float, ...], *, overlap: int = 1
) -> tuple[float, ...]:
    """What to add to the outputs [rows, horizon * quantiles] so that, step by step, the interval
    between each lower quantile and its upper partner holds as many of y [rows, horizon] as their
    levels say: conformalized quantile regression (Romano et al. 2019,
    https://arxiv.org/abs/1905.03222) on validation rows. Of `overlap` windows that share their
    steps one is counted for its correction by the number of rows: the others say little more.
    """
    quantiles = outputs.reshape(len(outputs), -1, len(levels)).astype(np.float64)
    offsets = np.zeros(quantiles.shape[1:])
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        outside = np.maximum(quantiles[:, :, low] - y, y - quantiles[:, :, high])
        for step in range(outside.shape[1]):
            known = outside[:, step][~np.isnan(outside[:, step])]
            if len(known):
                share = min((levels[high] - levels[low]) * (1 + overlap / len(known)), 1.0)
                wider = np.quantile(known, share, method="higher")
                offsets[step, low], offsets[step, high] = -wider, wider
    return tuple(float(np.float32(each)) for each in offsets.ravel())
