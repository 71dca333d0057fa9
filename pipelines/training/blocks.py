"""Layers that nets of every modality are made of, with the knobs that nets share."""

from ..device.signature import Signature
from ..errors import RecipeError
from ..slots.layers import INITIALIZERS
from .layers import activated, added, initializer, normalized, penalized

MOMENTUM = 0.9  # of the running statistics: small sets see few batches
# What one step of a recurrent layer takes in an int8 file in addition to the weights, which all
# steps share: the difference of files of 24, 48 and 96 steps, the same for 16 and for 64 units.
UNROLLED_STEP_BYTES = {"GRU": 1550, "SimpleRNN": 370}
MOST_UNROLLED_BYTES = 100_000  # 64 steps of a GRU


def with_logits(inputs, members: list, signature: Signature, *, blocks: "Blocks"):
    """The model from the inputs to logits [rows, members, outputs] of each member's features [rows,
    width], dropout between them.
    """
    import keras

    num_outputs = signature.output.shape[0]
    stacked = []
    for place, features in enumerate(members):
        kept = blocks.drop(features, f"member{place}")
        logits = blocks.dense(kept, num_outputs, name=f"member{place}_logits")
        reshape = keras.layers.Reshape((1, num_outputs), name=f"member{place}_stacked")
        stacked.append(reshape(logits))
    if len(stacked) > 1:
        together = keras.layers.Concatenate(axis=1, name="stacked")(stacked)
    else:
        together = stacked[0]
    model = keras.Model(inputs, together, name=type(blocks.net).__name__.lower())
    return penalized(model, blocks.net.layers)


def check_initializer(net) -> None:
    """Raises RecipeError where a net's initializer is none of Keras'."""
    if net.initializer not in INITIALIZERS:
        usual = type(net).__dataclass_fields__["initializer"].default
        raise RecipeError(
            f"build.initializer={net.initializer!r}",
            expected=", ".join(INITIALIZERS),
            fix=f"--set build.initializer={usual}",
        )


def check_heads(net) -> None:
    """Raises RecipeError where a net's heads do not divide its width."""
    if net.width % net.heads:
        raise RecipeError(
            f"build.width={net.width} with build.heads={net.heads}",
            expected="a width that the heads divide",
            fix=f"--set build.width={8 * net.heads}",
        )


def check_unrolled(
    cell: str, num_steps: int, num_layers: int, most_bytes: int, *, fix: str
) -> None:
    """Raises RecipeError where recurrent layers that ship step by step would take more than
    `most_bytes`; `fix` has a place {} for the most steps that fit.
    """
    step_bytes = UNROLLED_STEP_BYTES[cell]
    if num_steps * num_layers * step_bytes > most_bytes:
        raise RecipeError(
            f"{num_layers} {cell} layers over {num_steps} steps, which ship unrolled: "
            f"{num_steps * num_layers} steps of about {step_bytes:,} bytes",
            expected=f"at most {most_bytes:,} bytes",
            fix=fix.format(max(most_bytes // (step_bytes * num_layers), 1)),
        )


def copy_weights(source, to) -> None:
    """From the layers of one model to those of the same names in the other, and whether they are
    trained.
    """
    for layer in source.layers:
        if layer.weights:
            twin = to.get_layer(layer.name)
            twin.trainable = layer.trainable
            twin.set_weights(layer.get_weights())


def last_features(model, head: str = "member0_logits"):
    """Returns what the last dense layer takes, before dropout.

    Args:
        model: of Keras.
        head: the name of the last dense layer.
    """
    import keras

    features = model.get_layer(head).input
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout) and layer.output is features:
            return layer.input
    return features


class Blocks:
    """Makes the layers of one net: each with its own seed, and with the knobs that nets share."""

    def __init__(self, net, *, seed: int = 0, synchronized: bool = False):
        self.net, self._seed, self._synchronized = net, seed * 1009, synchronized
        self.layers = net.layers

    def attend(self, x, heads: int, *, name: str, penalty=None):
        """Self-attention over tokens [rows, tokens, width] (Vaswani et al. 2017,
        https://arxiv.org/abs/1706.03762). `penalty`: taken from the scores that each token gets,
        [rows, 1, 1, tokens].
        """
        import keras

        layers = keras.layers
        tokens, width = x.shape[1:]

        def split(part, axes):
            each = layers.Reshape(
                (tokens, heads, width // heads),
                name=f"{name}_{part}_heads",
            )(self.dense(x, width, name=f"{name}_{part}"))
            return layers.Permute(axes, name=f"{name}_{part}_turned")(each)

        scores = keras.ops.matmul(split("query", (2, 1, 3)), split("key", (2, 3, 1)))
        scores = scores / (width // heads) ** 0.5
        shares = layers.Softmax(name=f"{name}_shares")(
            scores if penalty is None else scores - penalty
        )
        mixed = layers.Permute((2, 1, 3), name=f"{name}_back")(
            keras.ops.matmul(shares, split("value", (2, 1, 3)))
        )
        return self.dense(
            layers.Reshape(
                (tokens, width),
                name=f"{name}_joined",
            )(mixed),
            width,
            name=f"{name}_mix",
        )

    def transform(self, x, *, depth: int, heads: int, widening: int, name: str, penalty=None):
        """`depth` blocks over tokens [rows, tokens, width]: self-attention, then two dense layers,
        the first `widening` times as wide, each of both added to what it read. Layers that int8
        suits: batch normalization in front.
        """
        width = x.shape[2]
        for place in range(depth):
            each = f"{name}block{place}"
            attended = self.attend(
                self.normalize(x, f"{each}_first"), heads, name=each, penalty=penalty
            )
            x = self.add(x, attended, f"{each}_attended")
            inner = self.dense(
                self.normalize(x, f"{each}_second"), widening * width, name=f"{each}_wide"
            )
            inner = self.activate(self.normalize(inner, f"{each}_wide"), each)
            x = self.add(x, self.dense(inner, width, name=f"{each}_narrow"), f"{each}_add")
        return x

    def add(self, x, branch, name: str):
        """Adds a residual branch to what it read; in training it is left out for some rows, if the
        net has stochastic depth.
        """
        import keras

        rate = self.layers.stochastic_depth
        if rate:
            return added(x, branch, rate, name=name, seed=self.next_seed())
        return keras.layers.Add(name=name)([x, branch])

    def dense(self, x, width: int, *, name: str, sparsity: float = 0.0):
        """A dense layer alone; `sparsity` is the factor of L1 on what it gives, a row."""
        import keras

        penalty = None
        if sparsity:
            penalty = keras.regularizers.L1(sparsity)
        return keras.layers.Dense(
            width,
            name=name,
            kernel_initializer=self.initializer(),
            kernel_regularizer=self.regularizer(),
            activity_regularizer=penalty,
        )(x)

    def drop(self, x, name: str):
        """Dropout at the net's rate, then noise, in training."""
        import keras

        rate = self.net.dropout
        if rate:
            x = keras.layers.Dropout(
                rate,
                seed=self.next_seed(),
                name=f"{name}_dropout",
            )(x)
        if self.layers.noise:
            x = keras.layers.GaussianNoise(
                self.layers.noise, seed=self.next_seed(), name=f"{name}_noise"
            )(x)
        return x

    def normalize(self, x, name: str):
        """Normalization of the kind chosen, or nothing where the net goes without."""
        import keras

        if not self.net.normalization:
            return x
        if self.layers.normalization != "batch":
            return normalized(x, self.layers.normalization, name)
        return keras.layers.BatchNormalization(
            momentum=MOMENTUM, synchronized=self._synchronized, name=f"{name}_norm"
        )(x)

    def activate(self, x, name: str):
        """The activation chosen, or the net's own; then dropout of whole channels."""
        x = activated(x, self.layers.activation or self.net.activation, name)
        return self.drop_channels(x, name)

    def drop_channels(self, x, name: str):
        """Dropout of whole channels of steps or pictures, if the net has any."""
        import keras

        rate = self.layers.spatial_dropout
        if not rate or len(x.shape) < 3:
            return x
        kinds = {3: keras.layers.SpatialDropout1D, 4: keras.layers.SpatialDropout2D}
        make_layer = kinds[len(x.shape)]
        return make_layer(rate, seed=self.next_seed(), name=f"{name}_channels")(x)

    def halve(self, x, name: str):
        """A map [rows, height, width, channels] of half the sides."""
        import keras

        pool = keras.layers.MaxPooling2D
        if self.layers.pooling == "average":
            pool = keras.layers.AveragePooling2D
        return pool(2, padding="same", name=name)(x)

    def seed_from(self, seed: int) -> None:
        """Gives the next layer this seed, and those after it the ones that follow."""
        self._seed = seed - 1

    def next_seed(self) -> int:
        """Another one for each layer."""
        self._seed += 1
        return self._seed

    def initializer(self):
        """Of a kernel, with a seed of its own."""
        return initializer(self.layers.initializer or self.net.initializer, self.next_seed())

    def regularizer(self):
        """Of a kernel, or None."""
        import keras

        if self.net.regularizer:
            return keras.regularizers.L2(self.net.regularizer)
        return None
