"""A TFLite file as a graph that operators are added to at either end: an edit of the flatbuffer,
not a conversion, so that what stands between stays as it was, bit for bit.
"""

import copy

import numpy as np

from .packed import packed

# what the TFLite schema asks of every buffer, and what Python's flatbuffer writer does not know of
ALIGNMENT = 16


class Graph:
    """One subgraph, its tensors known by their place. `subgraph`: as
    `ai_edge_litert.schema_py_generated` has it.
    """

    def __init__(self, content: bytes):
        """`content`: of a TFLite file. Raises ExportError where it holds more than one subgraph."""
        from ai_edge_litert import schema_py_generated as schema

        from ..errors import ExportError

        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
        if len(self.model.subgraphs) != 1:
            raise ExportError(
                f"a TFLite file of {len(self.model.subgraphs)} subgraphs",
                expected="one",
                fix="use layers that hold no other functions: no loops, no conditions",
            )
        self.subgraph = self.model.subgraphs[0]
        # They name inputs and outputs that are about to be others; a file without them is run by
        # its tensors.
        self.model.signatureDefs = []
        self._num_first, self._added = 0, {}

    def tensor(self, place: int):
        return self.subgraph.tensors[place]

    def kind(self, operator) -> str:
        """An operator's name in the schema."""
        from .operators import name_of

        return name_of(self.model.operatorCodes[operator.opcodeIndex])

    def constant(self, place: int, dtype: str) -> np.ndarray:
        """The values of a constant tensor, in its shape."""
        data = np.asarray(self.model.buffers[self.tensor(place).buffer].data, np.uint8)
        return data.view(dtype).reshape(self.tensor(place).shape)

    def replace_constant(self, place: int, values: np.ndarray) -> None:
        """Other values, and shape, of a constant tensor."""
        tensor = self.tensor(place)
        self.model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
        tensor.shape, tensor.shapeSignature = list(values.shape), None

    def add_tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: str,
        *,
        values: np.ndarray | None = None,
        quantization: tuple[float, int] | None = None,
    ) -> int:
        """The place of a new tensor; `quantization`: its scale and zero point; `values`: of a
        constant.
        """
        from ai_edge_litert import schema_py_generated as schema

        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = (
            name,
            list(shape),
            getattr(schema.TensorType, dtype.upper()),
        )
        if values is None:
            tensor.buffer = 0
        else:
            tensor.buffer = self._buffer(values.astype(dtype).tobytes())
        if quantization is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = (
                [quantization[0]],
                [quantization[1]],
            )
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def add_like(
        self, place: int, values: np.ndarray | None = None, *, shape: tuple[int, ...] = ()
    ) -> int:
        """The place of a new tensor of the type and quantization of another: a constant of
        `values`, or of `shape`.
        """
        tensor = copy.copy(self.tensor(place))
        tensor.name, tensor.shapeSignature = f"like {place}, {len(self.subgraph.tensors)}", None
        tensor.shape = list(shape if values is None else values.shape)
        if values is None:
            tensor.buffer = 0
        else:
            tensor.buffer = self._buffer(values.tobytes())
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def repeat_first(self, operator, inputs: list[int], output: int) -> None:
        """The same operator once more on other tensors, before all that came with the file."""
        again = copy.copy(operator)
        again.inputs, again.outputs = list(inputs), [output]
        self._insert_first(again)

    def add_operator(
        self,
        kind: str,
        inputs: list[int],
        output: int,
        *,
        options=None,
        version: int = 1,
        first: bool = False,
    ) -> None:
        """An operator by its name in the schema, after all others, or with `first` before all that
        came with the file, behind those that were added so. `options`: its table of the schema,
        such as Conv2DOptionsT.
        """
        from ai_edge_litert import schema_py_generated as schema

        operator = schema.OperatorT()
        operator.opcodeIndex = self._operator_code(
            getattr(schema.BuiltinOperator, kind),
            version,
        )
        operator.inputs, operator.outputs = list(inputs), [output]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T")
            )
        if first:
            self._insert_first(operator)
        else:
            self.subgraph.operators.append(operator)

    def add_metadata(self, name: str, content: bytes) -> None:
        from ai_edge_litert import schema_py_generated as schema

        entry = schema.MetadataT()
        entry.name, entry.buffer = name, self._buffer(content)
        self.model.metadata = [*(self.model.metadata or []), entry]

    def to_bytes(self) -> bytes:
        """The content of a TFLite file."""
        buffers = self.model.buffers
        self.model.buffers = [_AlignedBuffer(each) for each in buffers]
        content = packed(self.model)
        self.model.buffers = buffers
        return content

    def _insert_first(self, operator):
        self.subgraph.operators.insert(self._num_first, operator)
        self._num_first += 1

    def _buffer(self, content):
        from ai_edge_litert import schema_py_generated as schema

        if content not in self._added:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(content, np.uint8)
            self.model.buffers.append(buffer)
            self._added[content] = len(self.model.buffers) - 1
        return self._added[content]

    def _operator_code(self, code, version):
        from ai_edge_litert import schema_py_generated as schema

        for place, each in enumerate(self.model.operatorCodes):
            if each.builtinCode == code and each.version >= version:
                return place
        new = schema.OperatorCodeT()
        new.builtinCode, new.version = code, version
        new.deprecatedBuiltinCode = min(code, 127)  # a byte: files of greater codes say so by 127
        self.model.operatorCodes.append(new)
        return len(self.model.operatorCodes) - 1


def operator_places(content: bytes) -> list[tuple[str, str]]:
    """(name, name of the tensor that it gives) of every operator of a TFLite file with one
    subgraph, in their order; empty for more subgraphs.
    """
    from ai_edge_litert import schema_py_generated as schema

    if schema.Model.GetRootAs(content).SubgraphsLength() != 1:
        return []
    graph = Graph(content)
    return [
        (
            graph.kind(each),
            name_text(graph.tensor(each.outputs[0]).name) if len(each.outputs) else "",
        )
        for each in graph.subgraph.operators
    ]


def with_unknown_operator(content: bytes) -> bytes:
    """A TFLite file with a custom operator at its end that no runtime has."""
    from ai_edge_litert import schema_py_generated as schema

    graph = Graph(content)
    code = schema.OperatorCodeT()
    operator = schema.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    code.customCode, code.version = b"no_such_operator", 1
    graph.model.operatorCodes.append(code)
    operator.opcodeIndex = len(graph.model.operatorCodes) - 1
    operator.inputs, operator.outputs = [graph.subgraph.inputs[0]], []
    graph.subgraph.operators.append(operator)
    return graph.to_bytes()


def name_text(name: str | bytes | None) -> str:
    """Returns the name of a tensor as text, "" if it has none."""
    if isinstance(name, bytes):
        return name.decode("utf-8", "replace")
    return name or ""


class _AlignedBuffer:
    def __init__(self, buffer):
        self._buffer = buffer

    def Pack(self, builder):  # noqa: N802 (the name that the writer of the whole model calls)
        from ai_edge_litert import schema_py_generated as schema

        if self._buffer.data is None:
            content = b""
        else:
            content = bytes(self._buffer.data)
        if content:
            builder.Prep(
                ALIGNMENT, len(content)
            )  # so that the bytes, not their length, begin at a multiple
            vector = builder.CreateByteVector(content)
        schema.BufferStart(builder)
        if content:
            schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)
