"""Nets of generators: rows as maps of pictures and of series, or as vectors of tables.

A map is [height, width, channels]; of series [steps, 1, channels]. A side of one step is neither
halved nor doubled.
"""

from typing import Any

STRIDE = 2
# Of each stride: a multiple of 2, so that no pattern of squares is drawn.
KERNELS = {1: 3, STRIDE: 4}
LEAK = 0.2


def map_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Returns height, width and channels of the map of a row, None where it is none.

    Args:
        shape: As `ClassRows.shape`.
    """
    if len(shape) == 3:
        return shape
    if len(shape) == 2:
        channels, steps = shape
        return steps, 1, channels
    return None


class NetLayers:
    """Makes the layers of one net, each with a seed of its own.

    Args:
        shape: As `ClassRows.shape`.
        seed: Of the weights.
    """

    def __init__(self, shape: tuple[int, ...], seed: int):
        self.shape = shape
        self.map: Any = map_shape(shape)
        self._seed = seed * 1009

    def sides(self, num_halvings: int) -> list[tuple[int, int]]:
        """Returns height and width of the whole map, and after each halving, rounded up."""
        height, width, _ = self.map
        sides = [(height, width)]
        for _ in range(num_halvings):
            height, width = (-(-side // STRIDE) for side in sides[-1])
            sides.append((height, width))
        return sides

    def dense(self, x, units: int, name: str, *, last: bool = False):
        """Returns the outputs of a dense layer without an activation; those of a last layer are 0
        before it has learned.
        """
        import keras

        layer = keras.layers.Dense(
            units,
            name=name,
            kernel_initializer=self._initializer(last),
        )
        return layer(x)

    def convolve(self, x, filters: int, name: str, *, last: bool = False):
        """Returns the outputs of a convolution, as `dense` does."""
        return self._convolution(x, filters, name, strides=1, last=last)

    def halve(self, x, filters: int, name: str):
        """Returns a map of half the sides, by a convolution."""
        return self._convolution(x, filters, name, strides=STRIDE)

    def _convolution(self, x, filters, name, *, strides, last=False):
        import keras

        layer = keras.layers.Conv2D(
            filters,
            self._along_sides(KERNELS[strides]),
            strides=self._along_sides(strides),
            padding="same",
            name=name,
            kernel_initializer=self._initializer(last),
        )
        return layer(x)

    def double(self, x, filters: int, name: str, *, sides: tuple[int, int], last: bool = False):
        """Returns twice as large a map, but at most of these sides, by a transposed convolution, as
        `dense` does.
        """
        import keras

        layers = keras.layers
        layer = layers.Conv2DTranspose(
            filters,
            self._along_sides(KERNELS[STRIDE]),
            strides=self._along_sides(STRIDE),
            padding="same",
            name=name,
            kernel_initializer=self._initializer(last),
        )
        x = layer(x)
        excess = [made - wanted for made, wanted in zip(x.shape[1:3], sides, strict=True)]
        if any(excess):
            first, second = excess
            crop = layers.Cropping2D(
                ((0, first), (0, second)),
                name=f"{name}_cut",
            )
            x = crop(x)
        return x

    def leak(self, x, name: str):
        """Returns the outputs of a leaky ReLU."""
        import keras

        layer = keras.layers.LeakyReLU(LEAK, name=f"{name}_leak")
        return layer(x)

    def rectify(self, x, name: str):
        """Returns the outputs of a ReLU."""
        import keras

        layer = keras.layers.ReLU(name=f"{name}_relu")
        return layer(x)

    def to_map(self, x):
        """Returns rows [rows, values] as maps."""
        import keras

        layers = keras.layers
        if len(self.shape) == 3 or self.shape[0] == 1:
            return layers.Reshape(self.map, name="as_map")(x)
        channels, steps = self.shape
        x = layers.Reshape((channels, steps, 1), name="as_channels")(x)
        return layers.Permute((2, 3, 1), name="as_map")(x)

    def from_map(self, x):
        """Returns maps as rows [rows, values]."""
        import keras

        layers = keras.layers
        if len(self.shape) == 2 and self.shape[0] > 1:
            x = layers.Permute((3, 1, 2), name="as_channels_again")(x)
        return layers.Flatten(name="as_row")(x)

    def _along_sides(self, number):
        """Returns a number for each side of the map, 1 for a side of one step."""
        height, width, _ = self.map
        return tuple(number if side > 1 else 1 for side in (height, width))

    def _initializer(self, is_last):
        import keras

        self._seed += 1
        if is_last:
            return keras.initializers.Zeros()
        return keras.initializers.HeNormal(seed=self._seed)


def known_inputs(num_code: int, num_classes: int) -> dict[str, Any]:
    """Returns the Keras inputs "code" and "label"."""
    import keras

    code = keras.Input((num_code,), name="code")
    label = keras.Input((num_classes,), name="label")
    return {"code": code, "label": label}


def scale_last(layer: Any, factor) -> None:
    """Multiplies what a layer gives by one factor for each of its units or filters.

    Args:
        layer: A dense layer, a convolution, or a transposed one, of Keras.
        factor: float32 [units].
    """
    import keras

    kernel, bias = layer.get_weights()
    of_kernel = factor
    if isinstance(layer, keras.layers.Conv2DTranspose):
        of_kernel = factor[:, None]  # its filters are the last axis but one
    layer.set_weights([kernel * of_kernel, bias * factor])
