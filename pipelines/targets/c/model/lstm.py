"""UNIDIRECTIONAL_SEQUENCE_LSTM with int8 weights and an int16 cell."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from .arithmetic import Multiplier, multiplier, rescale
from .kernel import Kernel
from .network import Operation
from .scaled_sums import check_sums

# In the order of their computation; the schema has input, forget, cell, output.
_GATES = ("forget", "input", "cell", "output")
_WEIGHTS = (2, 1, 3, 4)
_RECURRENT = (6, 5, 7, 8)
_BIASES = (13, 12, 14, 15)
_ANSWER = 18
_CELL = 19
_LEFT_OUT = (9, 10, 11, 16, 17, 20, 21, 22, 23)
_TANH = 4
_GATE_SCALE = np.float32(2**-12)
_SHARE_SCALE = np.float32(2**-15)
_SIGMOID_SCALE = 24
# TFLM's table has one more than the rounded value at these places.
_ONE_MORE = (4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37)
_ONE_MORE += (39, 40, 41, 43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112)
_ONE_MORE += (116, 135, 255)


class Lstm(Kernel):
    """An LSTM over the steps of one row."""

    codes = (44,)

    def check(self, operation):
        options = operation.options
        if options.timeMajor or options.fusedActivationFunction != _TANH:
            return "steps first, or another activation than tanh"
        if any(operation.optional(place) is not None for place in _LEFT_OUT):
            return "a peephole, a projection or a layer normalization, which TFLM lacks"
        if operation.input.shape[0] != 1:
            return f"a batch of {operation.input.shape[0]} rows"
        if operation.inputs[_CELL].dtype != "int16" or operation.input.dtype != "int8":
            return "other types than int8 with cells of int16"
        for place in (*_WEIGHTS, *_RECURRENT):
            tensor = operation.inputs[place]
            if tensor.values is None or tensor.dtype != "int8":
                return "weights that are not constant int8"
        weights, recurrent = _weights(operation)
        bias = _stacked(operation, _BIASES).ravel()
        return check_sums(weights, bias) or check_sums(recurrent, np.zeros(len(recurrent), int))

    def write(self, operation, source):
        weights, recurrent = _weights(operation)
        _, steps, features = operation.input.shape
        answer = operation.inputs[_ANSWER]
        output = _output_multiplier(operation)
        kept, new = _cell_multipliers(operation)
        factor, shift = _tanh_argument(operation)
        given, again = _gate_multipliers(operation)
        layer = source.parameters(
            "lstm",
            "lstm_layer",
            weights=source.constant(weights),
            recurrent=source.constant(recurrent),
            bias=source.constant(_folded_bias(operation)),
            recurrent_bias=source.constant(_recurrent_bias(operation)),
            sigmoid=source.constant(sigmoid_table()),
            steps=steps,
            features=features,
            units=answer.size,
            multipliers=[each.value for each in given],
            shifts=[each.exponent for each in given],
            recurrent_multipliers=[each.value for each in again],
            recurrent_shifts=[each.exponent for each in again],
            kept_multiplier=kept.value,
            kept_shift=kept.exponent,
            new_multiplier=new.value,
            new_shift=new.exponent,
            output_multiplier=output.value,
            output_shift=output.exponent,
            clip=_clip(operation),
            tanh_factor=factor,
            tanh_shift=shift,
            output_zero=answer.zero_point,
        )
        tensors = (operation.input, answer, operation.inputs[_CELL], operation.output)
        source.call(
            "lstm",
            f"&{layer}",
            *map(source.place, tensors),
            source.scratch(operation),
        )

    def scratch_bytes(self, operation):
        # Of CMSIS-NN: the sums of four gates and of one more, int16.
        return 0, 5 * 2 * operation.inputs[_ANSWER].size

    def run(self, operation, values):
        """Computes from the beginning: nothing is kept from the row before."""
        weights, recurrent = (each.astype(np.int64) for each in _weights(operation))
        given, again = _gate_multipliers(operation)
        bias, more_bias = _folded_bias(operation), _recurrent_bias(operation)
        answer = np.full(operation.inputs[_ANSWER].size, operation.inputs[_ANSWER].zero_point)
        cells = np.zeros(len(answer), np.int64)
        results = []
        for step in values[0][0].astype(np.int64):
            sums = (weights @ step + bias).reshape(4, -1)
            more = (recurrent @ answer + more_bias).reshape(4, -1)
            gates = []
            for gate in range(4):
                one = _int16(rescale(sums[gate], given[gate]))
                other = _int16(rescale(more[gate], again[gate]))
                gates.append(_int16(one + other) * 3)
            cells, answer = _next(
                operation,
                gates,
                cells,
            )
            results.append(answer)
        return [np.array(results, np.int8).reshape(operation.output.shape)]


def _next(operation, gates, cells):
    """Returns the cells and the answer after a step, int64 [units]."""
    forget, new, output = (sigmoid_of(gates[place]) for place in (0, 1, 3))
    kept_factor, new_factor = _cell_multipliers(operation)
    kept = _int16(rescale(forget * cells, kept_factor))
    cells = _int16(kept + _int16(rescale(new * tanh_of(gates[2]), new_factor)))
    clip = _clip(operation)
    if clip > 0:
        cells = np.clip(
            cells,
            -clip,
            clip,
        )
    factor, shift = _tanh_argument(operation)
    argument = cells * factor
    if shift:
        argument = (argument + (1 << (shift - 1))) >> shift
    value = rescale(tanh_of(argument) * output, _output_multiplier(operation))
    return cells, np.clip(
        value + operation.inputs[_ANSWER].zero_point,
        -128,
        127,
    )


@cache
def sigmoid_table() -> np.ndarray:
    """Returns TFLM's sigmoid of i / 24 in 2^-16, uint16 [256]."""
    arguments = np.arange(256) / _SIGMOID_SCALE
    values = np.round(2**16 / (1 + np.exp(-arguments))).astype(np.int64)
    values[list(_ONE_MORE)] += 1
    return np.minimum(values, 2**16 - 1).astype(np.uint16)


def sigmoid_of(value: np.ndarray) -> np.ndarray:
    """Returns the sigmoid in 2^-15 of numbers in 2^-12 times 3, int64."""
    table = sigmoid_table().astype(np.int64)
    size = np.abs(value)
    place = np.minimum(size >> 9, 254)
    line = (table[place] << 9) + (size & 511) * (table[place + 1] - table[place])
    result = np.where(
        size >> 9 >= 255,
        32767 << 10,
        line,
    )
    result = np.where(
        value < 0,
        (1 << 25) - result - 1,
        result,
    )
    return (result + 512) >> 10


def tanh_of(value: np.ndarray) -> np.ndarray:
    """Returns tanh in 2^-15 of numbers in 2^-12 times 3, int64."""
    table = sigmoid_table().astype(np.int64)
    size = np.abs(value)
    place = np.minimum(size >> 8, 254)
    line = (table[place] << 8) + (size & 255) * (table[place + 1] - table[place])
    result = np.where(
        size >> 8 >= 255,
        65535 << 8,
        line,
    ) - (1 << 23)
    result = np.where(
        value < 0,
        -result - 1,
        result,
    )
    return (result + 128) >> 8


def _int16(value):
    return np.clip(
        value,
        -(2**15),
        2**15 - 1,
    )


def _stacked(operation, places):
    return np.stack([operation.inputs[place].values for place in places])


def _weights(operation):
    """Returns the weights of the input and of the answer, int8 [4 * units, ...]."""
    weights = _stacked(operation, _WEIGHTS)
    recurrent = _stacked(operation, _RECURRENT)
    return weights.reshape(-1, weights.shape[-1]), recurrent.reshape(-1, recurrent.shape[-1])


def _folded_bias(operation):
    sums = _weights(operation)[0].astype(np.int64).sum(axis=1)
    bias = _stacked(operation, _BIASES).ravel()
    return (bias - operation.input.zero_point * sums).astype(np.int32)


def _recurrent_bias(operation):
    sums = _weights(operation)[1].astype(np.int64).sum(axis=1)
    return (-operation.inputs[_ANSWER].zero_point * sums).astype(np.int32)


def _gate_multipliers(operation: Operation) -> tuple[list[Multiplier], list[Multiplier]]:
    """Returns the factor of each gate, of the input and of the answer."""
    given = []
    for place in _WEIGHTS:
        given.append(_gate(operation.input.scale, operation.inputs[place].scale))
    again = []
    for place in _RECURRENT:
        again.append(_gate(operation.inputs[_ANSWER].scale, operation.inputs[place].scale))
    return given, again


def _gate(one, other):
    return multiplier(np.float64(np.float32(one * other)) / np.float64(_GATE_SCALE))


def _cell_multipliers(operation: Operation) -> tuple[Multiplier, Multiplier]:
    """Returns the factors of the cell that is kept and of the one that is added."""
    scale = np.float64(operation.inputs[_CELL].scale)
    share = np.float64(_SHARE_SCALE)
    return multiplier(share * scale / scale), multiplier(share * share / scale)


def _output_multiplier(operation: Operation) -> Multiplier:
    share = np.float64(_SHARE_SCALE)
    return multiplier(share * share / np.float64(operation.inputs[_ANSWER].scale))


def _clip(operation):
    steps = np.float64(np.float32(operation.options.cellClip))
    steps /= np.float64(operation.inputs[_CELL].scale)
    return int(min(steps, 32767.0))


def _tanh_argument(operation):
    """Returns what a cell is multiplied by, and shifted right by, before tanh."""
    power = round(math.log2(float(operation.inputs[_CELL].scale)))
    shift = 15 + power - 3
    if shift < 0:
        return 3, -shift
    return 3 << shift, 0
