"""Whole recipes of the catalogue, a family each: the C of their bundles alone, under three compilers
and on simulated boards.
"""

import shutil
from dataclasses import replace

import pytest

from pipelines.catalog import RECIPES
from pipelines.run import run
from pipelines.timeseries import Tcn
from tests.targets.c.alone import COMPILERS, assert_rows_alone, run_alone
from tests.targets.c.boards import BOARDS, RISCV, run_on_board, run_on_riscv

pytestmark = pytest.mark.full
FAMILIES = {
    "table": RECIPES["birds_mlp"],
    "picture": RECIPES["emoji_cnn"],
    "text": RECIPES["remarks_cnn"],
    "window": RECIPES["glucose_mlp"],
    "stream": replace(RECIPES["glucose_mlp"], name="glucose_tcn", build=Tcn(stream=True)),
}


@pytest.fixture(scope="module", params=FAMILIES)
def made(request, tmp_path_factory):
    recipe = FAMILIES[request.param]
    if request.param == "stream":
        encode = tuple(each for each in recipe.encode if type(each).__name__ != "ScaleByItself")
        recipe = replace(recipe, encode=encode)
    return run(recipe, folder=tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize("compiler", COMPILERS)
def test_its_c_alone(made, tmp_path, compiler):
    printed = assert_rows_alone(made, tmp_path, compiler=compiler)
    assert printed.count("label: ") + printed.count("value: ") >= 5
    stream = made.folder / "c" / "stream"
    if made.signature.stream is not None:
        printed = run_alone(stream, tmp_path / "stream", compiler)
        assert printed.endswith("5 of 5 steps as verified\n")


@pytest.mark.parametrize("core", [*BOARDS, *RISCV])
def test_its_c_on_boards(made, tmp_path, core):
    folder = tmp_path / "c"
    shutil.copytree(made.folder / "c", folder)
    done = run_on_board(folder, core) if core in BOARDS else run_on_riscv(folder, core)
    printed = done.stdout + done.stderr
    assert "5 of 5 rows as verified" in printed and done.returncode == 0, printed
