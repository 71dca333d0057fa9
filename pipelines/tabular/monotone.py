"""A dense net for tables whose answer only rises, or only falls, with some columns."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..device.flow import follow
from ..device.primitives import PackingPrimitive
from ..device.primitives.numbers import Missing
from ..device.signature import Signature, made_from
from ..errors import RecipeError
from ..rows.sketch import DataSketch
from ..slots import Network
from ..spec import Refusal, knob
from .networks import Mlp

_ONE_NUMBER = ((), (1,))  # a column before and after it was scaled
_FIX = "--set 'encode=(ScaleStandard(), EncodeOnehot())'"


@dataclass(frozen=True)
class MonotoneMlp(Network):
    """A dense net of one output that never falls with the columns of `rising` and never rises with
    those of `falling`, whatever the other columns are.

    Every weight on the way from these columns keeps its sign (Archer and Wang 1993,
    https://doi.org/10.1111/j.1540-5915.1993.tb00462.x; Daniels and Velikova 2010,
    https://doi.org/10.1109/TNN.2010.2044803), and activations that are bounded on both sides let
    the answer bend both ways. Rounding keeps the order too: the int8 file is as monotone. Of two
    classes the answer is the probability of the second one.

    Attributes:
        rising: Numeric columns with which the answer may rise only.
        falling: Numeric columns with which it may fall only.
        widths: Of the hidden layers.
        dropout: The share of values that is dropped after each hidden layer.
        embedding_width: Of the vector of a category that comes as an id.
    """

    constrains: ClassVar[bool] = True

    rising: tuple[str, ...] = ()
    falling: tuple[str, ...] = ()
    widths: tuple[int, ...] = knob(
        (64, 32),
        1,
        4096,
    )
    dropout: float = knob(
        0.1,
        0,
        0.95,
    )
    embedding_width: int = knob(
        8,
        1,
        256,
    )

    def check(self) -> None:
        """Raises RecipeError for a column that shall rise and fall."""
        both = set(self.rising) & set(self.falling)
        if both:
            raise RecipeError(
                f"build.rising and build.falling both name {sorted(both)[0]!r}",
                expected="one of both for a column",
                fix="take it out of one of them",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a dense net cannot read the columns, or its answer has no order, or ""."""
        if not sketch.may_be(_has_one_output):
            return Refusal(
                f"MonotoneMlp for {sketch.target_words()}",
                expected="one number a row, or two classes",
                fix="--set 'build=Mlp()'",
            )
        return Mlp().suits(sketch) or super().suits(sketch)

    def tiny(self) -> "MonotoneMlp":
        """The same kind of net, small enough for a test."""
        return replace(self, widths=tuple(min(width, 16) for width in self.widths))

    def build(self, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        """Signature → keras.Model, uncompiled: ports by name → logits [rows, 1, 1]."""
        import keras

        layers = keras.layers
        _require_one_output(signature)
        self._require_found(signature)
        inputs, parts, signs = self._entered(signature, seed)
        x = parts[0]
        if len(parts) > 1:
            x = layers.Concatenate()(parts)
        sign = np.concatenate(signs)
        for depth, width in enumerate(self.widths):
            dense = layers.Dense(width, name=f"member0_dense{depth}")
            x = dense(x)
            _start(
                dense.kernel,
                sign,
                seed + depth,
            )
            x = layers.Activation("relu6", name=f"member0_{depth}_relu6")(x)
            if self.dropout:
                x = layers.Dropout(self.dropout, seed=seed + depth)(x)
            sign = np.ones(width, np.float32)
        head = layers.Dense(1, name="member0_logits")
        x = layers.Reshape((1, 1))(head(x))
        _start(
            head.kernel,
            sign,
            seed + len(self.widths),
        )
        return keras.Model(
            inputs,
            x,
            name="monotone_mlp",
        )

    def _entered(self, signature, seed):
        """Returns the inputs of the net by port, what is joined of them, and the signs of each."""
        import keras

        layers = keras.layers
        signs = []
        inputs = {}
        parts = []
        for port in signature.inputs:
            x = keras.Input(
                port.shape,
                name=port.name,
                dtype=port.dtype,
            )
            inputs[port.name] = x
            sign = self._signs(signature, port)
            if port.dtype == "int32":
                table = layers.Embedding(
                    port.num_ids,
                    self.embedding_width,
                    name=f"{port.name}_embedding",
                    embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1, seed=seed),
                )
                x = layers.Flatten()(table(x))
                sign = np.zeros(x.shape[1], np.float32)
            parts.append(x)
            signs.append(sign)
        return inputs, parts, signs

    def _signs(self, signature, port):
        """Returns 1 for each place of a port whose weights must not be negative, -1 for one whose
        weights must not be positive, 0 for others, float32 [width].
        """
        if len(port.shape) != 1:
            raise RecipeError(
                f"the input {port.name!r} of shape {port.shape} for MonotoneMlp",
                expected="numbers side by side",
                fix=_FIX,
            )
        flows = follow(signature.columns, signature.primitives)
        wanted = {**dict.fromkeys(self.rising, 1.0), **dict.fromkeys(self.falling, -1.0)}
        places = []
        for primitive in signature.primitives:
            if isinstance(primitive, PackingPrimitive) and primitive.into == port.name:
                for name in primitive.columns:
                    width = int(np.prod(flows[name].shape))
                    is_plain = flows[name].shape in _ONE_NUMBER
                    places += [wanted.get(name, 0.0) if is_plain else 0.0] * width
        return np.array(places, np.float32)

    def _require_found(self, signature):
        """Raises RecipeError for a column that no input holds as one number, or in other forms."""
        plain = _plain_columns(signature)
        for name in (*self.rising, *self.falling):
            forms = made_from(signature.primitives, (name,)) - {name}
            forms -= _flags(signature)
            if name not in plain or forms:
                raise RecipeError(
                    f"the column {name!r} for MonotoneMlp, which the steps give as "
                    f"{', '.join(sorted(forms)) or 'nothing'}",
                    expected="a numeric column that is scaled and stays one number",
                    fix=_FIX,
                )


def _plain_columns(signature):
    """Returns the raw columns that come to the net as one number each, under their own names."""
    flows = follow(signature.columns, signature.primitives)
    floats = {port.name for port in signature.inputs if port.dtype == "float32"}
    raw = {column.name for column in signature.columns}
    found = set()
    for primitive in signature.primitives:
        if isinstance(primitive, PackingPrimitive) and primitive.into in floats:
            found.update(name for name in primitive.columns if flows[name].shape in _ONE_NUMBER)
    return found & raw


def _flags(signature):
    """Returns the columns that only state what is missing."""
    found = set()
    for primitive in signature.primitives:
        if isinstance(primitive, Missing):
            found.update(primitive.makes())
    return found


def _has_one_output(task):
    """Returns whether a task may have one output, which rises or falls."""
    has_several = task.has_label_sets or task.embeds or task.spells
    return task.output_kind != "softmax" and not has_several


def _require_one_output(signature):
    """Raises RecipeError for answers that have no order."""
    if signature.output.shape != (1,):
        raise RecipeError(
            f"MonotoneMlp for {signature.output.shape[0]} outputs",
            expected="one number a row, or two classes",
            fix="--set 'build=Mlp()'",
        )


def _start(kernel, sign, seed):
    """Draws a kernel that keeps its signs, small where all add up, and has training keep them.

    Both stand on the variable and not in the layer's config: a saved net holds plain layers.
    """
    random = np.random.default_rng(seed)
    num_inputs = kernel.shape[0]
    drawn = random.normal(
        0,
        1 / np.sqrt(num_inputs),
        kernel.shape,
    )
    size = np.abs(drawn)
    if (sign == 1).all():
        size = size * 2 / np.sqrt(num_inputs)
    drawn = np.where(
        sign[:, None] == 0,
        drawn,
        size * sign[:, None],
    )
    kernel.assign(drawn.astype(np.float32))
    kernel.constraint = KeepSigns(sign)


class KeepSigns:
    """A constraint of a kernel [inputs, outputs]: weights of the wrong sign become zero."""

    def __init__(self, sign: np.ndarray):
        """Keeps weights of places with 1 from being negative, with -1 from being positive."""
        self._least = np.where(
            sign == 1,
            0.0,
            -np.inf,
        ).astype(np.float32)[:, None]
        self._most = np.where(
            sign == -1,
            0.0,
            np.inf,
        ).astype(np.float32)[:, None]

    def __call__(self, kernel):
        """Returns the kernel with its signs kept."""
        from keras import ops

        return ops.minimum(ops.maximum(kernel, self._least), self._most)
