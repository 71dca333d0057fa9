"""TFLM built for a Cortex-M4 from a checkout of its sources: flash, memory and instructions a row.

The checkout is https://github.com/tensorflow/tflite-micro after

    make -f tensorflow/lite/micro/tools/make/Makefile third_party_downloads

It is built as its own Makefile does for BUILD_TYPE=release: the core with -Os, the reference
kernels with -O2, without words of errors; of all kernels only those that the net needs are linked.
Objects are compiled once and kept in the folder build_cortex_m4 of the checkout.
"""

import re
from pathlib import Path

from pipelines.convert.operators import micro_name, operators
from pipelines.targets.c.footprint import CORE, INSTRUCTIONS_A_TICK
from pipelines.targets.c.model.network import port_name, read_network
from tests.board_program import COMPILER, Figures, program_texts, run, run_program

BUILD = "build_cortex_m4"
ARENA_BYTES = 2**20
MICRO = "tensorflow/lite/micro"
DOWNLOADS = f"{MICRO}/tools/make/downloads"
CPU = (f"-mcpu={CORE}", "-mthumb")
FLAGS = (
    *CPU,
    "-std=c++17",
    *("-fno-rtti", "-fno-exceptions", "-fno-threadsafe-statics", "-fmessage-length=0", "-w"),
    *("-fno-unwind-tables", "-fno-asynchronous-unwind-tables"),
    *("-ffunction-sections", "-fdata-sections"),
    *("-DTF_LITE_STATIC_MEMORY", "-DTF_LITE_DISABLE_X86_NEON"),
    *("-DNDEBUG", "-DTF_LITE_STRIP_ERROR_STRINGS"),
)
NOT_LINKED = re.compile(r"_test|test_|fake_|mock_|testing|benchmark|hexdump|recording_")
SHARED = ("kernel_util", "micro_tensor_utils", "activations_common", "decompress_common")
LSTM = "unidirectional_sequence_lstm"
WRAPPER = """#include <cstring>
#include <new>
#include "model.h"
#include "signature.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

extern "C" {{
extern const unsigned char file_start[];
extern volatile uint32_t bench_arena;
extern volatile int bench_failed;
}}
extern "C" void __cxa_pure_virtual() {{ for (;;) {{}} }}
extern "C" void abort() {{ for (;;) {{}} }}
void operator delete(void*) noexcept {{}}
void operator delete(void*, unsigned) noexcept {{}}
using Resolver = tflite::MicroMutableOpResolver<{count}>;
alignas(8) static char resolver_place[sizeof(Resolver)];
alignas(8) static char interpreter_place[sizeof(tflite::MicroInterpreter)];
alignas(16) static uint8_t arena[{arena}];
static tflite::MicroInterpreter* interpreter;

extern "C" void model_reset(void) {{
  Resolver& resolver = *new (resolver_place) Resolver();
  {added}
  interpreter = new (interpreter_place)
      tflite::MicroInterpreter(tflite::GetModel(file_start), resolver, arena, sizeof arena);
  if (interpreter->AllocateTensors() != kTfLiteOk) bench_failed = 1;
  bench_arena = interpreter->arena_used_bytes();
}}

extern "C" void model_run(const signature_inputs* inputs, int8_t* output) {{
{copies}
  if (interpreter->Invoke() != kTfLiteOk) bench_failed = 1;
  std::memcpy(output, interpreter->output(0)->data.raw, SIGNATURE_NUM_OUTPUTS);
}}
"""
COPY = (
    "  std::memcpy(interpreter->input({place})->data.raw, inputs->{name}, sizeof inputs->{name});"
)
HEADER = """#include "signature.h"
#ifdef __cplusplus
extern "C" {
#endif
void model_reset(void);
void model_run(const signature_inputs *inputs, int8_t *output);
#ifdef __cplusplus
}
#endif
"""
FILE = '.section .rodata\n.balign 16\n.global file_start\nfile_start: .incbin "model.tflite"\n'


class Tflm:
    """The objects of a checkout."""

    def __init__(self, checkout):
        self._root = Path(checkout).resolve()
        if not (self._root / DOWNLOADS / "flatbuffers").exists():
            raise SystemExit(f"{checkout} has no {DOWNLOADS}/flatbuffers:\n{__doc__}")
        self._includes = [f"-I{self._root}"]
        for each in ("", "gemmlowp", "flatbuffers/include", "ruy"):
            self._includes.append(f"-I{self._root / DOWNLOADS / each}")

    def _object(self, source, level):
        """The object of a source, compiled if it is not there yet."""
        target = self._root / BUILD / (source.replace("/", "_") + ".o")
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            unfinished = target.with_suffix(".new")
            command = ["arm-none-eabi-g++", *FLAGS, level, *self._includes, "-c", source]
            run([*command, "-o", unfinished], self._root)
            unfinished.rename(target)
        return str(target)

    def core(self):
        """The objects of everything but kernels."""
        paths = []
        for each in ("", "arena_allocator", "memory_planner", "tflite_bridge"):
            paths += (self._root / MICRO / each).glob("*.cc")
        for each in ("lite/core", "lite/kernels", "lite/schema", "compiler"):
            paths += (self._root / "tensorflow" / each).rglob("*.cc")
        names = sorted(path.relative_to(self._root).as_posix() for path in paths)
        return [self._object(each, "-Os") for each in names if not NOT_LINKED.search(each)]

    def kernels(self, kinds):
        """The objects of the kernels of some operators, and of what these share."""
        wanted = re.compile(rf"TFLMRegistration Register_({'|'.join(kinds)})\(\)")
        paths = sorted((self._root / MICRO / "kernels").glob("*.cc"))
        stems = set(SHARED)
        for path in paths:
            if not NOT_LINKED.search(path.stem) and wanted.search(path.read_text()):
                stems |= {path.stem, f"{path.stem}_common"}
        if "depthwise_conv" in stems:
            stems.add("conv_common")
        if LSTM in stems:
            stems |= {"lstm_eval", "lstm_eval_common"}
        found = [path.relative_to(self._root).as_posix() for path in paths if path.stem in stems]
        return [self._object(each, "-O2") for each in found]

    def measure(self, content, folder):
        """What an int8 file takes: the arena that is used counts, not the one that is there."""
        kinds = list(operators(content))
        for name, text in _texts(content, kinds).items():
            (folder / name).write_text(text)
        (folder / "model.tflite").write_bytes(content)
        run([*COMPILER, "-std=gnu99", "-O2", "-c", "board.c", "prepare.c", "file.S"], folder)
        command = ["arm-none-eabi-g++", *FLAGS, "-Os", *self._includes, "-I.", "-c"]
        run([*command, "wrapper.cc"], folder)
        objects = [f"{name}.o" for name in ("board", "prepare", "file", "wrapper")]
        objects += self.core() + self.kernels(kinds)
        command = [
            "arm-none-eabi-g++",
            *CPU,
            "-nostartfiles",
            "-Wl,--gc-sections",
            "-T",
            "board.ld",
        ]
        run([*command, *objects, "-lm", "-o", "program.elf"], folder)
        flash, static, printed = run_program(folder)
        ticks, checksum, arena, row, ports = (int(each) for each in printed[:5])
        # The inputs and outputs are in the arena.
        ram = static - ARENA_BYTES + arena - row - ports
        return Figures(flash, ram, ticks * INSTRUCTIONS_A_TICK, checksum)


def _texts(content, kinds):
    network = read_network(content)
    copies = []
    for place, tensor in enumerate(network.inputs):
        copies.append(COPY.format(place=place, name=port_name(tensor)))
    added = [f"resolver.Add{micro_name(each)}();" for each in kinds]
    wrapper = WRAPPER.format(
        arena=ARENA_BYTES,
        count=len(kinds),
        added="\n  ".join(added),
        copies="\n".join(copies),
    )
    return program_texts(content) | {"model.h": HEADER, "wrapper.cc": wrapper, "file.S": FILE}
