"""An int8 TFLite file as the operations that C code is written for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....convert.graph import Graph
from ....convert.operators import operators
from ....device.litert import plain_name
from ....errors import ExportError

_DTYPES = {
    0: "float32",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of the file.

    Attributes:
        place: Its number in the file.
        name: In the file.
        shape: Of all its axes, the batch of one included.
        dtype: Of its values.
        scales: float32, one, or one a channel; empty if it is not quantized.
        zero_point: Of all its channels.
        values: Of a constant, in its shape; None if it is computed.
        is_variable: Whether it keeps its values from one call to the next.
    """

    place: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: np.ndarray
    zero_point: int
    values: np.ndarray | None = None
    is_variable: bool = False

    @property
    def size(self) -> int:
        """Its number of values."""
        return math.prod(self.shape)

    @property
    def num_bytes(self) -> int:
        """The bytes that its values take."""
        return self.size * np.dtype(self.dtype).itemsize

    @property
    def scale(self) -> np.float32:
        """Its first scale, which is its only one where it is computed."""
        return self.scales[0]

    @property
    def is_computed(self) -> bool:
        """Whether it holds another row's values at each call."""
        return self.values is None and not self.is_variable


@dataclass(frozen=True, eq=False)
class Operation:
    """An operator of the file with its tensors.

    Attributes:
        code: The operator's number in the schema.
        kind: Its name in the schema.
        place: Its number in the file.
        options: Its table of the schema, such as Conv2DOptionsT; None if it has none.
        inputs: Its tensors; None for one that is left out.
        outputs: Its results.
        intermediates: What an LSTM has between its gates.
    """

    code: int
    kind: str
    place: int
    options: Any
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    intermediates: tuple[Tensor, ...] = ()

    @property
    def input(self) -> Tensor:
        """Its first tensor."""
        first = self.inputs[0]
        if first is None:
            raise ExportError(
                f"{self.kind} (operator {self.place}) without its first tensor",
                expected="a file that a converter wrote",
                fix="make the file again",
            )
        return first

    @property
    def output(self) -> Tensor:
        """Its first result."""
        return self.outputs[0]

    def optional(self, place: int) -> Tensor | None:
        """Returns the input at a place; None if it is left out."""
        if place < len(self.inputs):
            return self.inputs[place]
        return None

    def computed(self) -> list[Tensor]:
        """Returns its inputs that are not constant."""
        return [each for each in self.inputs if each is not None and each.values is None]


@dataclass(frozen=True, eq=False)
class Network:
    """The operations of a file in their order.

    Attributes:
        inputs: What it takes, in the order of the file.
        outputs: What it gives.
        operations: In the order in which they run.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    operations: tuple[Operation, ...]

    def variables(self) -> list[Tensor]:
        """Returns the tensors that are kept from one call to the next."""
        found = {}
        for operation in self.operations:
            for each in operation.inputs:
                if each is not None and each.is_variable:
                    found[each.place] = each
        return list(found.values())


def read_network(content: bytes, output_names: Sequence[str] = ()) -> Network:
    """Reads a TFLite file.

    Args:
        content: The file.
        output_names: Of its outputs in their order; () as the file names the tensors.

    Raises:
        ExportError: It is no TFLite file, or holds more than one subgraph.
    """
    operators(content)  # refuses what is no TFLite file
    graph = Graph(content)
    tensors = []
    for place in range(len(graph.subgraph.tensors)):
        tensors.append(_tensor(graph, place))
    for place, name in zip(graph.subgraph.outputs, output_names, strict=False):
        tensors[place] = replace(tensors[place], name=name)
    operations = []
    for place, operator in enumerate(graph.subgraph.operators):
        code = graph.model.operatorCodes[operator.opcodeIndex]
        operation = Operation(
            max(code.builtinCode, code.deprecatedBuiltinCode),
            graph.kind(operator),
            place,
            operator.builtinOptions,
            _taken(tensors, operator.inputs),
            _taken(tensors, operator.outputs),
            _taken(tensors, operator.intermediates),
        )
        operations.append(operation)
    return Network(
        _taken(tensors, graph.subgraph.inputs),
        _taken(tensors, graph.subgraph.outputs),
        tuple(operations),
    )


def port_name(tensor: Tensor) -> str:
    """Returns the name of an input or output without what converters add to it."""
    return plain_name(tensor.name)


def _taken(tensors, places):
    if places is None:
        return ()
    return tuple(None if place < 0 else tensors[place] for place in places)


def _tensor(graph, place):
    """Returns the tensor at a place of the file."""
    tensor = graph.tensor(place)
    dtype = _DTYPES.get(tensor.type, f"type {tensor.type}")
    shape = () if tensor.shape is None else tuple(int(size) for size in tensor.shape)
    scales = np.zeros(0, np.float32)
    zero_point = 0
    quantization = tensor.quantization
    if quantization is not None and quantization.scale is not None:
        scales = np.asarray(quantization.scale, np.float32)
        zero_points = np.asarray(quantization.zeroPoint, np.int64)
        if len(zero_points):
            zero_point = int(zero_points[0])
    values = None
    buffer = graph.model.buffers[tensor.buffer]
    if buffer.data is not None and len(buffer.data) and dtype in _DTYPES.values():
        data = np.asarray(buffer.data, np.uint8)
        values = data.view(dtype).reshape(shape)
    name = tensor.name or b""
    if isinstance(name, bytes):
        name = name.decode("utf-8", "replace")
    is_variable = bool(tensor.isVariable)
    return Tensor(
        place,
        name,
        shape,
        dtype,
        scales,
        zero_point,
        values,
        is_variable,
    )
