"""A net of causal convolutions for windows → the same net for one new step a call.

What a causal convolution reads of the steps before the new one are the states: inputs and outputs
like any other, so that every runtime can keep them. Weights are those of the net for windows. A
state of zeros is what that net pads its windows with, so both forms agree from the first step on
(as the cached convolutions of Paine et al. 2016, https://arxiv.org/abs/1611.09482).
"""

import math

import numpy as np

from ..device.ports import Port, Streaming
from ..device.runner import LiteRT
from ..device.signature import Signature
from ..errors import ExportError
from ..training.blocks import copy_weights

MAX_STATE_BYTES = 128 * 2**20  # of the states of all calibration rows
PIECE_ROWS = 64


def streaming_form(model):
    """keras.Model {port: [rows, ...]} → outputs, to keras.Model {port, "state0", ...} → {"output",
    "state0", ...}: of past steps it takes the newest, [rows, 1, channels], and each state [rows,
    (kernel - 1) * dilation, width] comes out as it goes in at the next step.
    """
    import keras

    layers = keras.layers
    past = _past(model)
    made = {}
    inputs = {}
    outputs = {}
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            shape = layer.output.shape[1:]
            x = inputs[layer.name] = keras.Input(
                (1, *shape[1:]) if layer.name in past else shape,
                name=layer.name,
                dtype=layer.output.dtype,
            )
        else:
            x = [made[id(each)] for each in _read_by(layer)]
            if not (len(x) > 1):
                x = x[0]
        if _is_causal(layer):
            name = f"state{len(outputs)}"
            inputs[name] = keras.Input((_state_steps(layer), x.shape[2]), name=name)
            x = layers.Concatenate(axis=1, name=f"{layer.name}_past_and_new")([inputs[name], x])
            outputs[name] = layers.Cropping1D((1, 0), name=f"{layer.name}_next_state")(x)
            x = type(layer).from_config({**layer.get_config(), "padding": "valid"})(x)
        elif not isinstance(
            layer, (layers.InputLayer, layers.Dropout, layers.Cropping1D)
        ):  # one step is the newest
            x = type(layer).from_config(layer.get_config())(x)
        made[id(layer.output)] = x
    streaming = keras.Model(inputs, {"output": x, **outputs}, name="streaming")
    copy_weights(model, streaming)
    return streaming


def streaming_rows(model, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Calibration rows of a model for windows → of its streaming form: the newest step of each
    window with the states before it; and of every layer the steps, wherever in a window, at which
    its answer is smallest and largest: what is read of past steps is then quantized alike in both
    forms, number for number.
    """
    import keras

    num_rows = len(next(iter(rows.values())))
    convolutions = [layer for layer in model.layers if _is_causal(layer)]
    steps = convolutions[0].input.shape[1]
    row_bytes = sum(4 * _state_steps(layer) * layer.input.shape[2] for layer in convolutions)
    most = max(MAX_STATE_BYTES // row_bytes, 1)
    places = {(int(row), steps - 1) for row in np.linspace(0, num_rows - 1, min(num_rows, most))}
    activations = keras.Model(model.input, _by_step(model))
    peaks = {}
    for start in range(0, num_rows, PIECE_ROWS):
        piece = {name: x[start : start + PIECE_ROWS] for name, x in rows.items()}
        for layer, x in enumerate(activations.predict_on_batch(piece)):
            for sign in (-1, 1):
                peak = (sign * x).max(axis=2)
                row, step = divmod(int(peak.argmax()), steps)
                peaks[layer, sign] = max(
                    peaks.get((layer, sign), (-np.inf,)), (peak[row, step], start + row, step)
                )
    places |= {(row, step) for _, row, step in peaks.values()}
    return _rows_at(model, rows, *np.array(sorted(places)).T)


def _rows_at(model, rows, at_rows, at_steps):
    """Rows of the streaming form: those at `at_rows`, when `at_steps` is their newest step."""
    import keras

    convolutions = [layer for layer in model.layers if _is_causal(layer)]
    past = _past(model)
    parts = []
    states = keras.Model(model.input, [layer.input for layer in convolutions])
    for start in range(0, len(at_rows), PIECE_ROWS):
        row = at_rows[start : start + PIECE_ROWS]
        ends = at_steps[start : start + PIECE_ROWS]
        piece = {name: x[row] for name, x in rows.items()}
        part = {
            name: x[np.arange(len(row)), ends][:, None] if name in past else x
            for name, x in piece.items()
        }
        read = states.predict_on_batch(piece)
        for place, (layer, x) in enumerate(
            zip(convolutions, read if isinstance(read, list) else [read], strict=True)
        ):
            length = _state_steps(layer)
            x = np.pad(x, ((0, 0), (length, 0), (0, 0)))
            part[f"state{place}"] = np.stack(
                [each[end : end + length] for each, end in zip(x, ends, strict=True)]
            )
        parts.append(part)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def with_streaming(signature: Signature, interpreter: LiteRT, *, num_steps: int) -> Signature:
    """The signature with the ports of the streaming form and the scales of its int8 file.
    `num_steps`: how many the net looks back on. Raises ExportError where a state comes out in
    another scale than it goes in.
    """
    shapes = interpreter.inputs()
    taken = interpreter.quantization()
    given = interpreter.output_quantization()
    states = []
    for name in sorted(
        (name for name in given if name != "output"), key=lambda name: int(name[len("state") :])
    ):
        if not (
            math.isclose(taken[name][0], given[name][0], rel_tol=1e-6)
            and taken[name][1] == given[name][1]
        ):
            raise ExportError(
                f"the int8 streaming form takes {name} with (scale, zero point) {taken[name]} and "
                f"gives {given[name]}",
                expected="one scale, so that a state can go back in as it came out",
                fix="--set build.stream=False",
            )
        states.append(
            Port(name, shapes[name][0][1:], "float32", "activations of past steps", *taken[name])
        )
    inputs = tuple(
        Port(
            port.name,
            shapes[port.name][0][1:],
            port.dtype,
            port.unit,
            *taken[port.name],
            num_ids=port.num_ids,
        )
        for port in signature.inputs
    )
    output = Port(
        "output", signature.output.shape, "float32", signature.output.unit, *given["output"]
    )
    return Signature(
        **{**vars(signature), "stream": Streaming(inputs, tuple(states), output, num_steps)}
    )


def _is_causal(layer):
    return type(layer).__name__ == "Conv1D" and layer.padding == "causal"


def _state_steps(layer):
    return (layer.kernel_size[0] - 1) * layer.dilation_rate[0]


def _read_by(layer):
    """The tensors that a layer takes."""
    if isinstance(layer.input, list):
        return layer.input
    return [layer.input]


def _past(model):
    """The names of the inputs that causal convolutions read."""
    read = {id(layer.input) for layer in model.layers if _is_causal(layer)}
    names = set()
    for layer in reversed(model.layers):
        if id(layer.output) in read:
            read |= {id(each) for each in _read_by(layer)}
            if type(layer).__name__ == "InputLayer":
                names |= {layer.name}
    return names


def _by_step(model):
    """The tensors [rows, steps, width] that are made of past steps, these among them, but for the
    last ones, of which the newest step alone is read.
    """
    past = _past(model)
    found = {}
    for layer in model.layers:
        read = [id(each) for each in _read_by(layer)]
        if type(layer).__name__ == "Cropping1D":
            del found[read[0]]
        elif layer.name in past or any(each in found for each in read):
            found[id(layer.output)] = layer.output
    return list(found.values())
