"""A net of convolutions that learns in few steps."""

from dataclasses import dataclass, replace

from ...vision import FASHION, Cnn

# Clothes of a third of the pixels: nets learn from them in a third of the time.
SMALL_CLOTHES = replace(
    FASHION,
    load=replace(FASHION.load, height=16, width=16),
)


@dataclass(frozen=True)
class FlatCnn(Cnn):
    """Convolutions whose last map is read whole by the last layer, not averaged first.

    Attributes:
        strided: Whether convolutions halve the map themselves where others pool.
    """

    widths: tuple[int, ...] = (8, 16)
    pool_after: tuple[int, ...] = (0, 1)
    strided: bool = False

    def _features(self, x, blocks):
        import keras

        for depth, width in enumerate(self.widths):
            halves = depth in self.pool_after
            strides = 1 + (halves and self.strided)
            x = blocks.convolve(x, width, name=f"conv{depth}", strides=strides)
            if halves and not self.strided:
                x = blocks.halve(x, f"pool{depth}")
        return keras.layers.Flatten(name="flat")(x)
