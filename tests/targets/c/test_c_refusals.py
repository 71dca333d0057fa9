"""What has no C code is refused by its operator and its reason, before anything is written: a file
for each reason that a kernel can give.
"""

import ast
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ExportError
from pipelines.targets.c import model
from pipelines.targets.c.kernels import CKernels
from pipelines.targets.c.model.all_kernels import KERNELS, known_network
from pipelines.targets.c.model.network import Operation, Tensor
from pipelines.targets.c.model.write import inputs_header
from tests.targets.c.many_models import ManyModels, code_of
from tests.targets.c.small_files import SAME, SmallFile

TANH = 4


def one(kind, options="", *, inputs=((1, 4),), output=(1, 4), dtypes=("int8", "int8"), **fields):
    """A file of one operator whose inputs are all computed."""
    scales = {"scale": fields.pop("scale", 0.05), "zero_point": fields.pop("zero_point", 3)}
    file = SmallFile()
    taken = [file.input(*shape, dtype=dtypes[0]) for shape in inputs]
    y = file.output(*output, dtype=dtypes[1], **scales)
    return file.of(kind, taken, y, options, **fields)


def with_constants(kind, options, *constants, inputs=((1, 4),), output=(1, 4), **fields):
    """A file of one operator with constants behind its inputs."""
    file = SmallFile()
    taken = [file.input(*shape) for shape in inputs]
    for values in constants:
        taken.append(file.constant(values, scale=0.05, zero_point=fields.pop("at", 0)))
    y = file.output(*output, scale=0.05, zero_point=3)
    return file.of(kind, taken, y, options, **fields)


def dense(weights, *bias, **fields):
    return with_constants(
        "FULLY_CONNECTED",
        "FullyConnectedOptions",
        weights,
        *bias,
        inputs=((1, weights.shape[1]),),
        output=(1, len(weights)),
        **fields,
    )


def transposed(weights, **fields):
    file = SmallFile()
    shape = file.numbers([1, 4, 4, 3])
    taken = [shape, file.constant(weights, scale=0.05), file.input(1, 2, 2, 4)]
    y = file.output(1, 4, 4, 3)
    fields = {"padding": SAME, "strideH": 2, "strideW": 2, **fields}
    return file.of("TRANSPOSE_CONV", taken, y, "TransposeConvOptions", **fields)


def gather(*, ids="int32", output="int8", axis=0):
    file = SmallFile()
    table = file.weights(2, 5, scales=(0.05,))
    y = file.output(1, 4, 5, scale=0.05, zero_point=0, dtype=output)
    taken = [table, file.input(1, 4, dtype=ids)]
    return file.of("GATHER", taken, y, "GatherOptions", axis=axis)


def split_constant():
    file = SmallFile()
    taken = [file.numbers([1]), file.constant(ints(1, 4), scale=0.05)]
    return file.of("SPLIT", taken, file.output(1, 2), "SplitOptions", numSplits=2)


def padded(*, computed_value=False, dtype="int8"):
    file = SmallFile()
    taken = [file.input(1, 4, dtype=dtype), file.numbers([[0, 0], [1, 0]])]
    if computed_value:
        taken.append(file.input(1))
    y = file.output(1, 5, scale=0.05, zero_point=3, dtype=dtype)
    return file.of("PADV2", taken, y, "PadV2Options")


def ints(*shape, value=1):
    return np.full(shape, value, np.int8)


TURNS = (2, 1, 2, 1, 2, 1)
# Words of the reason → the kind of the operator, and a file.
REFUSED = {
    "an operator that has no C code": ("FLOOR", lambda: one("FLOOR")),
    "a tensor of float32, where only int8 is computed with": (
        "SOFTMAX",
        lambda: one("SOFTMAX", "SoftmaxOptions", dtypes=("float32", "float32"), beta=1.0),
    ),
    "a tensor of int64": (
        "RESHAPE",
        lambda: one("RESHAPE", "ReshapeOptions", dtypes=("int64", "int64")),
    ),
    "inputs and output of unequal scales": (
        "MAX_POOL_2D",
        lambda: one(
            "MAX_POOL_2D",
            "Pool2DOptions",
            inputs=((1, 4, 4, 1),),
            output=(1, 2, 2, 1),
            scale=0.2,
            strideH=2,
            strideW=2,
            filterHeight=2,
            filterWidth=2,
        ),
    ),
    "an output scale that TFLM does not take": ("LOGISTIC", lambda: one("LOGISTIC")),
    "an output scale that is more than 128 times finer than the input's": (
        "HARD_SWISH",
        lambda: one("HARD_SWISH", scale=0.0001),
    ),
    "a fused activation that TFLM lacks": (
        "ADD",
        lambda: one("ADD", "AddOptions", inputs=((1, 4), (1, 4)), fusedActivationFunction=TANH),
    ),
    "a shape or a place that is computed": (
        "TRANSPOSE",
        lambda: one("TRANSPOSE", "TransposeOptions", inputs=((1, 4), (1, 2))),
    ),
    "an axis that is computed": (
        "SPLIT",
        lambda: one("SPLIT", "SplitOptions", inputs=((1,), (1, 4))),
    ),
    "a constant that is cut": ("SPLIT", split_constant),
    "an ellipsis or a new axis, which TFLM lacks": (
        "STRIDED_SLICE",
        lambda: with_constants(
            "STRIDED_SLICE",
            "StridedSliceOptions",
            *[np.array(each, np.int32) for each in ([0, 0], [1, 4], [1, 1])],
            newAxisMask=1,
        ),
    ),
    "rows that are no rows of the first axis": ("GATHER", lambda: gather(axis=1)),
    "ids of int64, where int32 is expected": ("GATHER", lambda: gather(ids="int64")),
    "a table and an output of unequal types": ("GATHER", lambda: gather(output="int16")),
    "a factor that is not int8": (
        "BATCH_MATMUL",
        lambda: one(
            "BATCH_MATMUL",
            "BatchMatMulOptions",
            inputs=((1, 2, 2), (1, 2, 2)),
            output=(1, 2, 2),
            dtypes=("int16", "int16"),
        ),
    ),
    "factors of unequal numbers of matrices": (
        "BATCH_MATMUL",
        lambda: one(
            "BATCH_MATMUL",
            "BatchMatMulOptions",
            inputs=((2, 1, 2, 2), (1, 3, 2, 2)),
            output=(2, 3, 2, 2),
        ),
    ),
    "products summed over 40,000 values, which int32 may not hold": (
        "BATCH_MATMUL",
        lambda: one(
            "BATCH_MATMUL",
            "BatchMatMulOptions",
            inputs=((1, 1, 40_000), (1, 40_000, 1)),
            output=(1, 1, 1),
        ),
    ),
    "a padding that is computed": ("PADV2", lambda: padded(computed_value=True)),
    "a tensor of int16": ("PADV2", lambda: padded(dtype="int16")),
    "a tensor of int16, where int8 is expected": (
        "MAXIMUM",
        lambda: one(
            "MAXIMUM",
            "MaximumMinimumOptions",
            inputs=((1, 4), (1, 4)),
            dtypes=("int16", "int16"),
        ),
    ),
    "more than 5 axes": (
        "ADD",
        lambda: one("ADD", "AddOptions", inputs=(TURNS, TURNS[::-1]), output=(2,) * 6),
    ),
    "quotients that are too small or too large for the steps of the output": (
        "DIV",
        lambda: one("DIV", "DivOptions", inputs=((1, 4), (1, 4)), scale=0.5),
    ),
    "axes that are computed": (
        "MEAN",
        lambda: one("MEAN", "ReducerOptions", inputs=((1, 4), (1,)), output=(1,)),
    ),
    "axes that do not stand together": (
        "SUM",
        lambda: with_constants(
            "SUM",
            "ReducerOptions",
            np.arange(0, 12, 2, dtype=np.int32),
            inputs=((2,) * 12,),
            output=(2,) * 6,
        ),
    ),
    "more than one picture": (
        "RESIZE_NEAREST_NEIGHBOR",
        lambda: with_constants(
            "RESIZE_NEAREST_NEIGHBOR",
            "ResizeNearestNeighborOptions",
            np.array([4, 4], np.int32),
            inputs=((2, 2, 2, 1),),
            output=(2, 4, 4, 1),
        ),
    ),
    "weights that are computed": (
        "FULLY_CONNECTED",
        lambda: one("FULLY_CONNECTED", "FullyConnectedOptions", inputs=((1, 4), (2, 4))),
    ),
    "weights of int16, where int8 is expected": (
        "FULLY_CONNECTED",
        lambda: dense(ints(2, 4).astype(np.int16)),
    ),
    "weights with the zero point 2, where 0 is expected": (
        "FULLY_CONNECTED",
        lambda: dense(ints(2, 4), at=2),
    ),
    "a bias of int64 that is not constant int32": (
        "FULLY_CONNECTED",
        lambda: dense(ints(2, 4), np.zeros(2, np.int64)),
    ),
    "sums of weights and inputs that int32 does not hold": (
        "FULLY_CONNECTED",
        lambda: dense(ints(1, 70_000, value=127)),
    ),
    "weights that are not constant int8 about 0": (
        "TRANSPOSE_CONV",
        lambda: transposed(ints(3, 2, 2, 4).astype(np.int16)),
    ),
}
# Of LSTMs, which the converter writes: an operation with what is left out of it.
LSTM = {
    "steps first, or another activation than tanh": {"timeMajor": True},
    "a peephole, a projection or a layer normalization, which TFLM lacks": {"peephole": True},
    "a batch of 2 rows": {"rows": 2},
    "other types than int8 with cells of int16": {"cell": "int8"},
    "weights that are not constant int8": {"weights": "int16"},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_an_operator_is_refused(reason):
    kind, content = REFUSED[reason]
    words = rf"the operator {kind} \(number 0\): .*{re.escape(reason)}$"
    with pytest.raises(ExportError) as error:
        known_network(content())
    assert re.search(words, error.value.received), error.value.received
    with pytest.raises(ExportError):  # what the converter tries before an epoch is spent
        CKernels().run(content(), None, {})


@pytest.mark.parametrize("reason", LSTM)
def test_an_lstm_is_refused(reason):
    (kernel,) = (each for each in KERNELS if 44 in each.codes)
    assert kernel.check(_lstm(**LSTM[reason])) == reason


def _lstm(*, timeMajor=False, peephole=False, rows=1, cell="int16", weights="int8"):
    class Options:
        fusedActivationFunction = TANH

    Options.timeMajor = timeMajor
    constant = _tensor((2, 2), weights, np.ones((2, 2), weights))
    inputs = [_tensor((rows, 3, 2), "int8"), *[constant] * 8, *[None] * 3]
    if peephole:
        inputs[9] = constant
    inputs += [_tensor((2,), "int32", np.zeros(2, np.int32))] * 4
    inputs += [None, None, _tensor((1, 2), "int8"), _tensor((1, 2), cell), *[None] * 4]
    output = _tensor((rows, 3, 2), "int8")
    return Operation(44, "LSTM", 0, Options, tuple(inputs), (output,))


def _tensor(shape, dtype, values=None):
    return Tensor(0, "", shape, dtype, np.array([0.1], np.float32), 0, values)


def test_every_reason_has_a_file():
    """Whatever a check returns in words is a reason above."""
    known = "\n".join([*REFUSED, *LSTM])
    for path in Path(model.__path__[0]).glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            if not re.match(r"_?(check|require|has_constants|refusal)", function.name):
                continue
            for words in _words_returned(function):
                assert words in known, f"{path.name}: {words!r}"


def _words_returned(function):
    """The longest piece of each text that a function returns or names as a reason."""
    for node in ast.walk(function):
        value = node.value if isinstance(node, (ast.Return, ast.Assign)) else None
        pieces = []
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            pieces = [value.value]
        elif isinstance(value, ast.JoinedStr):
            pieces = [each.value for each in value.values if isinstance(each, ast.Constant)]
        longest = max(pieces, key=len, default="").strip(" ,()")
        if longest and longest != "the operator" and "number" not in longest:
            yield longest


@pytest.mark.skipif(not shutil.which("g++"), reason="needs g++: apt-get install g++")
def test_a_copy_over_many_axes_is_made_in_parts(tmp_path):
    file = SmallFile()
    shape = (1, 2, 3, 2, 3, 2, 3, 2)
    order = [0, 7, 6, 5, 4, 3, 2, 1]
    taken = [file.input(*shape), file.numbers(order)]
    y = file.output(*[shape[axis] for axis in order], scale=0.05, zero_point=3)
    content = file.of("TRANSPOSE", taken, y, "TransposeOptions")
    x = np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)
    models = ManyModels(tmp_path, inputs_header(content), x.size)
    assert models.compile([code_of(content)]) == set()
    assert models.outputs(0, x.tobytes()) == np.ascontiguousarray(x.transpose(order)).tobytes()
