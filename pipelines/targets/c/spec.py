"""C code as a target."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...convert.kernels import Kernels
from ...device.primitives import at_draw, num_draws
from ...device.runner import LiteRT, Runner
from ...slots import Target
from ...verify.ladder import InRunner, unscored
from ..budgets import Cost
from ..climbing import Reference, climb_end_to_end
from ..micro.limits import micro_places
from ..micro.runner import Micro, micro_available
from .c_files import c_files
from .kernels import CKernels
from .model.reference import NumpyModel
from .model.write import write_model
from .program import program_files
from .runner import CCode, compiler
from .stream import stream_files
from .tflm import array_files, tflm_files

MAX_C_ROWS = 500
# Of a model that runs in numpy, operator by operator.
MAX_NUMPY_ROWS = 10
PROGRAM_ROWS = 5


@dataclass(frozen=True)
class TargetC(Target):
    """Writes C99 without allocation, in the folder c/ of the bundle.

    The files take a raw row to its answer: what prepares it, and the int8 model itself, with the
    numbers of TFLM and no runtime; a program tests itself on a few rows. In c/tflm/ is the same
    model for TFLM's interpreter; of a streaming form there is another folder, c/stream/. The
    ladder compiles them and runs at most 500 rows, whose outputs must be TFLM's to the bit.
    """

    form: ClassVar[str] = "c_int8"
    kernels: ClassVar[tuple[Kernels, ...]] = (CKernels(),)

    def files(self, exported):
        signature = exported.signature
        int8 = exported.tflite["int8"]
        interpreter, _ = exact_interpreter(int8)
        arena_bytes = None
        if micro_available():
            arena_bytes = interpreter.arena_bytes()
        rows = _single_rows(exported.raw_rows(PROGRAM_ROWS))
        outputs = np.stack([_answered(signature, interpreter, row) for row in rows])
        code = write_model(int8, exported.name)
        files = c_files(signature, exported.name) | code.files
        files |= program_files(signature, code, exported.name, rows=rows, outputs=outputs)
        files |= tflm_files(
            signature,
            int8,
            exported.name,
            row=rows[0],
            output=outputs[0],
            arena_bytes=arena_bytes,
        )
        if signature.stream is not None:
            stream = _stream_files(exported)
            files |= {f"stream/{name}": text for name, text in stream.items()}
        return {f"c/{name}": text for name, text in files.items()}

    def cost(self, exported):
        return Cost(len(exported.tflite["int8"]))

    def climb(self, exported, test, answers):
        int8 = exported.tflite["int8"]
        if not compiler():
            note = "not run: needs a C compiler (apt-get install gcc)"
            return [unscored(self.form, len(int8), note)]
        interpreter, name = exact_interpreter(int8)
        most_rows = min(MAX_C_ROWS, len(micro_places(exported.model, len(test))))
        if not micro_available():
            most_rows = MAX_NUMPY_ROWS
        rung = climb_end_to_end(
            self.form,
            CCode(exported.files_below("c"), exported.signature),
            test,
            answers,
            size_bytes=len(int8),
            most_rows=most_rows,
            compared_with=Reference(InRunner(exported.signature, interpreter), name),
        )
        return [rung]


def exact_interpreter(content: bytes) -> tuple[Micro | NumpyModel, str]:
    """Returns what gives the outputs that C must give, and its name."""
    if micro_available():
        return Micro(content, LiteRT(content).port_names()), "TFLM"
    return NumpyModel(content), "TFLM's arithmetic in numpy"


def _answered(signature, interpreter, row):
    """Returns the outputs for one row, those of all its draws one after the other, int8."""
    outputs = []
    for draw in range(num_draws(signature.primitives)):
        drawn = replace(signature, primitives=at_draw(signature.primitives, draw))
        outputs.append(interpreter.run(Runner(drawn, interpreter).prepare(row))[0])
    return np.concatenate(outputs)


def _stream_files(exported):
    """Returns file name → text of the streaming form."""
    content = exported.tflite["stream_int8"]
    code = write_model(
        content,
        exported.name,
        header="stream",
        output_names=LiteRT(content).output_names(),
    )
    files = stream_files(exported.signature, exported.name)
    return files | code.files | array_files(content, exported.name)


def _single_rows(columns):
    """Returns the rows of columns, each as columns of one row."""
    num_rows = len(next(iter(columns.values())))
    rows = []
    for place in range(num_rows):
        rows.append({name: x[place : place + 1] for name, x in columns.items()})
    return rows
