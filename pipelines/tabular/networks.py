"""Nets for tables."""

from dataclasses import dataclass, replace

from ..device.cells import PICTURE, SERIES, TEXT
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from ..training.layers import activated, added, initializer, normalized, penalized

ACTIVATIONS = ("relu", "relu6", "tanh", "sigmoid")  # and more by build.layers.activation


@dataclass(frozen=True)
class Mlp(Network):
    """A dense net: hidden layers with batch normalization and dropout, several nets side by side.

    Members see the same batches, start from other seeds and ship as one model that averages their
    logits (after TabM, Gorishniy et al. 2024, https://arxiv.org/abs/2410.24210, without its shared
    weights). Category ids share one embedding table a member.

    Attributes:
        widths: Of the hidden layers, one after the other; () is a linear model of the inputs, which
            on bins is a sum of curves, one a column.
        dropout: The share of values that is dropped after each hidden layer.
        normalization: Whether batch normalization follows each hidden layer.
        residual: Whether each hidden layer's input is added to its output if the widths agree.
        activation: Of the hidden layers, by its Keras name.
        embedding_width: Of the vector of a category.
        num_members: How many nets stand side by side.
    """

    widths: tuple[int, ...] = knob((64, 32), 1, 4096)
    dropout: float = knob(0.3, 0, 0.95)
    normalization: bool = True
    residual: bool = False
    activation: str = "relu"
    embedding_width: int = knob(8, 1, 256)
    num_members: int = knob(4, 1, 64)

    def check(self) -> None:
        """Raises RecipeError where the net cannot be built."""
        if self.activation not in ACTIVATIONS:
            raise RecipeError(
                f"build.activation={self.activation!r}",
                expected=", ".join(ACTIVATIONS),
                fix="name one that int8 kernels have",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a dense net cannot read the columns, or ""."""
        for kind, example in ((PICTURE, "Cnn()"), (SERIES, "SeriesMlp()"), (TEXT, "TextCnn()")):
            if sketch.surely_has(kind) or (kind == SERIES and sketch.window_steps):
                return Refusal(
                    f"a dense net for tables on columns of {sketch.kind_names()}",
                    expected=f"a net for columns of that kind: {kind}",
                    fix=f"--set 'build={example}'",
                )
        return super().suits(sketch)

    def tiny(self) -> "Mlp":
        """The same kind of net, small enough for a test."""
        return replace(
            self,
            widths=tuple(min(width, 16) for width in self.widths),
            num_members=2,
        )

    def linear(self) -> "Mlp":
        """Returns a linear model of the same inputs."""
        return replace(self, widths=(), num_members=1, residual=False)

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled: ports by name → logits [rows, num_members, outputs].

        `synchronized`: batch normalization over all replicas of a mirrored strategy.
        """
        import keras

        if any(port.is_picture for port in signature.inputs):
            raise RecipeError(
                "a dense net for tables on pictures",
                expected="a net for pictures",
                fix="--set 'build=Cnn()'",
            )
        inputs = {
            port.name: keras.Input(port.shape, name=port.name, dtype=port.dtype)
            for port in signature.inputs
        }
        ports = {port.name: port for port in signature.inputs}
        num_outputs = signature.output.shape[0]
        heads = [
            self._member(
                inputs,
                ports,
                num_outputs,
                seed=seed * 1009 + member,
                name=f"member{member}",
                synchronized=synchronized,
            )
            for member in range(self.num_members)
        ]
        stacked = [keras.layers.Reshape((1, num_outputs))(head) for head in heads]
        if len(stacked) > 1:
            together = keras.layers.Concatenate(axis=1)(stacked)
        else:
            together = stacked[0]
        return penalized(keras.Model(inputs, together, name="mlp"), self.layers)

    def _member(self, inputs, ports, num_outputs, *, seed, name, synchronized):
        import keras

        layers = keras.layers
        parts = []
        for port_name, port in ports.items():
            x = inputs[port_name]
            if port.dtype == "int32":
                table = layers.Embedding(
                    port.num_ids,
                    self.embedding_width,
                    name=f"{name}_{port_name}_embedding",
                    embeddings_initializer=keras.initializers.RandomNormal(
                        stddev=0.1,
                        seed=seed,
                    ),
                )
                x = layers.Flatten()(table(x))
            parts.append(x)
        if len(parts) > 1:
            x = layers.Concatenate()(parts)
        else:
            x = parts[0]
        for depth, width in enumerate(self.widths):
            before = x
            x = layers.Dense(
                width,
                use_bias=not self.normalization,
                name=f"{name}_dense{depth}",
                kernel_initializer=self._initializer(seed + 31 * depth),
            )(x)
            x = self._normalized(x, f"{name}_norm{depth}", synchronized)
            x = self._activated(x, f"{name}_hidden{depth}")
            x = self._dropped(x, seed + 31 * depth)
            if self.residual and before.shape[-1] == width:
                x = self._added(before, x, name=f"{name}_add{depth}", seed=seed + 31 * depth)
        return layers.Dense(
            num_outputs,
            name=f"{name}_logits",
            kernel_initializer=self._initializer(seed + 997),
        )(x)

    def _initializer(self, seed):
        return initializer(self.layers.initializer or "GlorotUniform", seed)

    def _normalized(self, x, name, synchronized):
        import keras

        if not self.normalization:
            return x
        if self.layers.normalization != "batch":
            return normalized(x, self.layers.normalization, name)
        return keras.layers.BatchNormalization(momentum=0.9, synchronized=synchronized, name=name)(
            x
        )

    def _activated(self, x, name):
        import keras

        if self.layers.activation:
            return activated(x, self.layers.activation, name)
        return keras.layers.Activation(self.activation)(x)

    def _dropped(self, x, seed):
        import keras

        if self.dropout:
            x = keras.layers.Dropout(self.dropout, seed=seed)(x)
        if self.layers.noise:
            x = keras.layers.GaussianNoise(self.layers.noise, seed=seed + 1)(x)
        return x

    def _added(self, before, x, *, name, seed):
        import keras

        if self.layers.stochastic_depth:
            return added(before, x, self.layers.stochastic_depth, name=name, seed=seed + 2)
        return keras.layers.Add()([before, x])
