"""A net of causal convolutions for windows → the same net for one new step a call.

What a causal convolution reads of the steps before the new one are the states: inputs and outputs
like any other, so that every runtime can keep them. Weights are those of the net for windows. A
state of zeros is what that net pads its windows with, so both forms agree from the first step on
(as the cached convolutions of Paine et al. 2016, https://arxiv.org/abs/1611.09482).
"""

import math
from dataclasses import replace

import numpy as np

from ..device.ports import Port, Streaming
from ..device.runner import LiteRT
from ..device.signature import Signature
from ..errors import ExportError
from ..training.blocks import copy_weights

MAX_STATE_BYTES = 128 * 2**20  # of the states of all calibration rows
PIECE_ROWS = 64


def streaming_form(model):
    """Builds the net for one new step a call from the net for windows.

    Args:
        model: keras.Model {port: [rows, ...]} → output.

    Returns:
        keras.Model {port, "state0", ...} → {"output", "state0", ...}. Of past steps it takes the
        newest, [rows, 1, channels]. Each state [rows, (kernel - 1) * dilation, width] comes out as
        it goes in at the next step.
    """
    import keras

    layers = keras.layers
    # With one step, which is the newest, cropping leaves all.
    left_out = (layers.Dropout, layers.Cropping1D)
    past = _past(model)
    tensors = {}
    inputs = {}
    states = {}
    for layer in model.layers:
        if isinstance(layer, layers.InputLayer):
            x = _streaming_input(layer, is_past=layer.name in past)
            inputs[layer.name] = x
            tensors[id(layer.output)] = x
            continue
        x = [tensors[id(each)] for each in _read_by(layer)]
        if len(x) == 1:
            x = x[0]
        if _is_causal(layer):
            name = f"state{len(states)}"
            state = keras.Input((_state_steps(layer), x.shape[2]), name=name)
            inputs[name] = state
            x, states[name] = _convolve_newest(layer, state, x)
        elif not isinstance(layer, left_out):
            copy = type(layer).from_config(layer.get_config())
            x = copy(x)
        tensors[id(layer.output)] = x
    outputs = {"output": x, **states}
    streaming = keras.Model(inputs, outputs, name="streaming")
    copy_weights(model, streaming)
    return streaming


def _streaming_input(layer, *, is_past):
    """Returns the input of the streaming form for an input layer; of past steps, the newest."""
    import keras

    shape = layer.output.shape[1:]
    if is_past:
        shape = (1, *shape[1:])
    return keras.Input(shape, name=layer.name, dtype=layer.output.dtype)


def _convolve_newest(layer, state, x):
    """Applies a causal convolution to its state and the newest step.

    Returns:
        (its output, its next state).
    """
    import keras

    join = keras.layers.Concatenate(axis=1, name=f"{layer.name}_past_and_new")
    drop_oldest = keras.layers.Cropping1D((1, 0), name=f"{layer.name}_next_state")
    joined = join([state, x])
    next_state = drop_oldest(joined)
    config = {**layer.get_config(), "padding": "valid"}
    convolution = type(layer).from_config(config)
    return convolution(joined), next_state


def streaming_rows(model, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Builds calibration rows of the streaming form from those of the model for windows.

    They hold the newest step of each window with the states before it; and of every layer the
    steps, wherever in a window, at which its answer is smallest and largest. What is read of past
    steps is then quantized alike in both forms, number for number.

    Args:
        model: the keras.Model for windows.
        rows: input → array [rows, ...].

    Returns:
        Input of the streaming form → array [rows, ...].
    """
    first_input = next(iter(rows.values()))
    num_rows = len(first_input)
    convolutions = _convolutions(model)
    last_step = convolutions[0].input.shape[1] - 1
    row_bytes = 0
    for layer in convolutions:
        row_bytes += 4 * _state_steps(layer) * layer.input.shape[2]
    most = max(MAX_STATE_BYTES // row_bytes, 1)
    places = set(_peak_places(model, rows, num_rows))
    for row in np.linspace(0, num_rows - 1, min(num_rows, most)):
        places.add((int(row), last_step))
    at_rows, at_steps = np.array(sorted(places)).T
    return _rows_at(model, rows, at_rows, at_steps)


def _peak_places(model, rows, num_rows):
    """Returns (row, step) of the smallest and the largest value of every layer of steps."""
    import keras

    activations = keras.Model(model.input, _by_step(model))
    lowest = (-np.inf,)
    peaks = {}
    for start in range(0, num_rows, PIECE_ROWS):
        piece = {name: x[start : start + PIECE_ROWS] for name, x in rows.items()}
        for layer, x in enumerate(activations.predict_on_batch(piece)):
            for sign in (-1, 1):
                values = (sign * x).max(axis=2)
                row, step = divmod(int(values.argmax()), values.shape[1])
                peak = (values[row, step], start + row, step)
                before = peaks.get((layer, sign), lowest)
                peaks[layer, sign] = max(before, peak)
    return [(row, step) for _, row, step in peaks.values()]


def _rows_at(model, rows, at_rows, at_steps):
    """Builds rows of the streaming form: those at `at_rows`, with `at_steps` as newest step."""
    import keras

    convolutions = _convolutions(model)
    past = _past(model)
    parts = []
    states = keras.Model(model.input, [layer.input for layer in convolutions])
    for start in range(0, len(at_rows), PIECE_ROWS):
        row = at_rows[start : start + PIECE_ROWS]
        ends = at_steps[start : start + PIECE_ROWS]
        piece = {name: x[row] for name, x in rows.items()}
        part = dict(piece)
        for name in past:
            newest = piece[name][np.arange(len(row)), ends]
            part[name] = newest[:, None]
        read = states.predict_on_batch(piece)
        if not isinstance(read, list):
            read = [read]
        for place, (layer, x) in enumerate(zip(convolutions, read, strict=True)):
            part[f"state{place}"] = _states_at(x, ends, _state_steps(layer))
        parts.append(part)
    joined = {}
    for name in parts[0]:
        joined[name] = np.concatenate([part[name] for part in parts])
    return joined


def _states_at(x, ends, length):
    """Returns the state before the newest step of each window.

    Args:
        x: float32 [rows, steps, width], the input of a convolution.
        ends: int [rows], the newest steps.
        length: steps of the state.

    Returns:
        float32 [rows, length, width].
    """
    padded = np.pad(x, ((0, 0), (length, 0), (0, 0)))
    states = [each[end : end + length] for each, end in zip(padded, ends, strict=True)]
    return np.stack(states)


def with_streaming(signature: Signature, interpreter: LiteRT, *, num_steps: int) -> Signature:
    """Adds the ports of the streaming form to a signature, with the scales of its int8 file.

    Args:
        signature: of the form for windows.
        interpreter: of the int8 streaming form.
        num_steps: how many steps the net looks back on.

    Returns:
        The signature with `stream`.

    Raises:
        ExportError: a state comes out in another scale than it goes in.
    """
    shapes = {name: shape[1:] for name, (shape, _) in interpreter.inputs().items()}
    taken = interpreter.quantization()
    given = interpreter.output_quantization()
    num_states = len(given) - 1
    states = []
    for place in range(num_states):
        name = f"state{place}"
        _check_state(name, taken[name], given[name])
        state = Port(
            name,
            shapes[name],
            "float32",
            "activations of past steps",
            *taken[name],
        )
        states.append(state)
    inputs = []
    for port in signature.inputs:
        name = port.name
        scale, zero_point = taken[name]
        streamed = Port(
            name, shapes[name], port.dtype, port.unit, scale, zero_point, num_ids=port.num_ids
        )
        inputs.append(streamed)
    unit = signature.output.unit
    output = Port(
        "output",
        signature.output.shape,
        "float32",
        unit,
        *given["output"],
    )
    stream = Streaming(tuple(inputs), tuple(states), output, num_steps)
    return replace(signature, stream=stream)


def _check_state(name, taken, given):
    """Raises ExportError if a state comes out with another (scale, zero point) than it goes in."""
    same_scale = math.isclose(taken[0], given[0], rel_tol=1e-6)
    if same_scale and taken[1] == given[1]:
        return
    raise ExportError(
        f"the int8 streaming form takes {name} with (scale, zero point) {taken} and gives {given}",
        expected="one scale, so that a state can go back in as it came out",
        fix="--set build.stream=False",
    )


def _convolutions(model):
    return [layer for layer in model.layers if _is_causal(layer)]


def _is_causal(layer):
    return type(layer).__name__ == "Conv1D" and layer.padding == "causal"


def _state_steps(layer):
    return (layer.kernel_size[0] - 1) * layer.dilation_rate[0]


def _read_by(layer):
    """Returns the tensors that a layer takes."""
    if isinstance(layer.input, list):
        return layer.input
    return [layer.input]


def _past(model):
    """Returns the names of the inputs that causal convolutions read."""
    read = {id(layer.input) for layer in _convolutions(model)}
    names = set()
    for layer in reversed(model.layers):
        if id(layer.output) not in read:
            continue
        read.update(id(each) for each in _read_by(layer))
        if type(layer).__name__ == "InputLayer":
            names.add(layer.name)
    return names


def _by_step(model):
    """Returns the tensors [rows, steps, width] that are made of past steps, these among them.

    The last ones, of which the newest step alone is read, are left out.
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
