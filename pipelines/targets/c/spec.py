"""C code as a target."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...convert.kernels import Kernels, ReferenceKernels
from ...device.primitives import at_draw, num_draws
from ...device.runner import Runner
from ...slots import Target
from ...verify.ladder import InRunner, unscored
from ..budgets import Cost
from ..climbing import climb_end_to_end
from ..micro.kernels import MicroKernels
from ..micro.limits import micro_places
from ..micro.runner import Micro, check_kernels, micro_available
from .c_files import c_files
from .example import main_files
from .runner import CCode, compiler
from .stream import stream_files

MAX_C_ROWS = 500


@dataclass(frozen=True)
class TargetC(Target):
    """Writes C99 without allocation, in the folder c/ of the bundle.

    The files hold what stands between a raw row and the int8 model, the model as an array, and an
    example main for TFLM with one row in it; of a streaming form there is another folder,
    c/stream/. The ladder compiles them and has TFLM, or LiteRT, run the model in between, on at
    most 500 rows.
    """

    form: ClassVar[str] = "c_int8"
    kernels: ClassVar[tuple[Kernels, ...]] = (ReferenceKernels(), MicroKernels())

    def files(self, exported):
        signature = exported.signature
        int8 = exported.tflite["int8"]
        plain, _ = check_kernels(int8)
        interpreter = plain
        arena_bytes = None
        if micro_available():
            interpreter = Micro(int8, plain.port_names())
            arena_bytes = interpreter.arena_bytes()
        row = exported.raw_rows(1)
        outputs = []
        for draw in range(num_draws(signature.primitives)):
            drawn = replace(signature, primitives=at_draw(signature.primitives, draw))
            outputs.append(interpreter.run(Runner(drawn, plain).prepare(row))[0])
        output = np.concatenate(outputs)
        files = c_files(signature, int8, exported.name)
        files |= main_files(
            signature, int8, exported.name, row=row, output=output, arena_bytes=arena_bytes
        )
        if signature.stream is not None:
            stream = stream_files(signature, exported.tflite["stream_int8"], exported.name)
            files |= {f"stream/{name}": text for name, text in stream.items()}
        return {f"c/{name}": text for name, text in files.items()}

    def cost(self, exported):
        return Cost(len(exported.tflite["int8"]))

    def climb(self, exported, test, answers):
        int8 = exported.tflite["int8"]
        if not compiler():
            note = "not run: needs a C compiler (apt-get install gcc)"
            return [unscored(self.form, len(int8), note)]
        interpreter, _ = check_kernels(int8)
        if micro_available():
            interpreter = Micro(int8, interpreter.port_names())
        affordable = len(micro_places(exported.model, len(test)))
        rung = climb_end_to_end(
            self.form,
            CCode(exported.files_below("c"), exported.signature, interpreter),
            test,
            answers,
            size_bytes=len(int8),
            most_rows=min(MAX_C_ROWS, affordable),
            compared_with=InRunner(exported.signature, interpreter),
        )
        return [rung]
