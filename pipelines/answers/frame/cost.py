"""What a net of convolutions and dense layers takes: multiplications and packed bytes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...compress import Tuning, gzip_bytes, make_tuning
from ...training.feed import TrainFeed
from .rows import NetRows


def tuning_of(rows: NetRows, *, batch_size: int, seed: int) -> Tuning:
    """Returns how a net that was made smaller is fitted further on the training rows."""
    training = replace(
        rows.training,
        batch_size=batch_size,
        seed=seed,
    )
    return make_tuning(
        TrainFeed(rows.train),
        rows.valid,
        signature=rows.signature,
        training=training,
        deciding=rows.deciding,
    )


def costs(rows: NetRows, model) -> list[float]:
    """Returns accuracy on the test rows, 10 kB of packed int8 kernels, and million products."""
    score = rows.scores(model)["accuracy"]
    size = packed_bytes(model)
    products = multiplications(model)
    return [
        score,
        size / 1e4,
        products / 1e6,
    ]


def multiplications(model) -> int:
    """Returns the products of one row: those of kernels, zeros among them, with what they read."""
    count = 0
    for layer, kernel in _kernels(model):
        places = 1
        if kernel.ndim == 4:
            sides = layer.output.shape[1:3]
            places = int(np.prod(sides))
        count += places * kernel.size
    return count


def rounded(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the kernel as int8, and its scale by output."""
    axes = tuple(range(kernel.ndim - 1))
    largest = np.abs(kernel).max(axis=axes)
    scale = np.maximum(largest, 1e-12) / 127
    values = np.round(kernel / scale)
    return values.astype(np.int8), scale


def packed_bytes(model, *, is_int8: bool = True) -> int:
    """Returns the bytes of all kernels after gzip, as int8 or as float32."""
    kernels = [kernel for _, kernel in _kernels(model)]
    if is_int8:
        kernels = [rounded(kernel)[0] for kernel in kernels]
    content = [kernel.tobytes() for kernel in kernels]
    return gzip_bytes(b"".join(content))


def round_weights(model) -> None:
    """Puts each kernel on the numbers that int8 has."""
    for layer, kernel in _kernels(model):
        values, scale = rounded(kernel)
        variable, *_ = layer.weights
        variable.assign(values * scale)


def _kernels(model) -> Iterator[tuple]:
    """Yields each layer with products, and its kernel."""
    for layer in model.layers:
        kind = type(layer).__name__
        if "Conv" in kind or kind == "Dense":
            kernel, *_ = layer.get_weights()
            yield layer, kernel
