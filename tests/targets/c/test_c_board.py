"""The C on a simulated Cortex-M: the self-test of a bundle's c/, and what it takes."""

import shutil
import subprocess

import pytest

from pipelines.catalog import RECIPES, override
from pipelines.errors import RecipeError
from pipelines.recipe import tiny
from pipelines.run import run
from pipelines.targets.c.footprint import CROSS_COMPILER, SIMULATOR, measure_footprint

pytestmark = pytest.mark.skipif(
    not (shutil.which(CROSS_COMPILER) and shutil.which(SIMULATOR)),
    reason="apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
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


def run_on_board(folder, core):
    """What the self-test of a folder prints on a simulated core, and its exit code."""
    (folder / "board.ld").write_text(SCRIPT)
    (folder / "vectors.c").write_text(VECTORS)
    sources = ["vectors.c", "main.c", "prepare.c", "model.c", "-lm"]
    options = ["-std=c99", "-O2", f"-mcpu={core}", "-mthumb", "--specs=rdimon.specs"]
    command = [CROSS_COMPILER, *options, "-T", "board.ld", *sources, "-o", f"{core}.elf"]
    subprocess.run(command, cwd=folder, check=True)
    simulated = [SIMULATOR, "-M", BOARDS[core], "-nographic", "-monitor", "none"]
    simulated += ["-semihosting-config", "enable=on,target=native", "-kernel", f"{core}.elf"]
    return subprocess.run(simulated, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("core", BOARDS)
def test_the_self_test_passes_on_a_microcontroller(bundle, tmp_path, core):
    folder = tmp_path / "c"
    shutil.copytree(bundle.folder / "c", folder)
    done = run_on_board(folder, core)
    assert "5 of 5 rows as verified" in done.stdout + done.stderr and done.returncode == 0


def test_what_it_takes_is_counted(bundle):
    files = {path.name: path.read_text() for path in (bundle.folder / "c").glob("*.[ch]")}
    found = measure_footprint(files)
    assert 5_000 < found.flash_bytes < 300_000 and 100 < found.ram_bytes < 20_000
    assert found.instructions % 40 == 0 and 10_000 < found.instructions < 10_000_000
    assert measure_footprint(files) == found


@pytest.mark.full
@pytest.mark.parametrize(
    "budget, words",
    [
        ("max_flash_bytes=3000", "bytes of flash where the budget is 3,000"),
        ("max_ram_bytes=50", "bytes of memory where the budget is 50"),
        ("max_instructions=1000", "instructions a row where the budget is 1,000"),
    ],
)
def test_a_budget_is_checked_before_an_epoch(budget, words, tmp_path, capfd):
    recipe = tiny(RECIPES["penguins_mlp"])
    recipe = override(recipe, f"shipping.targets=(TargetC({budget}),)")
    with pytest.raises(RecipeError, match=f"the untrained net breaks a budget: TargetC: .*{words}"):
        run(recipe, folder=tmp_path)
    assert "train:" not in capfd.readouterr().err
