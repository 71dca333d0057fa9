"""A bundle's c/ copied to an empty place, compiled with every warning as an error, and run."""

import shutil
import subprocess

import pytest

from tests.targets.c.compiled_model import STRICT

COMPILERS = ("gcc", "clang", "g++")


def run_alone(folder, copy, compiler="gcc", flags=("-O2",)):
    """What the program of a folder prints; its C files are all that is compiled."""
    if not shutil.which(compiler):
        pytest.skip(f"needs {compiler}: apt-get install {compiler}")
    shutil.copytree(folder, copy)
    strict = list(STRICT)
    if compiler == "g++":
        strict = [*strict[1:], "-x", "c++"]
    sources = sorted(path.name for path in copy.glob("*.c"))
    subprocess.run([compiler, *strict, *flags, *sources, "-lm"], cwd=copy, check=True)
    done = subprocess.run(["./a.out"], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def assert_rows_alone(bundle, tmp_path, **how):
    """Compiles and runs a bundle's c/; its answers are those of Python."""
    printed = run_alone(bundle.folder / "c", tmp_path / "alone", **how)
    assert printed.endswith("5 of 5 rows as verified\n"), printed
    return printed
