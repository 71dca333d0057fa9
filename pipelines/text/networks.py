"""Nets for texts: token ids → logits.

Padding never changes an answer. Ids of padding stand before a text; their embedding is zero, what a
layer makes of them is set to zero again, and pooling passes over them. Recurrent layers have no
bias of their own, so that from zeros they keep a state of zero until the text begins; a column of
ones at each token, zeros at padding, gives them one.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace

from ..device.cells import TEXT
from ..device.ports import Port
from ..device.signature import Signature
from ..device.units import MIX_SHARE, PAIR_ID, PARTNER_ID, TOKEN_ID
from ..errors import RecipeError
from ..rows.sketch import PAIRS, TOKENS, DataSketch
from ..slots import Network
from ..sources.files import find_file
from ..spec import Refusal, knob
from ..training.blocks import (
    check_heads,
    check_initializer,
    with_logits,
)
from .blocks import ATTENTION_PENALTY, TextBlocks
from .vectors import check_vectors, start_table

POOLINGS = ("max", "average", "attention")
ACTIVATIONS = ("relu", "relu6")


@dataclass(frozen=True)
class TextNet(Network):
    """The knobs that all nets for texts share.

    Attributes:
        embedding_width: Of the one table of token vectors.
        initializer: Of kernels, by its Keras name.
        dropout: The share of features that is dropped before the last layer.
        embedding_dropout: The share of whole columns of the token vectors that is dropped
            (SpatialDropout1D).
        token_dropout: The share of whole tokens that is dropped.
        regularizer: The factor of L2 on kernels.
        num_members: How many nets stand side by side on the one table, their logits averaged.
        vectors: A file of word vectors that the table starts from (see `text.vectors`); if empty,
            it starts at random.
        train_vectors: Whether the table is trained further.
    """

    pooling = POOLINGS[0]  # nets with that knob override it
    embedding_width: int = knob(32, 1, 1024)
    initializer: str = "GlorotUniform"
    dropout: float = knob(0.3, 0, 0.95)
    embedding_dropout: float = knob(0.2, 0, 0.95)
    token_dropout: float = knob(0.0, 0, 0.95)
    regularizer: float = knob(0.0, 0, 1)
    num_members: int = knob(1, 1, 64)
    vectors: str = ""
    train_vectors: bool = True

    def files_read(self) -> dict[str, str]:
        """Returns the path of the file of vectors."""
        if not self.vectors:
            return {}
        return {self.vectors: str(find_file(self.vectors, "a file of word vectors"))}

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built, LoadError where there is no file of
        `vectors`.
        """
        check_initializer(self)
        if self.pooling not in POOLINGS:
            raise RecipeError(
                f"build.pooling={self.pooling!r}",
                expected=", ".join(POOLINGS),
                fix="--set build.pooling=max",
            )
        if self.vectors:
            check_vectors(self.vectors, self.embedding_width)
        elif not self.train_vectors:
            raise RecipeError(
                "build.train_vectors=False without build.vectors",
                expected="vectors that mean something before training",
                fix="--set build.vectors=vectors.txt",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why the net cannot read the columns, or ""."""
        return refuse_others(self, sketch) or super().suits(sketch)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled: token ids int32 [rows, window] → logits [rows,
        num_members, outputs]. Raises RecipeError for a signature without tokens, and as
        `start_table` does.

        `synchronized`: batch normalization over all replicas of a mirrored strategy.
        """
        import keras

        port = token_port(signature)
        inputs = {
            each.name: keras.Input(each.shape, name=each.name, dtype=each.dtype)
            for each in signature.inputs
        }
        blocks = TextBlocks(self, seed=seed, synchronized=synchronized)
        x, mask = blocks.embed(inputs, port, name="tokens")
        for other in signature.inputs:
            if other.unit == PAIR_ID:
                x = keras.layers.Add(name=f"{other.name}_add")(
                    [x, blocks.embed(inputs, other, name=other.name)[0]]
                )
        x = self._dropped(x, port, blocks)
        members = [
            self._features(
                x,
                mask,
                blocks,
                f"member{place}",
            )
            for place in range(self.num_members)
        ]
        model = with_logits(inputs, members, signature, blocks=blocks)
        self._start_vectors(model, signature)
        return model

    def _dropped(self, x, port, blocks):
        """Token vectors with columns and tokens dropped in training."""
        import keras

        if self.embedding_dropout:
            x = keras.layers.SpatialDropout1D(
                self.embedding_dropout, seed=blocks.next_seed(), name="columns_dropout"
            )(x)
        if self.token_dropout:
            x = keras.layers.Dropout(
                self.token_dropout,
                noise_shape=(None, port.shape[0], 1),
                seed=blocks.next_seed(),
                name="tokens_dropout",
            )(x)
        return x

    def _start_vectors(self, model, signature):
        """Puts the vectors of a file into the table of a model, if they are asked for."""
        if not self.vectors:
            return
        table = model.get_layer("tokens_embedding")
        start_table(table, self.vectors, signature)
        table.trainable = self.train_vectors

    @abstractmethod
    def tiny(self) -> "TextNet":
        """The same kind of net, small enough for a test."""

    @property
    def _tiny_width(self):
        if self.vectors:
            return self.embedding_width
        return min(self.embedding_width, 8)

    @abstractmethod
    def _features(self, x, mask, blocks: TextBlocks, name: str):
        """Token vectors [rows, window, width], zero at padding, and the mask [rows, window, 1], 1
        at tokens, → features [rows, width].
        """


@dataclass(frozen=True)
class AveragedEmbeddings(TextNet):
    """The average of a text's token vectors, and of its pairs' if the recipe has PairTokens(), then
    hidden layers (Joulin et al. 2016, https://arxiv.org/abs/1607.01759; Iyyer et al. 2015,
    https://aclanthology.org/P15-1162).

    Attributes:
        widths: Of the hidden layers, one after the other.
    """

    widths: tuple[int, ...] = knob((), 1, 4096)

    def tiny(self) -> "AveragedEmbeddings":
        return replace(self, embedding_width=self._tiny_width)

    def _features(self, x, mask, blocks, name):
        x = blocks.average(x, mask, name=name)
        for depth, width in enumerate(self.widths):
            x = blocks.dense(x, width, name=f"{name}_dense{depth}")
            x = blocks.rectify(x, f"{name}_relu{depth}")
        return x


@dataclass(frozen=True)
class TextCnn(TextNet):
    """Convolutions over tokens side by side, and of each filter's answers the largest (Kim 2014,
    https://arxiv.org/abs/1408.5882).

    Attributes:
        kernels: How many tokens each convolution reads.
        width: How many filters each convolution has.
    """

    kernels: tuple[int, ...] = knob((2, 3, 4), 1, 64, unit="tokens")
    width: int = knob(64, 1, 4096)

    def check(self) -> None:
        super().check()
        if not self.kernels:
            raise RecipeError(
                "build.kernels=()",
                expected="one or more sizes",
                fix="--set 'build.kernels=(2, 3, 4)'",
            )

    def tiny(self) -> "TextCnn":
        return replace(self, embedding_width=self._tiny_width, width=min(self.width, 8))

    def _features(self, x, mask, blocks, name):
        import keras

        parts = []
        for kernel in self.kernels:
            part = blocks.token_states(
                blocks.convolve(x, self.width, kernel, name=f"{name}_conv{kernel}"),
                f"{name}_conv{kernel}",
            )
            least = blocks.least_activation()
            parts.append(blocks.largest(part, mask, name=f"{name}_conv{kernel}", least=least))
        if len(parts) > 1:
            return keras.layers.Concatenate(name=f"{name}_features")(parts)
        return parts[0]


@dataclass(frozen=True)
class TransformerEncoder(TextNet):
    """Self-attention over tokens (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762) in layers
    that int8 suits: batch normalization, ReLU, and a depthwise convolution over tokens instead of a
    table of places, as in `vision.Vit`.

    Attributes:
        width: Of the vector of each token.
        depth: How many blocks of attention follow each other.
        heads: How many heads attention has.
        activation: "relu" or "relu6".
        normalization: Whether batch normalization stands in each block.
        pooling: What makes features of the tokens: "max", "average", or an average weighted by
            "attention".
    """

    width: int = knob(64, 4, 1024)
    depth: int = knob(2, 1, 48)
    heads: int = knob(4, 1, 64)
    activation: str = "relu"
    normalization: bool = True
    pooling: str = "average"

    def check(self) -> None:
        super().check()
        if self.activation not in ACTIVATIONS:
            raise RecipeError(
                f"build.activation={self.activation!r}",
                expected=" or ".join(ACTIVATIONS),
                fix="--set build.activation=relu; more are in build.layers.activation",
            )
        check_heads(self)

    def tiny(self) -> "TransformerEncoder":
        return replace(
            self,
            embedding_width=self._tiny_width,
            width=2 * self.heads,
            depth=1,
        )

    def _features(self, x, mask, blocks, name):
        import keras

        layers = keras.layers
        penalty = layers.Reshape((1, 1, x.shape[1]), name=f"{name}_penalty")(
            blocks.penalty(mask, ATTENTION_PENALTY, name=f"{name}_keys")
        )
        x = layers.Multiply(name=f"{name}_masked")(
            [blocks.dense(x, self.width, name=f"{name}_widen"), mask]
        )
        place = layers.DepthwiseConv1D(
            3,
            padding="same",
            use_bias=False,
            name=f"{name}_place",
            depthwise_initializer=blocks.initializer(),
        )(x)
        x = layers.Add(name=f"{name}_place_add")([x, place])
        x = blocks.transform(
            x, depth=self.depth, heads=self.heads, widening=2, name=f"{name}_", penalty=penalty
        )
        x = blocks.token_states(blocks.normalize(x, f"{name}_last"), name)
        if self.pooling == "max":
            x = layers.Activation("relu", name=f"{name}_last_relu")(x)
            return blocks.largest(x, mask, name=name)
        return blocks.average(
            layers.Multiply(name=f"{name}_last_masked")([x, mask]),
            mask,
            name=name,
            weighted=self.pooling == "attention",
        )


def token_port(signature: Signature) -> Port:
    """The one port of token ids. Raises RecipeError where there is none, more than one, or one of
    anything else.
    """
    ports = [port for port in signature.inputs if port.unit == TOKEN_ID]
    others = [
        port
        for port in signature.inputs
        if port.unit not in (TOKEN_ID, PAIR_ID, PARTNER_ID, MIX_SHARE)
    ]
    if len(ports) != 1 or others:
        inputs = [(each.name, each.unit) for each in signature.inputs]
        raise RecipeError(
            f"a net for texts on the inputs {inputs}",
            expected="one text column, in tokens",
            fix="load one text column, and --set 'encode=(TokenizeWords(),)'",
        )
    return ports[0]


def refuse_others(net: Network, sketch: DataSketch) -> str:
    """Returns why a net for texts cannot read the columns, or ""."""
    if sketch.is_read:
        unread = sketch.kinds - {TEXT, TOKENS, PAIRS}
    else:
        unread = frozenset()
    if sketch.may_have(TOKENS) and not unread:
        return ""
    if sketch.may_have(TEXT):
        fix = "load one text column, and --set 'encode=(TokenizeWords(),)'"
    else:
        fix = "use a net for that kind of data: Mlp() for tables, Cnn() for pictures, SeriesMlp() "
        fix += "for series"
    return Refusal(
        f"{type(net).__name__}, a net for texts, on columns of {sketch.kind_names()}",
        expected="one text column, in tokens",
        fix=fix,
    )
