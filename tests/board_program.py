"""Programs of one row on a simulated Cortex-M4: what they take and what they give."""

import subprocess
from dataclasses import dataclass
from importlib import resources

from pipelines.engine.starter import ending_with_this
from pipelines.targets.c.footprint import CORE, INSTRUCTIONS_A_TICK, simulation
from pipelines.targets.c.model.network import port_name, read_network
from pipelines.targets.c.model.write import inputs_header, write_model

COMPILER = ("arm-none-eabi-gcc", f"-mcpu={CORE}", "-mthumb")
_ENDED = "  semihosting(0x18, (const void *)0x20026);"
# After the ticks: a sum of the outputs, the arena of an interpreter, the bytes of the row, and of
# its inputs and outputs.
_PRINTED = """  {
    uint32_t checksum = 0;
    size_t place;
    for (place = 0; place < sizeof output; ++place) {
      checksum = checksum * 31U + (uint8_t)output[place];
    }
    semihosting(4, " ");
    print_number(checksum);
    semihosting(4, " ");
    print_number((uint32_t)bench_arena);
    semihosting(4, " ");
    print_number(sizeof row);
    semihosting(4, " ");
    print_number(sizeof inputs + sizeof output);
    semihosting(4, bench_failed ? " failed" : " ran");
  }
"""
_PREPARE = """#include "signature.h"
volatile uint32_t bench_arena;
volatile int bench_failed;
static uint32_t state = 1;
static int8_t drawn(void) {
  state = state * 1664525U + 1013904223U;
  return (int8_t)(uint8_t)(state >> 24);
}
void prepare_reset(void) {}
int prepare(const signature_row *row, signature_inputs *inputs) {
  size_t place;
  (void)row;
%s
  return 0;
}
"""


@dataclass(frozen=True)
class Figures:
    """What a program of one row takes.

    Attributes:
        flash_bytes: Of code and constants, with the libraries that they use.
        ram_bytes: Of static memory with the inputs and outputs; without the stack.
        instructions: Of one row.
        checksum: Of the outputs of one random row.
    """

    flash_bytes: int
    ram_bytes: int
    instructions: int
    checksum: int


def program_texts(content):
    """The C of an int8 file, and around it a program that asks it one random row."""
    network = read_network(content)
    size = network.outputs[0].size
    declared = (
        f"#define SIGNATURE_NUM_OUTPUTS {size}\ntypedef struct {{ int none; }} signature_row;\n"
        '#ifdef __cplusplus\nextern "C" {\n#endif\n'
        "void prepare_reset(void);\n"
        "int prepare(const signature_row *row, signature_inputs *inputs);\n"
        "#ifdef __cplusplus\n}\n#endif\n#endif\n"
    )
    drawn = []
    for tensor in network.inputs:
        value = "drawn()" if tensor.dtype == "int8" else "drawn() & 1"
        drawn.append(
            f"  for (place = 0; place < {tensor.size}; ++place) "
            f"inputs->{port_name(tensor)}[place] = {value};"
        )
    board = resources.files("pipelines.targets.c") / "board"
    program = (board / "board.c").read_text().replace(_ENDED, _PRINTED + _ENDED)
    program = program.replace(
        "static signature_row row;",
        "extern volatile uint32_t bench_arena;\nextern volatile int bench_failed;\n"
        "static signature_row row;",
    )
    return {
        "signature.h": inputs_header(content)
        .replace("#endif\n", declared)
        .replace("#include <stdint.h>", "#include <stddef.h>\n#include <stdint.h>"),
        "prepare.c": _PREPARE % "\n".join(drawn),
        "board.c": program,
        "board.ld": (board / "board.ld").read_text(),
        **write_model(content, "bench").files,
    }


def measure_c(content, folder, *, options=(), libraries=()):
    """What the C of an int8 file takes at -O2.

    Args:
        content: The file.
        folder: An empty folder.
        options: More options of the compiler.
        libraries: Archives.
    """
    for name, text in program_texts(content).items():
        (folder / name).write_text(text)
    sources = ["board.c", "prepare.c", "model.c", *libraries, "-lm", "-o", "program.elf"]
    linked = ["-std=gnu99", "-O2", "-nostartfiles", "-Wl,--gc-sections", "-T", "board.ld"]
    run([*COMPILER, *linked, *options, *sources], folder)
    flash, static, printed = run_program(folder)
    ticks, checksum, _, row, _ = (int(each) for each in printed[:5])
    return Figures(flash, static - row, ticks * INSTRUCTIONS_A_TICK, checksum)


def run_program(folder):
    """Flash, static memory, and the words that program.elf prints."""
    line = run(["arm-none-eabi-size", "program.elf"], folder).splitlines()[-1]
    text, data, bss = (int(each) for each in line.split()[:3])
    printed = run(simulation("program.elf"), folder).split()
    if printed[-1] != "ran":
        raise SystemExit(f"the program printed {printed}")
    return text + data, data + bss, printed


def run(command, folder):
    """What a command prints."""
    tied = ending_with_this(command)
    done = subprocess.run(tied, cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode:
        command = " ".join(map(str, command))
        raise SystemExit(f"{command[:300]} ended with {done.returncode}: {done.stderr[-1500:]}")
    return done.stdout + done.stderr
