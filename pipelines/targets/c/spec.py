"""C code as a target."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ...convert.kernels import Kernels
from ...device.primitives import at_draw, num_draws
from ...device.runner import LiteRT, Runner
from ...errors import ExportError, RecipeError
from ...slots import Target
from ...spec import knob
from ...tasks import task_of
from ...verify.ladder import InRunner, unscored
from ..budgets import Cost
from ..climbing import Reference, climb_end_to_end
from ..micro.limits import micro_places
from ..micro.runner import Micro, micro_available
from ..streams import StreamLadder, raw_steps, time_calls
from .c_files import c_files
from .footprint import CROSS_COMPILER, SIMULATOR, measure_footprint
from .kernels import CKernels
from .model.reference import NumpyModel
from .model.write import write_model
from .packages import package_files
from .prefix import is_prefix, with_prefix, without_prefix
from .program import library_sources, program_files
from .push import push_files
from .runner import CCode, compiler
from .stream import stream_files
from .stream_program import stream_program
from .stream_runner import CStream
from .tflm import array_files, tflm_files

MAX_C_ROWS = 500
# Of a model that runs in numpy, operator by operator.
MAX_NUMPY_ROWS = 10
PROGRAM_ROWS = 5
STREAM_FORM = "stream_c_int8"


@dataclass(frozen=True)
class TargetC(Target):
    """Writes C99 without allocation, in the folder c/ of the bundle.

    The files take a raw row to its answer: what prepares it, and the int8 model itself, with the
    numbers of TFLM and no runtime; a program tests itself on a few rows. In c/tflm/ is the same
    model for TFLM's interpreter; of a streaming form there is another folder, c/stream/. The
    ladder compiles them and runs at most 500 rows, whose outputs must be TFLM's to the bit; those of
    the streaming form too, step by step.

    What it takes of a Cortex-M4 is measured if `arm-none-eabi-gcc` is installed, instructions if
    `qemu-system-arm` is too.

    Attributes:
        max_flash_bytes: The most bytes of code and constants; 0: no budget.
        max_ram_bytes: The most bytes of static memory, without the stack; 0: no budget.
        max_instructions: The most instructions of one row of the model; 0: no budget.
        prefix: Stands before every name that the headers declare, so that several models can be in
            one program; lower case, "" for none.
    """

    form: ClassVar[str] = "c_int8"
    kernels: ClassVar[tuple[Kernels, ...]] = (CKernels(),)

    max_flash_bytes: int = knob(0, 0, 2**40)
    max_ram_bytes: int = knob(0, 0, 2**40)
    max_instructions: int = knob(0, 0, 2**40)
    prefix: str = ""

    def check(self):
        super().check()
        if self.prefix and not is_prefix(self.prefix):
            raise RecipeError(
                f"prefix={self.prefix!r} of names in C",
                expected="small letters, digits and _, the first one a letter",
                fix="--set 'shipping.targets=(TargetC(prefix=\"birds\"),)'",
            )

    def max_memory_bytes(self):
        return self.max_ram_bytes

    def has_budget(self):
        return super().has_budget() or bool(self.max_flash_bytes or self.max_instructions)

    def limits(self, cost):
        return [
            *super().limits(cost),
            (cost.flash_bytes, self.max_flash_bytes, "bytes of flash"),
            (cost.instructions, self.max_instructions, "instructions a row"),
        ]

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
        files |= push_files(signature, exported.name)
        files |= program_files(signature, code, exported.name, rows=rows, outputs=outputs)
        files |= package_files(
            signature,
            exported.name,
            library_sources(signature),
            row=rows[0],
            output=outputs[0],
        )
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
        files = with_prefix(files, self.prefix)
        return {f"c/{name}": text for name, text in files.items()}

    def cost(self, exported):
        int8 = exported.tflite["int8"]
        if not (self.max_flash_bytes or self.max_ram_bytes or self.max_instructions):
            return Cost(len(int8))
        code = write_model(int8, exported.name)
        files = c_files(exported.signature, exported.name) | code.files
        footprint = measure_footprint(files)
        if footprint is None or (self.max_instructions and footprint.instructions is None):
            raise RecipeError(
                "budgets of a microcontroller where nothing compiles for one",
                expected=f"{CROSS_COMPILER}, and {SIMULATOR} for instructions",
                fix="apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm, "
                "or leave the budgets out",
            )
        return Cost(
            len(int8),
            footprint.ram_bytes,
            flash_bytes=footprint.flash_bytes,
            instructions=footprint.instructions,
            shares=footprint.shares(),
        )

    def climb(self, exported, test, answers):
        int8 = exported.tflite["int8"]
        if not compiler():
            note = "not run: needs a C compiler (apt-get install gcc)"
            return [unscored(self.form, len(int8), note)]
        interpreter, name = exact_interpreter(int8)
        num_calls = task_of(exported.signature.target).device.num_calls(exported.signature)
        places = micro_places(exported.model, len(test), num_calls=num_calls)
        most_rows = min(MAX_C_ROWS, len(places))
        if not micro_available():
            most_rows = MAX_NUMPY_ROWS
        files = without_prefix(exported.files_below("c"), self.prefix)
        rung = climb_end_to_end(
            self.form,
            CCode(files, exported.signature),
            test,
            answers,
            size_bytes=len(int8),
            most_rows=most_rows,
            compared_with=Reference(InRunner(exported.signature, interpreter), name),
        )
        return [_with_footprint(rung, files)]

    def climb_stream(self, exported, test, answers):
        content = exported.tflite["stream_int8"]
        if not compiler():
            note = "not run: needs a C compiler (apt-get install gcc)"
            return [unscored(STREAM_FORM, len(content), note)]
        interpreter, name = exact_interpreter(content)
        outputs = LiteRT(content).output_names()
        files = without_prefix(exported.files_below("c/stream"), self.prefix)
        stream = CStream(files, exported.signature, outputs)
        ladder = StreamLadder(exported, test, answers)
        rung = ladder.climb_exact(
            STREAM_FORM,
            stream,
            interpreter,
            compared_with=name,
            latency_ms=time_calls(stream.run_model),
        )
        return [rung]


def _with_footprint(rung, files):
    """Returns a rung with what the code takes of a microcontroller, if that can be measured."""
    try:
        footprint = measure_footprint(files)
    except ExportError as error:
        return replace(rung, note=f"not measured on a microcontroller: {error.what}")
    if footprint is None:
        return rung
    return replace(
        rung,
        arena_bytes=footprint.ram_bytes,
        flash_bytes=footprint.flash_bytes,
        instructions=footprint.instructions,
        note=footprint.words(),
    )


def exact_interpreter(content: bytes) -> tuple[Micro | NumpyModel, str]:
    """Returns what gives the outputs that C must give, and its name."""
    plain = LiteRT(content)
    if micro_available():
        return Micro(content, plain.port_names(), plain.output_names()), "TFLM"
    return NumpyModel(content, plain.output_names()), "TFLM's arithmetic in numpy"


def _answered(signature, interpreter, row):
    """Returns the outputs for one row, those of all its draws one after the other, int8."""
    outputs = []
    for draw in range(num_draws(signature.primitives)):
        drawn = replace(signature, primitives=at_draw(signature.primitives, draw))
        runner = Runner(drawn, interpreter)
        raw, _ = runner.run(runner.prepared(row))
        outputs.append(raw[0])
    return np.concatenate(outputs)


def _stream_files(exported):
    """Returns file name → text of the streaming form."""
    content = exported.tflite["stream_int8"]
    interpreter, _ = exact_interpreter(content)
    steps = raw_steps(exported.signature, exported.raw, 0)
    code = write_model(
        content,
        exported.name,
        header="stream",
        output_names=LiteRT(content).output_names(),
    )
    main = stream_program(exported.signature, exported.name, steps, interpreter)
    files = stream_files(exported.signature, exported.name) | {"main.c": main}
    return files | code.files | array_files(content, exported.name)


def _single_rows(columns):
    """Returns the rows of columns, each as columns of one row."""
    num_rows = len(next(iter(columns.values())))
    rows = []
    for place in range(num_rows):
        rows.append({name: x[place : place + 1] for name, x in columns.items()})
    return rows
