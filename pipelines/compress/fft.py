"""Long convolutions by the fast Fourier transform, where this machine is faster with it."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..device.cells import SERIES
from ..device.runner import LiteRT
from ..errors import RecipeError
from ..rows.sketch import TOKENS, DataSketch
from ..slots import Compression
from ..spec import Refusal, check_knobs, knob
from ..training.call_graph import copy_layer
from .tuning import Tuning, rebuild

TIMED_CALLS = 40
MAX_TIMED_SECONDS = 1.0


@dataclass(frozen=True)
class ConvolveByFft(Compression):
    """Computes Conv1D layers with kernels of `least_kernel` steps or more as products of spectra,
    where LiteRT in float32 is `speedup` times as fast so, here, one thread (Mathieu, Henaff, LeCun
    2014, https://arxiv.org/abs/1312.5851). The answers are the same to float32's rounding; nothing
    is fitted.

    Over 1,024 steps of 16 channels a kernel of 256 steps took 1.3 ms instead of 6.4, one of 64
    steps the same time either way; over 256 steps none gained. The file grows: of each frequency it
    holds a kernel, (padded steps + 2) × channels in × channels out, in that case 2.1 MB instead of
    0.3. It pays in float32 only (`float32_only`): in an int8 file the transforms stay float32, and
    it took 1.7 ms instead of 1.2 at twice the error.

    Attributes:
        least_kernel: Shortest kernel that is tried.
        speedup: How many times as fast a layer must become to be replaced.
    """

    least_kernel: int = knob(32, 2, 100_000, unit="steps")
    speedup: float = knob(1.2, 0.01, 100)
    float32_only: ClassVar[bool] = True

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits."""
        check_knobs(self)

    def suits(self, sketch: DataSketch) -> str:
        """Returns why there can be no convolution over steps, or ""."""
        if sketch.may_have(SERIES, TOKENS):
            return ""
        return Refusal(
            f"ConvolveByFft on columns of {sketch.kind_names()}",
            expected="convolutions over steps or tokens (Conv1D)",
            fix="leave ConvolveByFft out",
        )

    def compress(self, model, tuning: Tuning):
        """Replaces the layers that gain by products of spectra.

        Returns:
            A keras.Model of built-in layers; not fitted, and not to be fitted further.

        Raises:
            RecipeError: no layer gains.
        """
        self.check()
        suitable = [layer for layer in model.layers if self._suits(layer)]
        speedups = {layer.name: self.measure(layer) for layer in suitable}
        chosen = [name for name, speedup in speedups.items() if speedup >= self.speedup]
        if not chosen:
            measured = ", ".join(f"{name} × {speedup:.2f}" for name, speedup in speedups.items())
            raise RecipeError(
                f"convolutions that would not gain: {measured or 'none suits'}",
                expected=f"a Conv1D of {self.least_kernel} steps or more, without strides, × "
                f"{self.speedup} faster by spectra",
                fix="leave ConvolveByFft out",
            )
        with tuning.scope():
            return by_spectra(model, chosen)

    def measure(self, layer) -> float:
        """Returns how many times as fast a Conv1D is by spectra.

        The quickest calls with one row under LiteRT are compared, in float32.
        """
        import keras

        x = keras.Input(layer.input.shape[1:], name="x")
        alone = keras.Model(x, copy_layer(layer)(x))
        alone.layers[-1].set_weights(layer.get_weights())
        seconds = call_seconds(alone)
        transformed = by_spectra(alone, [layer.name])
        return seconds / call_seconds(transformed)

    def _suits(self, layer):
        return (
            type(layer).__name__ == "Conv1D"
            and layer.kernel_size[0] >= self.least_kernel
            and layer.groups == 1
            and layer.strides == layer.dilation_rate == (1,)
            and layer.data_format == "channels_last"
            and None not in layer.input.shape[1:]
        )


def by_spectra(model, names: list[str]):
    """Builds a functional model in which some Conv1D layers are computed by spectra.

    TFLite has the transform of real numbers but not its inverse: that is made of the same transform
    of (real - imaginary) parts, as Hartley did (Bracewell 1983,
    https://doi.org/10.1364/JOSA.73.001832).

    Args:
        model: a functional keras.Model.
        names: of the layers to compute by spectra.

    Returns:
        A keras.Model.
    """

    def call(layer, *tensors, **others):
        if layer.name in names:
            return _convolve(tensors[0], model.get_layer(layer.name))
        return layer(*tensors, **others)

    return rebuild(model, copy_layer, call)


def _convolve(x, old):
    """Applies a Conv1D to [rows, steps, channels] as a product of spectra."""
    import keras

    ops = keras.ops
    layers = keras.layers
    kernel = old.get_weights()[0].astype(np.float64)
    size, _, width = kernel.shape
    num_steps = x.shape[1]
    before = {"valid": 0, "causal": size - 1, "same": (size - 1) // 2}[old.padding]
    given = num_steps
    if old.padding == "valid":
        given = num_steps - size + 1
    length = 2 ** int(np.ceil(np.log2(num_steps + size - 1)))
    spectrum = _spectrum(kernel, length, before)
    by_real = _frequency_kernels(f"{old.name}_real", spectrum)
    by_imaginary = _frequency_kernels(f"{old.name}_imaginary", spectrum)
    real, imaginary = ops.rfft(_swap_axes(x), fft_length=length)
    real = _swap_axes(real)
    imaginary = _swap_axes(imaginary)
    product_real = by_real(real) - by_imaginary(imaginary)
    product_imaginary = by_imaginary(real) + by_real(imaginary)
    by_real.set_weights([spectrum.real])
    by_imaginary.set_weights([spectrum.imag])
    hartley = _hartley(_swap_axes(product_real), _swap_axes(product_imaginary))
    real, imaginary = ops.rfft(hartley, fft_length=length)
    x = _swap_axes(_hartley(real, imaginary)[:, :, :given])
    bias = np.zeros(width)
    if old.use_bias:
        bias = old.get_weights()[1]
    rescale = layers.Rescaling(1 / length, bias.tolist(), name=f"{old.name}_scaled")
    activate = layers.Activation(
        keras.activations.serialize(old.activation),
        name=old.name,
    )
    return activate(rescale(x))


def _spectrum(kernel, length, before):
    """Returns the conjugate spectrum of a kernel.

    Args:
        kernel: float64 [steps, in, out].
        length: steps of the transform.
        before: how many steps of the kernel precede the step of its output.

    Returns:
        complex128 [length / 2 + 1, in, out].
    """
    half = length // 2 + 1
    spectrum = np.conj(np.fft.rfft(kernel, length, axis=0))
    shift = np.exp(-2j * np.pi * before / length * np.arange(half))
    spectrum *= shift[:, None, None]
    return spectrum


def _frequency_kernels(name, spectrum):
    """Returns a layer with a kernel [in, out] for each frequency of a spectrum."""
    import keras

    half, _, width = spectrum.shape
    return keras.layers.EinsumDense(
        "bfi,fio->bfo",
        output_shape=(half, width),
        trainable=False,
        name=name,
    )


def _swap_axes(x):
    """Swaps the axes of steps and channels."""
    import keras

    return keras.layers.Permute((2, 1))(x)


def _hartley(real, imaginary):
    """Returns real - imaginary of all frequencies, from those of a spectrum's half."""
    from keras import ops

    half = real - imaginary
    inner = (real + imaginary)[:, :, 1:-1]
    mirrored = ops.flip(inner, axis=2)
    return ops.concatenate([half, mirrored], axis=2)


def call_seconds(model) -> float:
    """Measures a model's float32 file with one row under LiteRT, one thread.

    Returns:
        The seconds of the quickest of some calls.
    """
    import keras

    (port,) = model.inputs
    shape = (1, *port.shape[1:])
    with tempfile.TemporaryDirectory(prefix="fft_") as folder:
        path = Path(folder) / "model.tflite"
        model.export(
            path,
            format="litert",
            verbose=False,
            input_signature=[keras.InputSpec(shape=shape, dtype="float32")],
        )
        interpreter = LiteRT(path.read_bytes())
    random = np.random.default_rng(0)
    x = random.normal(size=shape).astype(np.float32)
    row = {interpreter.port_names()[0]: x}
    times = []
    while len(times) < TIMED_CALLS and sum(times) < MAX_TIMED_SECONDS:
        start = time.perf_counter()
        interpreter.run(row)
        times.append(time.perf_counter() - start)
    return min(times)
