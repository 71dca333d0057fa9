"""`python -m tests.bench_c`: what every kind of net takes on a Cortex-M4, untrained: flash, memory,
and instructions a row in QEMU, as plain C.

    python -m tests.bench_c --tflm TFLM --cmsis-nn CMSIS_NN

compares it with TFLM and with CMSIS-NN's bodies: the first is a checkout of tflite-micro with its
third parties (see tests/tflm_board.py), the second one of CMSIS-NN. All of them must give the same
outputs for one random row. Words choose nets by their names.
"""

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from pipelines.catalog import RECIPES
from pipelines.recipe import Shipping
from pipelines.run import frame, read, settle, split
from pipelines.targets.c.footprint import CROSS_COMPILER, SIMULATOR
from pipelines.targets.rehearse import export_untrained
from pipelines.training.inputs import fit_inputs
from tests.bench_devices import nets
from tests.board_program import COMPILER, measure_c
from tests.cmsis_nn_library import cmsis_nn_options
from tests.tflm_board import Tflm

LARGE = ("picture, EfficientNet-Lite0",)  # its weights do not fit on the board
TFLM, C, LIBRARY = "TFLM", "C", "C with CMSIS-NN"
FIGURES = {"flash": "flash_bytes", "RAM": "ram_bytes", "instructions": "instructions"}


def int8_file(recipe):
    """The int8 file of the untrained net of a recipe."""
    recipe = replace(recipe, balance=None, augment=(), teacher=None, shipping=Shipping(targets=()))
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    return export_untrained(recipe, inputs).tflite["int8"]


def measured(content, tflm, cmsis_nn):
    """What computes → Figures."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        if tflm is not None:
            found[TFLM] = tflm.measure(content, _empty(folder, "tflm"))
        found[C] = measure_c(content, _empty(folder, "c"))
        if cmsis_nn:
            options, libraries = cmsis_nn_options(cmsis_nn, COMPILER)
            found[LIBRARY] = measure_c(
                content, _empty(folder, "library"), options=options, libraries=libraries
            )
    checksums = {what: figures.checksum for what, figures in found.items()}
    if len(set(checksums.values())) > 1:
        sys.exit(f"unequal outputs: {checksums}")
    return found


def _empty(folder, name):
    path = Path(folder) / name
    path.mkdir()
    return path


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.bench_c")
    parser.add_argument("words", nargs="*", help="of names of nets")
    parser.add_argument("--tflm", help="a checkout of tflite-micro with its third parties")
    parser.add_argument("--cmsis-nn", help="a checkout of CMSIS-NN")
    return parser.parse_args()


def main():
    given = arguments()
    if not (shutil.which(CROSS_COMPILER) and shutil.which(SIMULATOR)):
        sys.exit("apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm")
    tflm = Tflm(given.tflm) if given.tflm else None
    headings = []
    for what in (TFLM,) * bool(tflm) + (C,) + (LIBRARY,) * bool(given.cmsis_nn):
        headings += [f"{figure}, {what}" for figure in FIGURES]
    print("| network | int8 file | " + " | ".join(headings) + " |")
    print("|---" * (len(headings) + 2) + "|")
    every = [("table, dense (penguins)", RECIPES["penguins_mlp"]), *nets()]
    for what, recipe in every:
        if what in LARGE or (given.words and not any(word in what for word in given.words)):
            continue
        content = int8_file(recipe)
        numbers = [len(content)]
        for figures in measured(content, tflm, given.cmsis_nn).values():
            numbers += [getattr(figures, name) for name in FIGURES.values()]
        print(f"| {what} | " + " | ".join(f"{each:,}" for each in numbers) + " |", flush=True)


if __name__ == "__main__":
    main()
