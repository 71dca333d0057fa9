"""A TFLite file without what no runtime reads, but for the names and the description that are asked
for.

The converter writes a name for every tensor, which in an unrolled recurrent net of 48 steps is 112
kB, an empty buffer for each that holds no constant, and for every channel of every weight a zero
point of eight bytes, always 0.
"""

from collections.abc import Mapping

import numpy as np

_ALIGNMENT_BYTES = 16  # of constants, as the schema demands: kernels read them where they lie


def pack_file(content: bytes, *, names: Mapping[int, str] | None = None) -> bytes:
    """The bytes of a TFLite file → of a smaller one that computes the same, bit for bit, on every
    runtime: without the names of tensors that are neither input nor output, without metadata,
    descriptions and unused buffers, and with equal constants, quantizations, options, shapes and
    texts written once. `names`: place → name of tensors that get one.

    What the file takes and gives keeps its names, order, types, scales and signatures. Metadata
    that a runtime asks for, such as MediaPipe's, are to be written after. Raises ValueError where
    the bytes are no TFLite file.
    """
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != b"TFL3":
        raise ValueError(f"{len(content)} bytes that are no TFLite file")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    _drop_words(model, names or {})
    _drop_buffers(model)
    return _written(model, len(content))


def without_words(content: bytes) -> bytes:
    """The bytes of a TFLite file without names and descriptions, which would take a
    microcontroller's flash; any other bytes as they are.
    """
    if content[4:8] == b"TFL3":
        return pack_file(content)
    return content


def with_description(content: bytes, description: str) -> bytes:
    """The bytes of a packed TFLite file with a description, and all else as it is."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    model.description = description
    return _written(model, len(content))


def _written(model, size):
    _share_tables(model)
    builder = _sharing_builder(size)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _drop_words(model, names):
    model.description, model.metadata, model.metadataBuffer = None, None, None
    for graph in model.subgraphs:
        ports = {*graph.inputs, *graph.outputs}
        for place, tensor in enumerate(graph.tensors):
            if place not in ports:
                tensor.name = names.get(
                    place, ""
                )  # and not none: some readers take it that there is one


def _drop_buffers(model):
    """Buffer 0 is the empty one by the schema; all others that are empty become it, and those
    nobody reads go.
    """
    kept = [model.buffers[0]]
    places = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            buffer = model.buffers[tensor.buffer]
            if buffer.data is None or not len(buffer.data):
                tensor.buffer = 0
                continue
            if tensor.buffer not in places:
                places[tensor.buffer] = len(kept)
                kept.append(buffer)
            tensor.buffer = places[tensor.buffer]
    model.buffers = kept


def _share_tables(model):
    class Once:
        """A table that is written where the first equal one is, and refers to that from then on."""

        def __init__(self, table, written):
            self.table, self.written, self.key = table, written, _content(table)

        def Pack(self, builder):
            if self.key not in self.written:
                self.written[self.key] = self.table.Pack(builder)
            return self.written[self.key]

    written = {}
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.quantization:
                tensor.quantization = Once(tensor.quantization, written)
        for operator in graph.operators:
            if operator.builtinOptions:
                operator.builtinOptions = Once(operator.builtinOptions, written)


def _content(value):
    """What a table holds, as something to compare by."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tobytes()
    if isinstance(value, list):
        return tuple(map(_content, value))
    if hasattr(value, "__dict__"):
        return type(value).__name__, *((name, _content(each)) for name, each in vars(value).items())
    return value


def _sharing_builder(size):
    """A flatbuffers builder that writes equal arrays and equal texts once."""
    import flatbuffers

    class SharingBuilder(flatbuffers.Builder):
        def __init__(self, size):
            super().__init__(size)
            self.written = {}

        def CreateNumpyVector(self, x):
            key = (x.dtype.str, x.tobytes())
            if key not in self.written:
                if x.dtype == np.uint8:
                    self.written[key] = self._constant(x)
                else:
                    self.written[key] = super().CreateNumpyVector(x)
            return self.written[key]

        def CreateString(self, s, encoding="utf-8", errors="strict"):
            if s not in self.written:
                self.written[s] = super().CreateString(s, encoding, errors)
            return self.written[s]

        def _constant(self, x):
            self.StartVector(1, len(x), _ALIGNMENT_BYTES)
            self.head -= len(x)
            self.Bytes[self.head : self.head + len(x)] = x.tobytes()
            return self.EndVector()

    return SharingBuilder(size)
