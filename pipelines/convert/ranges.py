"""The int8 range of every activation of a model, from calibration rows."""

import math

import numpy as np

from .quantize import Quantize

MAX_ROWS = 256
PIECE_ROWS = 32
SAMPLE_VALUES = 2**18  # of each activation, over all rows
MSE_VALUES = 2**14
MSE_TRIALS = 64


def with_calibrated_ranges(model, rows: dict[str, np.ndarray], quantize: Quantize):
    """Adds a FakeQuantize with a frozen range after every activation that int8 gives a scale.

    Args:
        model: a functional keras.Model.
        rows: input → array [rows, ...]. The first 256 rows are used; `convert` draws them at
            random.
        quantize: names the calibration.

    Returns:
        A copy of the model (see `with_ranges`). The model itself if its ranges were trained, and
        for "minmax", which is the converter's own calibration.
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
    samples = _sample_activations(activations, rows)
    for layer, sample in zip(layers, samples, strict=True):
        low, high = sample.range(quantize)
        layer.set_range(low, high)
    return ranged


def _sample_activations(activations, rows):
    """Returns a `Sample` of each output of a model over the first rows."""
    first_input = next(iter(rows.values()))
    num_rows = min(len(first_input), MAX_ROWS)
    num_pieces = math.ceil(num_rows / PIECE_ROWS)
    samples = [Sample(num_pieces) for _ in activations.outputs]
    for start in range(0, num_rows, PIECE_ROWS):
        end = min(start + PIECE_ROWS, num_rows)
        piece = {name: x[start:end] for name, x in rows.items()}
        values = activations.predict_on_batch(piece)
        if len(samples) == 1:
            values = [values]
        for sample, x in zip(samples, values, strict=True):
            sample.add(x)
    return samples


class Sample:
    """Holds values of one activation, drawn evenly from all pieces, and the extremes of all."""

    def __init__(self, num_pieces: int):
        self._most = SAMPLE_VALUES // num_pieces
        self._values = []
        self._random = np.random.default_rng(0)
        self._low = 0.0
        self._high = 0.0

    def add(self, x: np.ndarray) -> None:
        """Adds a piece, float32 of any shape."""
        x = x.ravel()
        self._low = min(self._low, float(x.min()))
        self._high = max(self._high, float(x.max()))
        if len(x) > self._most:
            x = self._random.choice(x, self._most)
        self._values.append(x)

    def range(self, quantize: Quantize) -> tuple[float, float]:
        """Returns (low, high), 0 between them, by the calibration that a spec names."""
        if quantize.calibration == "minmax":
            return self._low, self._high
        values = np.concatenate(self._values)
        if quantize.calibration == "percentile":
            low, high = percentile_range(values, quantize.percentile)
        else:
            low, high = mse_range(values)
        low = min(low, 0.0)
        high = max(high, 0.0)
        return low, high


def percentile_range(values: np.ndarray, percentile: float) -> tuple[float, float]:
    """Returns (low, high): the percentiles 100 - `percentile` and `percentile` of values [n]."""
    shares = (100 - percentile, percentile)
    low, high = np.percentile(values, shares)
    return float(low), float(high)


def mse_range(values: np.ndarray) -> tuple[float, float]:
    """Returns the range of 256 steps in which values lose least in mean squared error.

    Each end moves towards 0 as long as that helps (as in Banner et al. 2019,
    https://arxiv.org/abs/1810.05723, but by trial).

    Args:
        values: float32 [n].

    Returns:
        (low, high).
    """
    values = np.sort(values)
    smallest = values[0]
    largest = values[-1]
    num_values = min(len(values), MSE_VALUES)
    places = np.linspace(0, len(values) - 1, num_values)
    values = values[places.astype(np.int64)]
    low = float(min(smallest, 0))
    high = float(max(largest, 0))
    shares = np.arange(MSE_TRIALS, 0, -1) / MSE_TRIALS
    for _ in range(2):
        highs = [share * high for share in shares]
        errors = [_squared_error(values, low, end) for end in highs]
        high = highs[int(np.argmin(errors))]
        lows = [share * low for share in shares]
        errors = [_squared_error(values, end, high) for end in lows]
        low = lows[int(np.argmin(errors))]
    return low, high


def _squared_error(values, low, high):
    step = (high - low) / 255
    if step == 0:
        return np.inf
    zero_point = np.round(-low / step)
    steps = np.round(values / step) + zero_point
    kept = np.clip(steps, 0, 255)
    rounded = (kept - zero_point) * step
    squares = (values - rounded) ** 2
    return float(np.mean(squares))
