"""A bundle's c/ as a library of Arduino, a module of Zephyr and a project of CMake and make, each by
its own tool where that is installed. Arduino's builder gets a platform of this computer.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.targets.c.packages import library_name, symbol

STUB = Path(__file__).parent / "arduino_stub"
# The fields that the Arduino library specification demands, and the categories that it knows.
FIELDS = (
    "name",
    "version",
    "author",
    "maintainer",
    "sentence",
    "paragraph",
    "category",
    "url",
    "architectures",
)
CATEGORIES = (
    "Display",
    "Communication",
    "Signal Input/Output",
    "Sensors",
    "Device Control",
    "Timing",
    "Data Storage",
    "Data Processing",
    "Other",
)
# What Zephyr's build system is asked for, as its documentation describes it.
ZEPHYR = """cmake_minimum_required(VERSION 3.13)
project(stub C)
add_library(zephyr_interface INTERFACE)
macro(zephyr_include_directories)
  target_include_directories(zephyr_interface INTERFACE ${ARGV})
endmacro()
macro(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC zephyr_interface)
endmacro()
macro(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGV})
endmacro()
add_subdirectory(c/zephyr)
if(CONFIG_@SYMBOL@)
  add_executable(self_test c/main.c)
  target_link_libraries(self_test PRIVATE @LIBRARY@ m)
endif()
"""


@pytest.fixture
def folder(bundle, tmp_path):
    copy = tmp_path / "libraries" / bundle.folder.name
    shutil.copytree(bundle.folder / "c", copy)
    return copy


def run_tool(*command, cwd):
    """What a tool prints; its failure fails the test."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_arduino_builds_the_example(folder, tmp_path):
    """Its builder finds the library by the header, compiles src/ and the sketch, and links both."""
    if not shutil.which("arduino-builder"):
        pytest.skip("needs arduino-builder: apt-get install arduino-builder")
    shutil.copytree(STUB, tmp_path / "hardware" / "stub" / "host")
    build = tmp_path / "build"
    build.mkdir()
    hardware = ("-hardware", tmp_path / "hardware", "-hardware", "/usr/share/arduino-builder")
    options = ("-libraries", folder.parent, "-fqbn", "stub:host:pc", "-ide-version", "10819")
    sketch = folder / "examples" / "self_test" / "self_test.ino"
    places = ("-tools", tmp_path, "-build-path", build)
    run_tool("arduino-builder", "-compile", *hardware, *options, *places, sketch, cwd=tmp_path)
    printed = run_tool(build / "self_test.ino.elf", cwd=build)
    assert printed.startswith("label: ") and printed.endswith("\nas verified\n")


def test_the_sketch_is_cpp(folder, tmp_path):
    """Without the tool: the sketch with a stand-in of Arduino.h, linked with what src/ compiles."""
    core = STUB / "cores" / "stub"
    sources = sorted((folder / "src").glob("*.c"))
    for source in sources:
        run_tool("gcc", "-std=c99", "-Wall", "-Werror", "-c", source, cwd=tmp_path)
    objects = [f"{source.stem}.o" for source in sources]
    sketch = folder / "examples" / "self_test" / "self_test.ino"
    written = f'#include "Arduino.h"\n{sketch.read_text()}'
    (tmp_path / "sketch.cpp").write_text(written)
    include = (f"-I{core}", f"-I{folder / 'src'}")
    command = ("g++", "-Wall", "-Wextra", "-Werror", *include, "sketch.cpp", core / "main.cpp")
    run_tool(*command, *objects, "-lm", "-o", "sketch", cwd=tmp_path)
    assert run_tool("./sketch", cwd=tmp_path).endswith("as verified\n")


def test_library_properties_are_as_specified(folder):
    lines = (folder / "library.properties").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert set(FIELDS) <= set(found) and all(found[name] for name in FIELDS)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", found["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert found["category"] in CATEGORIES and found["architectures"] == "*"
    assert found["includes"] == f"{found['name']}.h"
    assert [path.name for path in (folder / "src").glob("*.h")] == [found["includes"]]


@pytest.mark.parametrize(
    "name, library",
    [
        ("birds_mlp", "birds_mlp"),
        ("2024-7", "model_2024-7"),
        ("Arduino-net", "model_Arduino-net"),
        ("string", "model_string"),
        ("a" * 64, "a" * 63),
    ],
)
def test_names_of_libraries(name, library):
    assert library_name(name) == library


def test_zephyr_reads_the_module(folder):
    yaml = pytest.importorskip("yaml")
    module = yaml.safe_load((folder / "zephyr" / "module.yml").read_text())
    assert module["name"] == library_name(folder.name)
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (folder / module["build"]["kconfig"]).is_file()


def test_kconfig_knows_the_symbol(folder, tmp_path):
    """By Zephyr's own reader of Kconfig, as its build includes the file of a module."""
    assert_known(folder, f'menu "module"\nosource "{folder / "zephyr" / "Kconfig"}"\nendmenu\n')


def assert_known(folder, menu):
    """Checks that kconfiglib reads a menu with the symbol of a module, and switches it on."""
    kconfiglib = pytest.importorskip("kconfiglib", reason="pip install kconfiglib")
    path = folder / "Kconfig.stub"
    path.write_text(f'mainmenu "stub"\nconfig REQUIRES_FULL_LIBC\n\tbool\n{menu}')
    known = kconfiglib.Kconfig(str(path), warn_to_stderr=False)
    switch = known.syms[symbol(folder.name)]
    assert switch.str_value == "n" and known.syms["REQUIRES_FULL_LIBC"].str_value == "n"
    switch.set_value("y")
    assert known.syms["REQUIRES_FULL_LIBC"].str_value == "y" and not known.warnings


@pytest.mark.skipif(
    not os.environ.get("ZEPHYR_BASE"),
    reason="set ZEPHYR_BASE to a checkout of https://github.com/zephyrproject-rtos/zephyr",
)
def test_zephyr_takes_the_module(folder, tmp_path):
    """By the script of Zephyr's build that checks module.yml by its schema, and writes what CMake
    and Kconfig include.
    """
    pytest.importorskip("pykwalify", reason="pip install pykwalify")
    base = Path(os.environ["ZEPHYR_BASE"])
    kconfig, cmake = tmp_path / "Kconfig.modules", tmp_path / "modules.txt"
    written = ("--kconfig-out", kconfig, "--cmake-out", cmake)
    script = base / "scripts" / "zephyr_module.py"
    run_tool(sys.executable, script, "-z", base, "-m", folder, *written, cwd=tmp_path)
    name = library_name(folder.name)
    assert cmake.read_text() == f'"{name}":"{folder}":"{folder / "zephyr"}"\n'
    assert_known(folder, kconfig.read_text())


def test_arduino_lint_finds_nothing(folder):
    """By Arduino's own linter, but for the rules of who wants to publish the library."""
    if not shutil.which("arduino-lint"):
        pytest.skip(
            "needs arduino-lint: https://arduino.github.io/arduino-lint/latest/installation"
        )
    rules = ("--compliance", "specification", "--library-manager", "false", "--recursive=false")
    run_tool("arduino-lint", "--project-type", "library", *rules, folder, cwd=folder)


@pytest.mark.full
@pytest.mark.parametrize("is_on", [True, False])
def test_cmake_builds_the_module(folder, tmp_path, is_on):
    if not shutil.which("cmake"):
        pytest.skip("needs cmake: apt-get install cmake")
    name = folder.name
    shutil.move(folder, tmp_path / "c")
    project = ZEPHYR.replace("@SYMBOL@", symbol(name)).replace("@LIBRARY@", library_name(name))
    (tmp_path / "CMakeLists.txt").write_text(project)
    switch = f"-DCONFIG_{symbol(name)}={'y' if is_on else 'n'}"
    run_tool("cmake", "-S", ".", "-B", "build", switch, cwd=tmp_path)
    run_tool("cmake", "--build", "build", cwd=tmp_path)
    program = tmp_path / "build" / "self_test"
    assert program.exists() == is_on
    if is_on:
        assert run_tool(program, cwd=tmp_path).endswith("5 of 5 rows as verified\n")


@pytest.mark.full
def test_cmake_and_make_build_the_program(folder):
    for tool in ("cmake", "make", "ctest"):
        if not shutil.which(tool):
            pytest.skip(f"needs {tool}: apt-get install cmake make")
    run_tool("cmake", "-S", ".", "-B", "build", cwd=folder)
    run_tool("cmake", "--build", "build", cwd=folder)
    run_tool("ctest", cwd=folder / "build")
    run_tool("make", cwd=folder)
    assert run_tool("./main", cwd=folder).endswith("5 of 5 rows as verified\n")
