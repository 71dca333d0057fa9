"""Blocks that nets for series are built of, and the inputs that they read."""

from collections.abc import Callable
from typing import Any

from ..device.ports import Port
from ..device.primitives import PackSteps
from ..device.signature import Signature, made_from
from ..device.units import CATEGORY_ID, SERIES_INTERVAL, SERIES_STANDARD
from ..errors import RecipeError
from ..tasks import task_of
from ..training.blocks import Blocks

BY_STEP = (SERIES_STANDARD, SERIES_INTERVAL)


class SeriesBlocks(Blocks):
    """Blocks for steps [rows, steps, channels].

    Attributes:
        signature: Of the model.
        inputs: The Keras input of each port, by name.
    """

    def __init__(self, net, signature: Signature, *, seed: int = 0, synchronized: bool = False):
        super().__init__(net, seed=seed, synchronized=synchronized)
        self.signature = signature
        self.inputs = input_layers(signature)
        self._made_once: dict = {}

    def horizon(self) -> int:
        """Returns how many steps are forecast.

        Raises:
            RecipeError: If there are none.
        """
        if not task_of(self.signature.target).looks_ahead:
            raise RecipeError(
                f"{type(self.net).__name__} without steps to forecast",
                expected="a forecast",
                fix="--set 'build=SeriesLstm()'",
            )
        return self.signature.frame.horizon

    def once(self, name: str, make: Callable[[], Any]):
        """Returns what `make` gave when this name was first asked for: members share it."""
        if name not in self._made_once:
            self._made_once[name] = make()
        return self._made_once[name]

    def other_inputs(self) -> list:
        """Returns what a row has besides its past steps, each as [rows, width]; the same layers
        whenever it is asked.
        """
        return self.once("others", self._flat_inputs)

    def _flat_inputs(self):
        import keras

        layers = keras.layers
        past = past_ports(self.signature)
        others = []
        for port in self.signature.inputs:
            if port in past:
                continue
            value = self.inputs[port.name]
            if port.unit == CATEGORY_ID:
                embed = layers.Embedding(port.num_ids, 4, name=f"{port.name}_embedding")
                value = embed(value)
            if len(value.shape) > 2:
                flatten = layers.Flatten(name=f"{port.name}_flat")
                value = flatten(value)
            others.append(value)
        return others

    def joined(self, parts: list, name: str):
        """Returns the parts side by side."""
        import keras

        if len(parts) == 1:
            return parts[0]
        concatenate = keras.layers.Concatenate(name=f"{name}_joined")
        return concatenate(parts)

    def newest(self, x, name: str):
        """Returns the newest step, [rows, width]."""
        import keras

        layers = keras.layers
        _, steps, width = x.shape
        crop = layers.Cropping1D((steps - 1, 0), name=f"{name}_newest")
        last = crop(x)
        flatten = layers.Reshape((width,), name=f"{name}_newest_flat")
        return flatten(last)

    def recur(self, x, cell: str, width: int, *, name: str):
        """Returns the output of a recurrent layer at every step, [rows, steps, width].

        Args:
            x: Steps [rows, steps, channels].
            cell: The name of the Keras layer.
            width: Its units.
            name: Of the layer.
        """
        import keras

        layers = keras.layers
        cells = {"LSTM": layers.LSTM, "GRU": layers.GRU, "SimpleRNN": layers.SimpleRNN}
        make_layer = cells[cell]
        layer = make_layer(
            width,
            return_sequences=True,
            name=name,
            kernel_initializer=self.initializer(),
            recurrent_initializer=keras.initializers.Orthogonal(seed=self.next_seed()),
            kernel_regularizer=self.regularizer(),
        )
        return layer(x)


def input_layers(signature: Signature) -> dict:
    """Returns the Keras input of each port, by name."""
    import keras

    inputs = {}
    for port in signature.inputs:
        inputs[port.name] = keras.Input(port.shape, name=port.name, dtype=port.dtype)
    return inputs


def past_ports(signature: Signature) -> list[Port]:
    """Returns the ports of past steps, but for what is known beforehand.

    Args:
        signature: Of a model of series.

    Raises:
        RecipeError: If there is none, or they differ in length.
    """
    columns_of = {}
    for primitive in signature.primitives:
        if isinstance(primitive, PackSteps):
            columns_of[primitive.into] = primitive.columns
    names = ()
    if signature.frame:
        names = signature.frame.known
    known = made_from(signature.primitives, names)
    ports = []
    for port in signature.inputs:
        if port.unit not in BY_STEP:
            continue
        first_column = columns_of[port.name][0]
        if first_column not in known:
            ports.append(port)
    lengths = {port.shape[0] for port in ports}
    if len(lengths) != 1:
        inputs = [(port.name, port.shape) for port in signature.inputs]
        raise RecipeError(
            f"a net for series on the inputs {inputs}",
            expected="series of one length, by step",
            fix="load series, and --set 'encode=(FillGaps(), ScaleSeries())'",
        )
    return ports
