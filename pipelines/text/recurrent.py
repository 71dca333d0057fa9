"""Recurrent nets for texts."""

from abc import abstractmethod
from dataclasses import dataclass, replace

from ..device.signature import Signature
from ..errors import RecipeError
from ..spec import knob
from ..training.blocks import (
    MOST_UNROLLED_BYTES,
    check_unrolled,
)
from .networks import TextNet, token_port


@dataclass(frozen=True)
class RecurrentNet(TextNet):
    """Recurrent layers, one on the other (attention: Yang et al. 2016,
    https://aclanthology.org/N16-1174).

    Attributes:
        widths: Units of the layers, one after the other.
        bidirectional: Whether each layer reads the text both ways.
        pooling: What makes features of the last layer's answers: "max", "average", or an average
            weighted by "attention".
    """

    widths: tuple[int, ...] = knob((32,), 1, 1024)
    bidirectional: bool = False
    pooling: str = "attention"

    def check(self) -> None:
        super().check()
        if not self.widths:
            raise RecipeError(
                "build.widths=()", expected="one or more widths", fix="--set 'build.widths=(32,)'"
            )

    def tiny(self) -> "RecurrentNet":
        return replace(
            self,
            embedding_width=self._tiny_width,
            widths=tuple(min(width, 8) for width in self.widths),
        )

    @property
    @abstractmethod
    def _cell(self) -> str:
        """The name of the Keras layer."""

    def _recur(self, x, width, *, blocks, backwards, name):
        """The layer's answer to every token, [rows, window, width]."""
        import keras

        layer = getattr(keras.layers, self._cell)(
            width,
            return_sequences=True,
            use_bias=False,
            go_backwards=backwards,
            name=name,
            recurrent_initializer=keras.initializers.Orthogonal(seed=blocks.next_seed()),
            kernel_initializer=blocks.initializer(),
            kernel_regularizer=blocks.regularizer(),
        )
        answers = layer(x)
        if self._cell == "LSTM":
            # The last row is that of the ones at tokens: the forget gate's bias starts at 1
            # (Jozefowicz et al. 2015).
            kernel, recurrent = layer.get_weights()
            kernel[-1, width : 2 * width] = 1.0
            layer.set_weights([kernel, recurrent])
        if backwards:
            return keras.ops.flip(answers, axis=1)
        return answers

    def _features(self, x, mask, blocks, name):
        import keras

        layers = keras.layers
        for depth, width in enumerate(self.widths):
            x = layers.Concatenate(name=f"{name}_input{depth}")([x, mask])
            ways = [
                self._recur(
                    x,
                    width,
                    blocks=blocks,
                    backwards=False,
                    name=f"{name}_forward{depth}",
                )
            ]
            if self.bidirectional:
                ways.append(
                    self._recur(
                        x, width, blocks=blocks, backwards=True, name=f"{name}_backward{depth}"
                    )
                )
            if len(ways) > 1:
                x = layers.Concatenate(name=f"{name}_ways{depth}")(ways)
            else:
                x = ways[0]
            x = layers.Multiply(name=f"{name}_masked{depth}")([x, mask])
        x = blocks.token_states(x, name)
        if self.pooling == "max":
            return blocks.largest(x, mask, name=name, least=-1.0)
        return blocks.average(
            x,
            mask,
            name=name,
            weighted=self.pooling == "attention",
        )


@dataclass(frozen=True)
class Lstm(RecurrentNet):
    """Long short-term memory (Hochreiter and Schmidhuber 1997,
    https://doi.org/10.1162/neco.1997.9.8.1735), which ships as the one fused operator that TFLite
    has for it.
    """

    _cell = "LSTM"


@dataclass(frozen=True)
class UnrolledNet(RecurrentNet):
    """Recurrent layers that TFLite has no operator for, which ship step by step.

    Attributes:
        most_unrolled_bytes: About how many bytes of operators they may take in addition to the
            weights.
    """

    most_unrolled_bytes: int = knob(MOST_UNROLLED_BYTES, 1, 2**31 - 1, unit="bytes")

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """As TextNet.build. Raises RecipeError where the steps would take more than
        `most_unrolled_bytes`.
        """
        check_unrolled(
            self._cell,
            token_port(signature).shape[0],
            len(self.widths) * (1 + self.bidirectional),
            self.most_unrolled_bytes,
            fix="--set 'build=Lstm()', which ships as one operator; or a shorter "
            "window: --set 'encode=(TokenizeWords(window={}),)'",
        )
        return super().build(signature, seed=seed, synchronized=synchronized)


@dataclass(frozen=True)
class Gru(UnrolledNet):
    """Gated recurrent units (Cho et al. 2014, https://arxiv.org/abs/1406.1078)."""

    _cell = "GRU"


@dataclass(frozen=True)
class SimpleRnn(UnrolledNet):
    """The plain recurrent layer (Elman 1990, https://doi.org/10.1207/s15516709cog1402_1)."""

    _cell = "SimpleRNN"
