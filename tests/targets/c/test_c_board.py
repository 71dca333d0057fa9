"""The C on simulated microcontrollers: the self-test of a bundle's c/, and what it takes."""

import shutil

import pytest

from pipelines.catalog import RECIPES, override
from pipelines.errors import PipelineError, RecipeError
from pipelines.recipe import tiny
from pipelines.run import run
from pipelines.targets.c.footprint import INSTRUCTIONS_A_TICK, measure_footprint
from tests.targets.c.boards import ARM_PACKAGES, BOARDS, HAS_ARM, RISCV, run_on_board, run_on_riscv

needs_arm = pytest.mark.skipif(not HAS_ARM, reason=ARM_PACKAGES)


def copied(bundle, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(bundle.folder / "c", folder)
    return folder


def assert_passed(done):
    printed = done.stdout + done.stderr
    assert "5 of 5 rows as verified" in printed and done.returncode == 0, printed


@pytest.mark.parametrize("core", BOARDS)
def test_the_self_test_passes_on_a_microcontroller(bundle, tmp_path, core):
    assert_passed(run_on_board(copied(bundle, tmp_path), core))


@pytest.mark.parametrize("core", RISCV)
def test_the_self_test_passes_on_riscv(bundle, tmp_path, core):
    assert_passed(run_on_riscv(copied(bundle, tmp_path), core))


def test_a_wrong_output_ends_the_program_on_riscv(bundle, tmp_path):
    folder = copied(bundle, tmp_path)
    main = (folder / "main.c").read_text()
    start = main.index("wanted[NUM_ROWS]")
    (folder / "main.c").write_text(main[:start] + main[start:].replace("{-", "{127 + -", 1))
    done = run_on_riscv(folder, "rv32imac")
    assert "4 of 5 rows as verified" in done.stdout + done.stderr and done.returncode == 1


@needs_arm
def test_what_it_takes_is_counted(bundle):
    files = {path.name: path.read_text() for path in (bundle.folder / "c").glob("*.[ch]")}
    found = measure_footprint(files)
    assert 5_000 < found.flash_bytes < 300_000 and 100 < found.ram_bytes < 20_000
    assert found.instructions % 40 == 0 and 10_000 < found.instructions < 10_000_000
    assert measure_footprint(files) == found


@pytest.mark.full
def test_an_operator_without_c_code_is_refused_before_an_epoch(tmp_path, capfd):
    recipe = tiny(RECIPES["penguins_mlp"])
    recipe = override(recipe, "shipping.targets=(TargetC(),)")
    recipe = override(recipe, "build.layers=Layers(activation='elu')")
    words = r"the model in C: the operator EXP \(number \d+\): .* \(the layer '.*elu_power'\)"
    with pytest.raises(PipelineError, match=words):
        run(recipe, folder=tmp_path)
    assert "train:" not in capfd.readouterr().err


@needs_arm
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
    with pytest.raises(
        RecipeError, match=f"the untrained net breaks a budget: TargetC: .*{words}"
    ) as refused:
        run(recipe, folder=tmp_path)
    assert "of the flash the model takes" in str(refused.value)
    assert "build.widths=" in str(refused.value)
    assert "train:" not in capfd.readouterr().err


@needs_arm
def test_more_instructions_are_counted_than_the_timer_holds():
    times = 120_000_000
    files = {
        "signature.h": "#define SIGNATURE_NUM_OUTPUTS 1\ntypedef struct { int none; } signature_row;\n"
        "void prepare_reset(void);\n"
        "int prepare(const signature_row *row, signature_inputs *inputs);\n",
        "prepare.c": '#include "model.h"\n#include "signature.h"\nvoid prepare_reset(void) {}\n'
        "int prepare(const signature_row *row, signature_inputs *inputs) {\n"
        "  return row == 0 || inputs == 0;\n}\n",
        "model.h": "#include <stdint.h>\ntypedef struct { int none; } signature_inputs;\n"
        "void model_reset(void);\n"
        "void model_run(const signature_inputs *inputs, int8_t *output);\n",
        "model.c": '#include "model.h"\nvoid model_reset(void) {}\n'
        "void model_run(const signature_inputs *inputs, int8_t *output) {\n"
        f"  volatile uint32_t left = inputs == 0 ? 0 : {times}U;\n"
        "  while (left) --left;\n  output[0] = 1;\n}\n",
    }
    found = measure_footprint(files).instructions
    assert found > 2**24 * INSTRUCTIONS_A_TICK
    assert 5 < found / times < 7
