"""The blocks that nets for texts are built of."""

import numpy as np

from ..device.ports import Port
from ..errors import RecipeError
from ..training.blocks import Blocks
from .augment import partner_of

# Taken from the scores of padding before a softmax: e^-20 is nothing, and int8 still keeps the
# other scores apart. Two numbers: of one the converter makes one tensor for both, and LiteRT 2.3
# lets the softmax of the average, behind a RESHAPE that copies nothing, overwrite it before
# attention has read it.
AVERAGE_PENALTY = 24.0
ATTENTION_PENALTY = 20.0
# The least value of each activation, rounded down.
_LEAST = {
    "relu": 0.0,
    "relu6": 0.0,
    "sigmoid": 0.0,
    "tanh": -1.0,
    "elu": -1.0,
    "selu": -1.76,
    "gelu": -0.18,
    "swish": -0.28,
    "hard_swish": -0.38,
    "mish": -0.31,
}


class TextBlocks(Blocks):
    """Blocks for token vectors [rows, window, width]. A mask is [rows, window, 1]: 1 at tokens, 0
    at padding.
    """

    def embed(self, inputs, port: Port, *, name: str):
        """(vectors, mask) of a port's ids [rows, window]; the vector of padding is zero. Where the
        inputs hold the ids of a partner, the vectors are mixed by the share among the inputs, and
        the mask is of both.
        """
        import keras

        layers = keras.layers
        ones = np.ones((port.num_ids, 1), np.float32)
        ones[0] = 0.0
        mask = layers.Embedding(
            port.num_ids,
            1,
            trainable=False,
            name=f"{name}_mask",
            embeddings_initializer=keras.initializers.Constant(0.0),
        )
        table = layers.Embedding(
            port.num_ids,
            self.net.embedding_width,
            name=f"{name}_embedding",
            embeddings_initializer=keras.initializers.RandomNormal(
                stddev=0.1, seed=self.next_seed()
            ),
        )
        mask.build()
        mask.set_weights([ones])
        ids = inputs[port.name]
        partner = inputs.get(partner_of(port.name))
        given = mask(ids)
        vectors = layers.Multiply(name=f"{name}_vectors")([table(ids), given])
        if partner is None:
            return vectors, given
        share = layers.Reshape((1, 1))(inputs["mix_share"])
        other = mask(partner)
        return share * vectors + (1 - share) * (table(partner) * other), keras.ops.maximum(
            given, other
        )

    def convolve(self, x, width: int, kernel: int, *, name: str):
        """A convolution over tokens, and ReLU or the activation chosen."""
        import keras

        fused = None
        if not self.layers.activation:
            fused = "relu"
        x = keras.layers.Conv1D(
            width,
            kernel,
            padding="same",
            activation=fused,
            name=name,
            kernel_initializer=self.initializer(),
            kernel_regularizer=self.regularizer(),
        )(x)
        if self.layers.activation:
            return self.activate(x, name)
        return self.drop_channels(x, name)

    def rectify(self, x, name: str):
        """ReLU in a layer of that name, or the activation chosen."""
        import keras

        if self.layers.activation:
            return self.activate(x, name)
        return keras.layers.Activation("relu", name=name)(x)

    def least_activation(self) -> float:
        """Returns the least value that the activation chosen gives, which padding must not pass.

        Raises:
            RecipeError: There is none.
        """
        activation = self.layers.activation or "relu"
        if activation in _LEAST:
            return _LEAST[activation]
        raise RecipeError(
            f"build.layers.activation={activation!r} before the largest of all tokens",
            expected=f"one with a least value, which padding is given: {', '.join(_LEAST)}",
            fix="--set build.layers.activation=elu, or another network",
        )

    def token_states(self, x, name: str):
        """Returns the same, as a layer called `name`_tokens: the net's output for each token [rows,
        window, width] before it is pooled, which `MaskedPretraining` trains.
        """
        import keras

        return keras.layers.Identity(name=f"{name}_tokens")(x)

    def largest(self, x, mask, *, name: str, least: float = 0.0):
        """The largest answer of each column at tokens, [rows, width]; `least`: the least answer
        there can be.
        """
        import keras

        layers = keras.layers
        x = layers.Multiply(name=f"{name}_seen")([x, mask])
        if least:
            x = layers.Subtract(name=f"{name}_lowered")(
                [x, self.penalty(mask, -least, name=f"{name}_least")]
            )
        return layers.GlobalMaxPooling1D(name=f"{name}_largest")(x)

    def average(self, x, mask, *, name: str, weighted: bool = False):
        """The average at tokens, [rows, width]; `weighted`: by what a dense layer gives each token,
        after a softmax.
        """
        import keras

        layers = keras.layers
        penalty = self.penalty(mask, AVERAGE_PENALTY, name=f"{name}_average")
        window = x.shape[1]
        if weighted:
            hidden = layers.Activation("tanh", name=f"{name}_attention_tanh")(
                self.dense(x, x.shape[-1], name=f"{name}_attention_hidden")
            )
            scores = layers.Subtract(name=f"{name}_attention_masked")(
                [self.dense(hidden, 1, name=f"{name}_attention"), penalty]
            )
        else:
            scores = layers.Rescaling(-1.0, name=f"{name}_alike")(penalty)
        shares = layers.Softmax(name=f"{name}_shares")(
            layers.Reshape((1, window), name=f"{name}_scores")(scores)
        )
        return layers.Reshape(
            (x.shape[-1],),
            name=f"{name}_pooled",
        )(keras.ops.matmul(shares, x))

    def penalty(self, mask, size: float, *, name: str):
        """0 at tokens, size at padding: to be subtracted, because Keras makes an addition of such a
        shape a BiasAdd, which the converter does not read.
        """
        import keras

        return keras.layers.Rescaling(-size, size, name=f"{name}_penalty")(mask)
