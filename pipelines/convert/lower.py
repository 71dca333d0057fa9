"""Device forms of layers: the same numbers, written with the operators that device runtimes
have.
"""

import numpy as np

NUM_COPIES = 4


def stagger(model, values: np.ndarray, *, copies: int = NUM_COPIES):
    """A model whose last dense layer gives every output `copies` times, each copy's rounding to
    int8 staggered by a fraction of its step; their sum has as many times the levels.

    One int8 has 256 levels, and where a class is rare the rows that matter share a few dozen of
    them: the ties cost 0.005 of average precision on the bird strikes. `values`: float32 [rows,
    outputs], the model's output on calibration rows, from which the step is known before the
    converter sets it. The copies cost no more than their weights: outputs [rows, copies * outputs],
    copy after copy.
    """
    import keras

    last = model.layers[-1]
    if copies == 1:
        return model
    high = max(values.max(), 0)
    low = min(values.min(), 0)
    step = (high - low) / 255
    from_middle = np.arange(copies) - (copies - 1) / 2
    shifts = from_middle / copies * step
    head = keras.layers.Dense(copies * last.units, name="staggered")
    copy = keras.Model(model.input, head(last.input))
    kernel, bias = last.get_weights()
    kernels = np.tile(kernel, (1, copies))
    biases = np.tile(bias, copies)
    head.set_weights([kernels, biases + np.repeat(shifts, last.units)])
    return copy


def pixel_rescaling(model) -> tuple[float, float]:
    """Returns (factor, offset) of the layer "pixels" that a net of pictures starts with.

    (1.0, 0.0) if the model has none.
    """
    for layer in model.layers:
        if layer.name == "pixels":
            return float(layer.scale), float(layer.offset)
    return 1.0, 0.0


def lower(model, *, pixels: bool = True, fused: bool = True):
    """Writes a Keras model as an equal one for conversion.

    An Embedding becomes a bare gather on a constant table (the microcontroller runtime has no
    SELECT, which Keras' own lookup needs), an LSTM the fused operator, other recurrent layers are
    unrolled (rolled, they kill the converter), and Dropout and its kin go. Ranges of
    quantization-aware training and of calibration rows become operators that the converter takes
    its scales from, kernels that were trained rounded are rounded for good.

    Args:
        model: The Keras model.
        pixels: Whether the layer "pixels" stays. Without it the model takes pixels rescaled
            already, which for int8 is what quantizing them with another scale and zero point is, at
            no cost.
        fused: Whether an LSTM becomes the fused operator; if not, it is unrolled too, for runtimes
            that take no variable tensors.
    """
    import keras

    from ..training.fake_quantize import with_plain_kernels
    from .lowered_layers import lowered_layer

    model = with_plain_kernels(model)

    def lowered(layer):
        if layer.name == "pixels" and not pixels:
            return keras.layers.Identity(name=layer.name)
        return lowered_layer(layer, fused=fused)

    copy = keras.models.clone_model(model, clone_function=lowered)
    for old in model.layers:
        new = copy.get_layer(old.name)
        if new.weights:
            new.set_weights(old.get_weights())
    return copy


def unrolled_steps(model) -> int:
    """Counts the steps of all recurrent layers of a Keras model: unrolled, each is written out."""
    import keras

    kinds = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)
    num_steps = 0
    for layer in model.layers:
        if isinstance(layer, kinds):
            num_steps += layer.input.shape[1]
    return num_steps
