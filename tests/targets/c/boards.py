"""Programs in C on simulated microcontrollers: Arm's Cortex-M on QEMU's MPS2 boards, RISC-V on its
virt.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.targets.c.footprint import CROSS_COMPILER, SIMULATOR

HAS_ARM = bool(shutil.which(CROSS_COMPILER) and shutil.which(SIMULATOR))
ARM_PACKAGES = "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
RISCV_COMPILER = "riscv64-unknown-elf-gcc"
HAS_RISCV = bool(
    shutil.which(RISCV_COMPILER)
    and shutil.which("qemu-system-riscv32")
    and Path("/usr/lib/picolibc/riscv64-unknown-elf").is_dir()
)
RISCV_PACKAGES = (
    "apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc"
)
SCRIPT = """
MEMORY { FLASH : ORIGIN = 0, LENGTH = 4M  RAM : ORIGIN = 0x20000000, LENGTH = 4M }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) *(.init*) *(.fini*) } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  .data : { *(.data*) } > RAM
  .bss : { __bss_start__ = .; *(.bss*) *(COMMON) __bss_end__ = .; end = .; __end__ = .; } > RAM
  __stack = ORIGIN(RAM) + LENGTH(RAM);
}
"""
VECTORS = """
extern int __stack; void _start(void);
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {&__stack, (void *)_start};
"""
BOARDS = {"cortex-m0": "mps2-an385", "cortex-m4": "mps2-an386", "cortex-m7": "mps2-an500"}
# QEMU's virt has its memory at 2 GiB: an address there needs -mcmodel=medany on 64 bits.
RISCV = {
    "rv32imac": ("-mabi=ilp32",),
    "rv64imac": ("-mabi=lp64", "-mcmodel=medany"),
}
RISCV_MEMORY = (
    "__flash=0x80000000",
    "__flash_size=4M",
    "__ram=0x80400000",
    "__ram_size=4M",
    "__stack_size=64k",
)


def run_on_board(folder, core):
    """What the self-test of a folder prints on a simulated core, and its exit code."""
    if not HAS_ARM:
        pytest.skip(ARM_PACKAGES)
    (folder / "board.ld").write_text(SCRIPT)
    (folder / "vectors.c").write_text(VECTORS)
    sources = ["vectors.c", "main.c", "prepare.c", "model.c", "-lm"]
    options = ["-std=c99", "-O2", f"-mcpu={core}", "-mthumb", "--specs=rdimon.specs"]
    command = [CROSS_COMPILER, *options, "-T", "board.ld", *sources, "-o", f"{core}.elf"]
    subprocess.run(command, cwd=folder, check=True)
    return simulate([SIMULATOR, "-M", BOARDS[core]], folder, f"{core}.elf")


def run_on_riscv(folder, core):
    """The same on a RISC-V core without a float unit; what starts it and prints is picolibc's."""
    if not HAS_RISCV:
        pytest.skip(RISCV_PACKAGES)
    options = ["-std=c99", "-O2", f"-march={core}", *RISCV[core], "--specs=picolibc.specs"]
    options += ["--crt0=hosted", "--oslib=semihost"]
    options += [f"-Wl,--defsym={each}" for each in RISCV_MEMORY]
    sources = ["main.c", "prepare.c", "model.c", "-lm"]
    command = [RISCV_COMPILER, *options, *sources, "-o", f"{core}.elf"]
    subprocess.run(command, cwd=folder, check=True)
    simulator = f"qemu-system-{core.removesuffix('imac').replace('rv', 'riscv')}"
    return simulate([simulator, "-M", "virt", "-bios", "none"], folder, f"{core}.elf")


def simulate(simulator, folder, program):
    command = [*simulator, "-nographic", "-monitor", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
