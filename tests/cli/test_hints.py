"""What errors, notes and pages tell a user to type exists: options, knobs and commands."""

import dataclasses
import functools
import re
import tokenize
from collections import defaultdict
from pathlib import Path

import pytest
import typer.main

import pipelines
from pipelines import catalog
from pipelines.cli import app
from pipelines.recipe import Recipe

PACKAGE = Path(pipelines.__file__).parent
PAGES = [*PACKAGE.parent.glob("docs/**/*.md"), PACKAGE.parent / "README.md"]
# Options of other programs (browsers, Vela, pip, npm), and C.
OF_OTHERS = ("targets/web/runner.py", "targets/ethosu/runner.py", "targets/c/")
OTHERS = {"--prefix", "--force-reinstall", "--headless"}
# ray start
OTHERS |= {"--head", "--address", "--port", "--num-cpus", "--ray-client-server-port"}
# sbatch
OTHERS |= {"--nodes"}
# python -m pipelines.studies.worker
OTHERS |= {"--serve"}
# python -m pipelines.device
OF_DEVICE = {"--form", "--check", "--separator", "--safe-csv", "--no-safe-csv", "--help"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
KNOB = re.compile(r"--set ['\"]?([a-z_]+(?:\.[a-z_]+)*)=")
SPEC = re.compile(r"--set '[^']*?\b([A-Z]\w+)\(")
COMMAND = re.compile(r"python -m pipelines (\S+)(.*)")
BENCH = re.compile(r"python -m tests\.(bench_\w+)(.*)")
BENCHES = [*PACKAGE.parent.glob("tests/bench*.py"), *PACKAGE.parent.glob("tests/bench_*/*.py")]


@functools.cache
def commands():
    """Command → its options."""
    group = typer.main.get_command(app)
    return {
        name: {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        for name, command in group.commands.items()
    }


@functools.cache
def options_of_benches():
    """The bench's name → the options that its files name."""
    known = defaultdict(set)
    for path in BENCHES:
        name = path.relative_to(PACKAGE.parent / "tests").parts[0].removesuffix(".py")
        known[name] |= {option for text in texts(path) for option in OPTION.findall(text)}
    return known


def texts(path):
    """The strings of a file of code, or all of a page."""
    if path.suffix == ".md":
        return [path.read_text()]
    with path.open("rb") as file:
        return [
            token.string
            for token in tokenize.tokenize(file.readline)
            if token.type == tokenize.STRING
        ]


def files():
    code = sorted(PACKAGE.rglob("*.py"))
    return [*(path for path in code if not any(each in str(path) for each in OF_OTHERS)), *PAGES]


@pytest.mark.parametrize("path", files(), ids=str)
def test_options_exist(path):
    known = OTHERS | OF_DEVICE
    for options in (*commands().values(), *options_of_benches().values()):
        known |= options
    if path.name == "old_forms.py":
        pytest.skip("names the options of earlier versions")
    assert not {option for text in texts(path) for option in OPTION.findall(text)} - known


@pytest.mark.parametrize("path", files(), ids=str)
def test_knobs_exist(path):
    first = {field.name for field in dataclasses.fields(Recipe)}
    below = {field.name for spec in catalog.SPECS for field in dataclasses.fields(spec)}
    specs = {spec.__name__ for spec in catalog.SPECS}
    if path.name.startswith("how-to-add"):  # a page whose reader writes a new spec
        specs |= set(re.findall(r"^class (\w+)", path.read_text(), re.MULTILINE))
    for text in texts(path):
        for knob in KNOB.findall(text):
            start, *rest = knob.split(".")
            assert start in first and set(rest) <= below, knob
        for name in SPEC.findall(text):
            assert name in specs, name


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_commands_of_pages_have_their_options(path):
    known = commands()
    for command, rest in COMMAND.findall(path.read_text()):
        if command.startswith(("-", "`")):
            continue
        words = rest.partition("#")[0]
        assert command in known, command
        assert set(OPTION.findall(words)) <= known[command], f"{command}{rest}"


@pytest.mark.parametrize("path", PAGES, ids=str)
def test_benches_that_pages_name_have_their_options(path):
    known = options_of_benches()
    for name, rest in BENCH.findall(path.read_text()):
        assert name in known, name
        words = re.split("[`#)]", rest)[0]
        assert set(OPTION.findall(words)) <= known[name], f"{name}{rest}"
