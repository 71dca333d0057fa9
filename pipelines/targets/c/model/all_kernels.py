"""The kernels of all operators, by the number of the operator in the schema."""

from collections.abc import Sequence

from ....errors import ExportError
from .convolution import Conv2D, DepthwiseConv2D
from .copies import (
    Concatenation,
    Pack,
    Reshape,
    Reverse,
    Slice,
    Split,
    SplitV,
    StridedSlice,
    Transpose,
    Unpack,
)
from .curves import Abs, HardSwish, Rsqrt
from .dense import FullyConnected
from .gather import Gather
from .islands import FloatIsland, with_islands
from .kernel import Kernel
from .lstm import Lstm
from .matmul import BatchMatmul
from .network import Network, Operation, read_network
from .pads import Pad
from .pairs import Add, Maximum, Minimum, Multiply, Prelu, SquaredDifference, Subtract
from .pools import AveragePool, MaxPool
from .quotients import Divide
from .reductions import Mean, ReduceMax, ReduceMin, Sum
from .resizes import ResizeBilinear, ResizeNearest
from .softmax import Softmax
from .tables import LeakyRelu, Logistic, Quantize, Relu, Tanh
from .transposed import TransposedConv

KERNELS: tuple[Kernel, ...] = (
    FullyConnected(),
    BatchMatmul(),
    Conv2D(),
    DepthwiseConv2D(),
    MaxPool(),
    AveragePool(),
    Add(),
    Subtract(),
    Multiply(),
    Divide(),
    SquaredDifference(),
    Maximum(),
    Minimum(),
    Prelu(),
    Logistic(),
    Tanh(),
    Quantize(),
    Relu(),
    LeakyRelu(),
    HardSwish(),
    Rsqrt(),
    Abs(),
    FloatIsland(),
    Mean(),
    Sum(),
    ReduceMax(),
    ReduceMin(),
    Softmax(),
    Lstm(),
    Gather(),
    TransposedConv(),
    ResizeBilinear(),
    ResizeNearest(),
    Reshape(),
    Concatenation(),
    Pack(),
    Unpack(),
    Split(),
    SplitV(),
    Transpose(),
    Reverse(),
    Slice(),
    StridedSlice(),
    Pad(),
)
_BY_CODE = {code: kernel for kernel in KERNELS for code in kernel.codes}


def kernel_of(operation: Operation) -> Kernel:
    """Returns the kernel of an operation; `refusal` is asked before."""
    return _BY_CODE[operation.code]


def refusal(network: Network) -> str:
    """Returns the first operation that cannot be written in C and why, or ""."""
    for operation in network.operations:
        kernel = _BY_CODE.get(operation.code)
        if kernel is None:
            reason = "an operator that has no C code"
        else:
            reason = kernel.check(operation)
        if reason:
            return f"the operator {operation.kind} (number {operation.place}): {reason}"
    return ""


def known_network(content: bytes, output_names: Sequence[str] = ()) -> Network:
    """Reads a TFLite file whose every operation can be written in C.

    Args:
        content: The file.
        output_names: Of its outputs in their order; () as the file names the tensors.

    Raises:
        ExportError: One cannot be; the error names it.
    """
    network = with_islands(read_network(content, output_names))
    reason = refusal(network)
    if reason:
        raise ExportError(
            f"the model in C: {reason}",
            expected="operators of int8 with constant weights that TFLM has",
            fix="build the net with another layer, or leave the target c out",
        )
    return network
