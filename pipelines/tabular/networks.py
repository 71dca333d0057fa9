"""Nets for tables."""

from dataclasses import dataclass, replace
from typing import ClassVar

from ..device.cells import PICTURE, SERIES, TEXT
from ..device.signature import Signature
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from ..training.blocks import Blocks
from ..training.layers import penalized

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

    initializer: ClassVar[str] = "GlorotUniform"
    regularizer: ClassVar[float] = 0.0

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
                blocks=Blocks(self, synchronized=synchronized),
            )
            for member in range(self.num_members)
        ]
        stacked = [keras.layers.Reshape((1, num_outputs))(head) for head in heads]
        if len(stacked) > 1:
            together = keras.layers.Concatenate(axis=1)(stacked)
        else:
            together = stacked[0]
        return penalized(keras.Model(inputs, together, name="mlp"), self.layers)

    def _member(self, inputs, ports, num_outputs, *, seed, name, blocks):
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
            dense = keras.layers.Dense(
                width,
                use_bias=not self.normalization,
                name=f"{name}_dense{depth}",
                kernel_initializer=_seeded(blocks, seed + 31 * depth).initializer(),
            )
            x = self._hidden(x, dense, blocks, name=f"{name}_{depth}", seed=seed + 31 * depth)
        return _seeded(blocks, seed + 997).dense(x, num_outputs, name=f"{name}_logits")

    def _hidden(self, before, dense, blocks, *, name, seed):
        """Returns the values of a hidden layer, and what it read with them if it is residual."""
        x = blocks.normalize(dense(before), name)
        x = blocks.activate(x, name)
        x = _seeded(blocks, seed).drop(x, name)
        if self.residual and before.shape[-1] == dense.units:
            x = _seeded(blocks, seed + 2).add(before, x, f"{name}_add")
        return x


def _seeded(blocks, seed):
    """Returns the blocks, whose next layer has this seed: that of a layer is one of its place."""
    blocks.seed_from(seed)
    return blocks
