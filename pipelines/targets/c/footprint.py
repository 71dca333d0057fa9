"""What the C of a model takes of a microcontroller: flash, RAM, and instructions a row.

A whole program of one row is linked for a Cortex-M4 without a float unit; QEMU counts the
instructions of `model_run`. They are instructions, not cycles.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ...engine.starter import ending_with_this
from ...errors import ExportError

CORE = "cortex-m4"
CROSS_COMPILER = "arm-none-eabi-gcc"
SIMULATOR = "qemu-system-arm"
SECONDS = 120
# One tick of the board's 25 MHz timer, at one instruction a nanosecond.
INSTRUCTIONS_A_TICK = 40
_SOURCES = ("signature.h", "prepare.c", "model.h", "model.c")
_BOARD = ("board.c", "board.ld")
_OBJECTS = ("board.o", "prepare.o", "model.o")
_SIMULATED = ("-M", "mps2-an386", "-icount", "shift=0", "-nographic", "-monitor", "none")
_SEMIHOSTING = ("-semihosting-config", "enable=on,target=native")


@dataclass(frozen=True)
class Footprint:
    """What a model takes of a Cortex-M4.

    Attributes:
        flash_bytes: Of code and constants, with the libraries that they use.
        ram_bytes: Of static memory, with a row, its inputs and its outputs; without the stack.
        instructions: Of one row of the model; None if QEMU is not installed.
        model_bytes: Of model.c in flash.
        prepare_bytes: Of prepare.c in flash, with its tables of categories.
    """

    flash_bytes: int
    ram_bytes: int
    instructions: int | None
    model_bytes: int
    prepare_bytes: int

    def shares(self) -> str:
        """Returns what the flash is taken by, and what makes it less."""
        rest = self.flash_bytes - self.model_bytes - self.prepare_bytes
        return (
            f"of the flash the model takes {self.model_bytes:,} bytes (build), prepare.c "
            f"{self.prepare_bytes:,} (columns and their categories: drop some), the C library and "
            f"what starts the program {rest:,}"
        )

    def words(self) -> str:
        """Returns it as a note."""
        note = f"on a Cortex-M4 {self.flash_bytes:,} bytes of flash, {self.ram_bytes:,} of RAM"
        if self.instructions is None:
            return note
        return f"{note}, {self.instructions:,} instructions a row"


def cross_compiler() -> str:
    """Returns the path of a compiler for Cortex-M, or ""."""
    return shutil.which(CROSS_COMPILER) or ""


def measure_footprint(files: Mapping[str, bytes | str]) -> Footprint | None:
    """Compiles the C of a model for a Cortex-M4; None if no compiler for it is installed.

    Args:
        files: Name → text, of the bundle's folder c/.

    Raises:
        ExportError: It cannot be compiled or run.
    """
    if not cross_compiler():
        return None
    with tempfile.TemporaryDirectory(prefix="board_") as folder:
        for name in _SOURCES:
            (Path(folder) / name).write_text(str(files[name]), encoding="utf-8")
        board = resources.files(__package__) / "board"
        for name in _BOARD:
            text = (board / name).read_text(encoding="utf-8")
            (Path(folder) / name).write_text(text, encoding="utf-8")
        options = ["-std=gnu99", "-O2", f"-mcpu={CORE}", "-mthumb"]
        _run([cross_compiler(), *options, "-c", "board.c", "prepare.c", "model.c"], folder)
        linked = ["-nostartfiles", "-T", "board.ld", *_OBJECTS, "-lm", "-o", "program.elf"]
        _run([cross_compiler(), *options, *linked], folder)
        flash_bytes, ram_bytes = _sizes("program.elf", folder)
        model_bytes, _ = _sizes("model.o", folder)
        prepare_bytes, _ = _sizes("prepare.o", folder)
        instructions = _instructions(folder)
    return Footprint(
        flash_bytes,
        ram_bytes,
        instructions,
        model_bytes,
        prepare_bytes,
    )


def _sizes(name, folder):
    """Returns the bytes of a compiled file in flash and in RAM."""
    printed = _run(["arm-none-eabi-size", name], folder)
    sizes = printed.splitlines()[-1].split()
    text_bytes, data_bytes, bss_bytes = (int(each) for each in sizes[:3])
    return text_bytes + data_bytes, data_bytes + bss_bytes


def _instructions(folder):
    """Returns the instructions of one row; None if QEMU is not installed."""
    if not shutil.which(SIMULATOR):
        return None
    printed = _run(simulation("program.elf"), folder)
    ticks = re.search(r"\d+", printed)
    if ticks is None:
        raise ExportError(
            f"the program for the Cortex-M4 printed {printed[:100]!r}",
            expected="the ticks of its timer",
            fix="report this with the bundle",
        )
    return int(ticks.group()) * INSTRUCTIONS_A_TICK


def simulation(program: str) -> list[str]:
    """Returns the command that runs a program on a simulated Cortex-M4, where a tick of the timer
    is `INSTRUCTIONS_A_TICK`.
    """
    return [SIMULATOR, *_SIMULATED, *_SEMIHOSTING, "-kernel", program]


def _run(command, folder):
    """Returns what a command prints."""
    try:
        done = subprocess.run(
            ending_with_this(command),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(
            f"{Path(command[0]).name} was still at work after {SECONDS} s",
            expected="seconds",
            fix="make the net smaller, or leave the budgets of flash and RAM out",
        ) from error
    if done.returncode:
        raise ExportError(
            f"{Path(command[0]).name} ended with {done.returncode}: {done.stderr.strip()[:300]}",
            expected="a program for a Cortex-M4",
            fix="report this with the bundle's c/",
        )
    return done.stdout + done.stderr
