"""`python -m tests.bench_c`: what every kind of net takes as plain C on a Cortex-M4, untrained:
flash, memory, and instructions a row in QEMU, next to TFLM's arena. Words choose nets by their
names.
"""

import sys
from dataclasses import replace

from pipelines.catalog import RECIPES
from pipelines.recipe import Shipping
from pipelines.run import frame, read, settle, split
from pipelines.targets.c.footprint import measure_footprint
from pipelines.targets.c.model.network import read_network
from pipelines.targets.c.model.write import inputs_header, write_model
from pipelines.targets.micro.runner import arena_bytes_of
from pipelines.targets.rehearse import export_untrained
from pipelines.training.inputs import fit_inputs
from tests.bench_devices import nets

PREPARE = """#include "signature.h"
void prepare_reset(void) {}
int prepare(const signature_row *row, signature_inputs *inputs) {
  (void)row;
  (void)inputs;
  return 0;
}
"""
LARGE = ("picture, EfficientNet-Lite0",)  # its weights do not fit on the board
HEADINGS = ("network", "int8 file", "TFLM arena", "C memory", "C flash", "C instructions a row")


def int8_file(recipe):
    """The int8 file of the untrained net of a recipe."""
    recipe = replace(recipe, balance=None, augment=(), teacher=None, shipping=Shipping(targets=()))
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    return export_untrained(recipe, inputs).tflite["int8"]


def files_of(content):
    """The C of an int8 file, nothing preparing its inputs."""
    size = read_network(content).outputs[0].size
    declared = (
        f"#define SIGNATURE_NUM_OUTPUTS {size}\ntypedef struct {{ int none; }} signature_row;\n"
        "void prepare_reset(void);\n"
        "int prepare(const signature_row *row, signature_inputs *inputs);\n#endif\n"
    )
    header = inputs_header(content).replace("#endif\n", declared)
    code = write_model(content, "bench")
    return code, {"signature.h": header, "prepare.c": PREPARE, **code.files}


def main():
    words = sys.argv[1:]
    print("| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|")
    every = [("table, dense (penguins)", RECIPES["penguins_mlp"]), *nets()]
    for what, recipe in every:
        if what in LARGE or (words and not any(word in what for word in words)):
            continue
        content = int8_file(recipe)
        code, files = files_of(content)
        found = measure_footprint(files)
        if found is None:
            sys.exit("needs arm-none-eabi-gcc: apt-get install gcc-arm-none-eabi")
        memory = code.arena_bytes + code.state_bytes
        arena = arena_bytes_of(content) or 0
        numbers = (len(content), arena, memory, found.flash_bytes, found.instructions or 0)
        print(f"| {what} | " + " | ".join(f"{each:,}" for each in numbers) + " |", flush=True)


if __name__ == "__main__":
    main()
