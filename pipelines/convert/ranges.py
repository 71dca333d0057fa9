"""The int8 range of every activation of a model, from calibration rows."""

import numpy as np

from .quantize import Quantize

MAX_ROWS = 256
PIECE_ROWS = 32
SAMPLE_VALUES = 2**18  # of each activation, over all rows
MSE_VALUES = 2**14
MSE_TRIALS = 64


def with_calibrated_ranges(model, rows: dict[str, np.ndarray], quantize: Quantize):
    """A copy of a functional Keras model with a FakeQuantize, its range frozen, after every
    activation that int8 gives a scale of its own (see `with_ranges`); the model itself where its
    ranges were trained, or for "minmax", which is what the converter does by itself.

    `rows`: input → array [rows, ...]; the first 256 are looked at, `convert` draws them by chance.
    """
    import keras

    from ..training.fake_quantize import FakeQuantize, is_quantization_aware, with_ranges

    if quantize.calibration == "minmax" or is_quantization_aware(model):
        return model
    ranged = with_ranges(model)
    layers = [layer for layer in ranged.layers if isinstance(layer, FakeQuantize)]
    if not layers:
        return model
    # Without a range yet, these layers round nothing.
    activations = keras.Model(ranged.input, [layer.input for layer in layers])
    num_rows = min(len(next(iter(rows.values()))), MAX_ROWS)
    samples = [Sample(-(-num_rows // PIECE_ROWS)) for _ in layers]
    for start in range(0, num_rows, PIECE_ROWS):
        piece = {name: x[start : min(start + PIECE_ROWS, num_rows)] for name, x in rows.items()}
        values = activations.predict_on_batch(piece)
        for sample, x in zip(samples, values if len(layers) > 1 else [values], strict=True):
            sample.add(x)
    for layer, sample in zip(layers, samples, strict=True):
        layer.set_range(*sample.range(quantize))
    return ranged


class Sample:
    """Values of one activation, drawn evenly from so many pieces, and the smallest and largest of
    all.
    """

    def __init__(self, num_pieces: int):
        self._most, self._values, self._random = (
            SAMPLE_VALUES // num_pieces,
            [],
            np.random.default_rng(0),
        )
        self._low, self._high = 0.0, 0.0

    def add(self, x: np.ndarray) -> None:
        """A piece, float32 of any shape."""
        x = x.ravel()
        self._low, self._high = min(self._low, float(x.min())), max(self._high, float(x.max()))
        self._values.append(x if len(x) <= self._most else self._random.choice(x, self._most))

    def range(self, quantize: Quantize) -> tuple[float, float]:
        """(low, high), 0 between them, by the calibration that a spec names."""
        if quantize.calibration == "minmax":
            return self._low, self._high
        values = np.concatenate(self._values)
        if quantize.calibration == "percentile":
            low, high = percentile_range(values, quantize.percentile)
        else:
            low, high = mse_range(values)
        return min(low, 0.0), max(high, 0.0)


def percentile_range(values: np.ndarray, percentile: float) -> tuple[float, float]:
    """(low, high): the percentiles 100 - `percentile` and `percentile` of float32 values [n]."""
    low, high = np.percentile(values, (100 - percentile, percentile))
    return float(low), float(high)


def mse_range(values: np.ndarray) -> tuple[float, float]:
    """(low, high): the range of 256 steps in which float32 values [n] lose least in mean squared
    error: each end is drawn in as long as that helps (as in Banner et al. 2019,
    https://arxiv.org/abs/1810.05723, but by trial).
    """
    values = np.sort(values)
    ends = values[[0, -1]]
    values = values[np.linspace(0, len(values) - 1, min(len(values), MSE_VALUES)).astype(np.int64)]
    low = float(min(ends[0], 0))
    high = float(max(ends[1], 0))
    shares = np.arange(MSE_TRIALS, 0, -1) / MSE_TRIALS
    for _ in range(2):
        high = min(
            (share * high for share in shares), key=lambda end: _squared_error(values, low, end)
        )
        low = min(
            (share * low for share in shares), key=lambda end: _squared_error(values, end, high)
        )
    return low, high


def _squared_error(values, low, high):
    step = (high - low) / 255
    if step == 0:
        return np.inf
    zero_point = np.round(-low / step)
    rounded = (np.clip(np.round(values / step) + zero_point, 0, 255) - zero_point) * step
    return float(np.mean((values - rounded) ** 2))
