"""The model in C: bit for bit what TFLM computes, and the program of a bundle's c/."""

import ctypes
import json
import shutil
import subprocess

import numpy as np
import pytest

from pipelines.device.runner import LiteRT, Runner
from pipelines.targets.c.model.reference import NumpyModel
from tests.targets.c.alone import assert_rows_alone
from tests.targets.c.compiled_model import CompiledModel, extreme_rows, tflm_outputs

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")

_VOID = ctypes.c_void_p


@pytest.fixture(scope="module")
def content(bundle):
    return (bundle.folder / "model_int8.tflite").read_bytes()


@pytest.fixture(scope="module")
def compiled(content, tmp_path_factory):
    return CompiledModel(content, tmp_path_factory.mktemp("model"))


def test_every_output_is_that_of_tflm(bundle, content, compiled, birds_splits):
    pytest.importorskip("tflite_micro")
    rows = Runner(bundle.signature, LiteRT(content)).prepare(birds_splits.test.x)
    for each in (rows, extreme_rows(compiled.network)):
        np.testing.assert_array_equal(compiled.run(each), tflm_outputs(content, each))


def test_numpy_computes_the_same(content, compiled):
    rows = extreme_rows(compiled.network)
    np.testing.assert_array_equal(NumpyModel(content).run(rows), compiled.run(rows))


@pytest.mark.parametrize(
    "compiler, flags",
    [("gcc", ("-fsanitize=undefined,address",)), ("clang", ()), ("g++", ())],
    ids=["gcc", "clang", "g++"],
)
def test_the_folder_alone_is_a_program(bundle, tmp_path, compiler, flags):
    printed = assert_rows_alone(bundle, tmp_path, compiler=compiler, flags=flags)
    assert printed.count("label: ") == 5


def test_a_wrong_output_ends_the_program_with_1(bundle, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(bundle.folder / "c", folder)
    main = (folder / "main.c").read_text()
    start = main.index("wanted[NUM_ROWS]")
    altered = main[:start] + main[start:].replace("{-", "{127 + -", 1)
    (folder / "main.c").write_text(altered)
    subprocess.run("gcc *.c -lm", shell=True, cwd=folder, check=True)
    done = subprocess.run(["./a.out"], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, "4 of 5 rows as verified" in done.stdout) == (1, True)


def test_the_rung_is_equal_to_tflm(bundle):
    report = json.loads((bundle.folder / "report.json").read_text())
    rung = next(each for each in report["ladder"] if each["form"] == "c_int8")
    assert (rung["int8_steps"], rung["most_int8_steps"]) == (0, 0)
    assert rung["runner_agreement"] == 1.0 and rung["num_rows"] > 0


def test_memory_of_the_callers_own(content, compiled, tmp_path):
    """Without the static memory nothing is kept between two calls but what the caller gives."""
    own = CompiledModel(content, tmp_path / "own", flags=("-DMODEL_OWN_MEMORY",))
    assert not hasattr(own.library, "model_run")
    rows = extreme_rows(compiled.network, 3)
    arena = np.full(compiled.code.arena_bytes // 4 + 1, -1, np.int32)
    outputs = []
    for row in range(3):
        inputs = b"".join(rows[name][row].tobytes() for name in rows)
        output = np.zeros(compiled.network.outputs[0].size, np.int8)
        own.library.model_run_in(
            arena.ctypes.data_as(_VOID), None, inputs, output.ctypes.data_as(_VOID)
        )
        outputs.append(output)
    np.testing.assert_array_equal(outputs, compiled.run(rows))
