"""`python -m tests.bench_c`: what every kind of net takes on a Cortex-M4, untrained: flash, memory,
and instructions a row in QEMU, as plain C. `make devices` runs it after its own table.

    python -m tests.bench_c --tflm TFLM --cmsis-nn CMSIS_NN

compares it with TFLM and with CMSIS-NN's bodies: the first is a checkout of tflite-micro with its
third parties (see tests/tflm_board.py), the second one of CMSIS-NN; the environment variables TFLM
and CMSIS_NN name them too. All of them must give the same outputs for one random row. Words choose
nets by their names. The table is written to saved_models/microcontroller.md.
"""

import argparse
import os
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

TFLM, C, LIBRARY = "TFLM", "C", "C, CMSIS-NN"
FIGURES = {"flash": "flash_bytes", "RAM": "ram_bytes", "instructions": "instructions"}
PATH = Path("saved_models/microcontroller.md")
TOOLS = "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
SOURCES = {
    "TFLM": "https://github.com/tensorflow/tflite-micro, made ready as in tests/tflm_board.py",
    "CMSIS_NN": "https://github.com/ARM-software/CMSIS-NN",
}


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


def row_of(network, found):
    """A line of the table: each figure of all that compute, instructions relative to TFLM too."""
    cells = [network]
    for figure in FIGURES.values():
        for what, figures in found.items():
            value = getattr(figures, figure)
            if figure != "instructions":
                cells.append(f"{value:,}")
            elif TFLM in found and what != TFLM:
                share = value / found[TFLM].instructions
                cells.append(f"{value / 1e6:.2f} M ({share:.2f})")
            else:
                cells.append(f"{value / 1e6:.2f} M")
    return "| " + " | ".join(cells) + " |"


def head_of(kinds):
    """The head of the table for what computes."""
    headings = []
    for figure in FIGURES:
        headings += [f"{figure} {kinds[0]}", *kinds[1:]]
    return ["| network | " + " | ".join(headings) + " |", "|---" * (len(headings) + 1) + "|"]


def verdict(lines):
    """What holds of every line: C against TFLM.

    Args:
        lines: What computes → Figures, for each net.
    """
    words = []
    for figure in ("flash", "RAM"):
        name = FIGURES[figure]
        less = [getattr(line[C], name) <= getattr(line[TFLM], name) for line in lines]
        words.append(f"no more {figure} in {sum(less)} of {len(less)} nets")
    shares = [line[C].instructions / line[TFLM].instructions for line in lines]
    words.append(f"{min(shares):.2f} to {max(shares):.2f} of the instructions")
    return f"C against TFLM: {', '.join(words)}."


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.bench_c")
    parser.add_argument("words", nargs="*", help="of names of nets")
    parser.add_argument("--tflm", default=os.environ.get("TFLM", ""), help=SOURCES["TFLM"])
    parser.add_argument(
        "--cmsis-nn", default=os.environ.get("CMSIS_NN", ""), help=SOURCES["CMSIS_NN"]
    )
    return parser.parse_args()


def main():
    given = arguments()
    if not (shutil.which(CROSS_COMPILER) and shutil.which(SIMULATOR)):
        print(f"no table of a microcontroller: {TOOLS}")
        return
    folders = {"TFLM": given.tflm, "CMSIS_NN": given.cmsis_nn}
    for name, folder in folders.items():
        if not folder:
            print(f"not compared with {name}: set {name} to a checkout of {SOURCES[name]}")
    tflm = Tflm(given.tflm) if given.tflm else None
    kinds = (TFLM,) * bool(tflm) + (C,) + (LIBRARY,) * bool(given.cmsis_nn)
    table = head_of(kinds)
    print(*table, sep="\n")
    lines = []
    for what, recipe in [("table, dense (penguins)", RECIPES["penguins_mlp"]), *nets()]:
        if given.words and not any(word in what for word in given.words):
            continue
        lines.append(measured(int8_file(recipe), tflm, given.cmsis_nn))
        table.append(row_of(what, lines[-1]))
        print(table[-1], flush=True)
    if tflm:
        table += ["", verdict(lines)]
        print(table[-1])
    PATH.write_text("\n".join(table) + "\n", encoding="utf-8")
    print(f"the same table: {PATH}")


if __name__ == "__main__":
    main()
