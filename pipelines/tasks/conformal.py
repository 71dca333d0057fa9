"""The interval of a forecast widened or narrowed so that it covers what its levels say."""

import numpy as np


def conformal_offsets(
    outputs: np.ndarray, y: np.ndarray, levels: tuple[float, ...], *, overlap: int = 1
) -> tuple[float, ...]:
    """Returns what to add to the outputs so that, step by step, the interval between each lower
    quantile and its upper partner holds as many of y as their levels state.

    This is conformalized quantile regression (Romano et al. 2019,
    https://arxiv.org/abs/1905.03222) on validation rows.

    Args:
        outputs: float [rows, horizon * quantiles].
        y: float [rows, horizon], NaN where unknown.
        levels: the levels of the quantiles, 0 to 1, rising.
        overlap: how many windows share their steps. One of them is counted for the correction by
            the number of rows: the others add little.

    Returns:
        The offsets, horizon * quantiles of them.
    """
    quantiles = outputs.reshape(len(outputs), -1, len(levels))
    quantiles = quantiles.astype(np.float64)
    offsets = np.zeros(quantiles.shape[1:])
    for low in range(len(levels) // 2):
        high = len(levels) - 1 - low
        below = quantiles[:, :, low] - y
        above = y - quantiles[:, :, high]
        outside = np.maximum(below, above)
        level = levels[high] - levels[low]
        for step in range(outside.shape[1]):
            wider = _offset_of_step(outside[:, step], level, overlap)
            if wider is not None:
                offsets[step, low] = -wider
                offsets[step, high] = wider
    return tuple(float(np.float32(each)) for each in offsets.ravel())


def _offset_of_step(outside, level, overlap):
    """Returns by how much an interval is widened; None where no target of the step is known.

    Args:
        outside: float64 [rows], how far y lies outside the interval, NaN where unknown.
        level: the share of y that the interval holds.
        overlap: as of `conformal_offsets`.
    """
    known = outside[~np.isnan(outside)]
    if not len(known):
        return None
    correction = 1 + overlap / len(known)
    share = min(level * correction, 1.0)
    return np.quantile(known, share, method="higher")
