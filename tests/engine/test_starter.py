"""No process that is started outlives the one that started it."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pipelines
from pipelines.engine import starter

ROOT = Path(pipelines.__file__).parent
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no signal from a parent")
# A compiler ends by itself.
UNTIED = {"targets/c/runner.py"}
KILLED = """
import os, signal, subprocess, sys
from pipelines.engine.starter import ending_with_this
subprocess.Popen(ending_with_this(["sleep", "60"]))
if sys.argv[1] == "later":
    import time
    time.sleep(.3)
os.kill(os.getpid(), signal.SIGKILL)
"""
FORKING = """
import os, time
from pipelines.engine.starter import end_with_parent
this = os.getpid()
if os.fork():
    os._exit(0)
while os.getppid() == this:
    time.sleep(.01)
end_with_parent(this)
time.sleep(60)
"""


@LINUX
@pytest.mark.parametrize("moment", ["at once", "later"])
def test_a_program_of_others_ends_with_a_killed_starter(moment):
    start = time.monotonic()
    # The pipe is closed once the program, which has it too, is gone.
    subprocess.run([sys.executable, "-c", KILLED, moment], stdout=subprocess.PIPE, timeout=40)
    assert time.monotonic() - start < 30


@LINUX
def test_a_process_whose_starter_is_gone_does_not_begin():
    command = starter.ending_with_this(["echo", "begun"])
    command[command.index(starter.__file__) + 1] = "1"
    done = subprocess.run(command, capture_output=True, timeout=40)
    assert (done.returncode, done.stdout) == (1, b"")


@LINUX
def test_a_fork_that_looks_late_ends_with_its_parent():
    subprocess.run([sys.executable, "-c", FORKING], stdout=subprocess.PIPE, timeout=40, check=True)


def test_the_program_has_its_arguments_and_its_exit_code():
    command = [sys.executable, "-c", "import sys; print(sys.argv[1:]); sys.exit(3)", "-x", "a b"]
    done = subprocess.run(starter.ending_with_this(command), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "['-x', 'a b']\n")


def started_by(path):
    """The first argument of each process that a file starts, as Python."""
    text = path.read_text(encoding="utf-8")
    if "subprocess" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "subprocess.Popen",
            "subprocess.run",
        ):
            yield ast.unparse(node.args[0])


def test_every_process_is_started_so():
    untied = set()
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        for command in started_by(path):
            if not command.startswith("ending_with_this("):
                untied.add(name)
    assert untied == UNTIED


def test_every_fork_names_its_parent():
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert ("os.fork()" in text) == ("end_with_parent(" in text) or path.name == "starter.py"
