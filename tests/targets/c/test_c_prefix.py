"""Several models in one program: every name that a header declares has the prefix of its bundle."""

import shutil
import subprocess

import pytest

from pipelines.errors import RecipeError
from pipelines.targets.c.prefix import with_prefix, without_prefix
from pipelines.targets.c.spec import TargetC
from tests.targets.c.compiled_model import STRICT

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
PREFIXES = ("one", "state")
MAIN = """#include "one/model.h"
#include "state/model.h"
#include <string.h>
static one_signature_row first;
static state_signature_row second;
static one_signature_inputs inputs;
static state_signature_inputs others;
static int8_t output[ONE_SIGNATURE_NUM_OUTPUTS], other[STATE_SIGNATURE_NUM_OUTPUTS];
int main(void) {
  one_prepare_reset();
  state_prepare_reset();
  if (one_prepare(&first, &inputs) != state_prepare(&second, &others)) return 2;
  one_model_reset();
  state_model_reset();
  one_model_run(&inputs, output);
  state_model_run(&others, other);
  return memcmp(output, other, sizeof output) != 0;
}
"""
CMAKE = """cmake_minimum_required(VERSION 3.13)
project(both C)
add_subdirectory(one)
add_subdirectory(state)
add_executable(both main.c)
target_link_libraries(both PRIVATE one_model state_model)
"""


@pytest.fixture
def files(bundle):
    """The C of a bundle: name → text."""
    folder = bundle.folder / "c"
    names = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in names}


@pytest.fixture
def folder(files, tmp_path):
    for prefix in PREFIXES:
        for name, text in with_prefix(files, prefix).items():
            path = tmp_path / prefix / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (tmp_path / "main.c").write_text(MAIN)
    return tmp_path


@pytest.mark.parametrize("compiler, more", [("gcc", ()), ("g++", ("-x", "c++"))], ids=str)
def test_two_models_in_one_program(folder, compiler, more):
    strict = STRICT if compiler == "gcc" else STRICT[1:]
    sources = ["main.c"]
    for prefix in PREFIXES:
        sources += [f"{prefix}/prepare.c", f"{prefix}/model.c"]
    command = [compiler, *strict, *more, *sources, "-lm", "-o", "both"]
    subprocess.run(command, cwd=folder, check=True)
    subprocess.run(["./both"], cwd=folder, check=True)


def test_the_self_test_of_a_prefix(folder):
    subprocess.run("gcc -std=c99 *.c -lm", shell=True, cwd=folder / "state", check=True)
    done = subprocess.run(["./a.out"], cwd=folder / "state", capture_output=True, text=True)
    assert done.stdout.endswith("5 of 5 rows as verified\n") and done.returncode == 0
    readme = (folder / "state" / "README.md").read_text()
    assert "`state_model_run()`" in readme and '#include "model.h"' in readme


def test_names_without_the_prefix_are_those_of_before(files):
    for prefix in (*PREFIXES, "int8", "signature", "model"):
        code = {name: text for name, text in files.items() if name.endswith((".c", ".h"))}
        assert without_prefix(with_prefix(code, prefix), prefix) == code
    assert with_prefix(files, "") == files


@pytest.mark.parametrize("prefix", ["Birds", "a-b", "1st", "a b", "_a"])
def test_what_is_no_prefix(prefix):
    with pytest.raises(RecipeError, match="of names in C"):
        TargetC(prefix=prefix).check()


@pytest.mark.full
def test_two_models_in_one_project(folder):
    if not shutil.which("cmake"):
        pytest.skip("needs cmake: apt-get install cmake")
    (folder / "CMakeLists.txt").write_text(CMAKE)
    subprocess.run(["cmake", "-S", ".", "-B", "build"], cwd=folder, check=True)
    subprocess.run(["cmake", "--build", "build"], cwd=folder, check=True)
    subprocess.run(["build/both"], cwd=folder, check=True)
