"""An encoder and a decoder whose queries each read the text by attention."""

from dataclasses import dataclass, replace

from ..spec import knob
from .blocks import ATTENTION_PENALTY
from .networks import TextNet

# Layers of the first member: the attention [rows, queries, tokens], and the last one.
SHARES = "member0_shares"
LOGITS = "logits"


@dataclass(frozen=True)
class AttentionDecoder(TextNet):
    """Convolutions over tokens, and learned queries that each read the text by attention of their
    own (Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473); the last layer reads what all of
    them read. A target that is spelled (`load.target_kind=characters`) is answered at once, none of
    its characters read to answer the next (Gu et al. 2018, https://arxiv.org/abs/1711.02281).

    Attributes:
        width: Of the vector of each token.
        depth: How many convolutions follow each other, each added to what it reads.
        kernel: How many tokens a convolution reads.
        queries: How often the text is read: usually as many as characters are answered.
    """

    width: int = knob(64, 4, 1024)
    depth: int = knob(3, 1, 16)
    kernel: int = knob(5, 1, 64, unit="tokens")
    queries: int = knob(12, 1, 64)

    def tiny(self) -> "AttentionDecoder":
        """Returns the same kind of net, small enough for a test."""
        return replace(
            self,
            embedding_width=self._tiny_width,
            width=8,
            depth=1,
            queries=min(self.queries, 3),
        )

    def _features(self, x, mask, blocks, name):
        import keras

        layers = keras.layers
        x = encoded(self, x, mask, blocks, name)
        x = blocks.token_states(x, name)
        scores = blocks.dense(x, self.queries, name=f"{name}_queries")
        penalty = blocks.penalty(mask, ATTENTION_PENALTY, name=f"{name}_padding")
        scores = layers.Subtract(name=f"{name}_scores")([scores, penalty])
        by_query = layers.Permute((2, 1), name=f"{name}_by_query")(scores)
        shares = layers.Softmax(name=f"{name}_shares")(by_query)
        values = blocks.dense(x, self.width, name=f"{name}_values")
        contexts = keras.ops.matmul(shares, values)
        hidden = blocks.dense(contexts, self.width, name=f"{name}_hidden")
        hidden = blocks.rectify(hidden, f"{name}_hidden_relu")
        return layers.Reshape(
            (self.queries * self.width,),
            name=f"{name}_read",
        )(hidden)


def encoded(net, x, mask, blocks, name: str):
    """Returns convolutions over token vectors, each added to what it reads, [rows, window, width].

    Args:
        net: With `width`, `depth` and `kernel`.
        x: Token vectors [rows, window, width], zero at padding.
        mask: 1 at tokens, 0 at padding, [rows, window, 1].
        blocks: Makes the layers.
        name: What the names of the layers begin with.
    """
    import keras

    layers = keras.layers
    x = blocks.dense(x, net.width, name=f"{name}_widen")
    x = layers.Multiply(name=f"{name}_masked")([x, mask])
    for depth in range(net.depth):
        read = blocks.convolve(x, net.width, net.kernel, name=f"{name}_conv{depth}")
        x = layers.Add(name=f"{name}_add{depth}")([x, read])
        x = layers.Multiply(name=f"{name}_masked{depth}")([x, mask])
    return x
