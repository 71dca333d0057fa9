"""What must not happen with rows does not type-check: mypy on tests/typing/leaks.py."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

LEAKS = Path("tests/typing/leaks.py")
_MARK = re.compile(r"# error: ([a-z-]+(?:, [a-z-]+)*)$")
_REPORTED = re.compile(r"leaks\.py:(\d+): error: .*\[([a-z-]+)\]$")

pytest.importorskip("mypy")


def mypy(*arguments):
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """What mypy knows of the package after a first look, for the second one."""
    return str(tmp_path_factory.mktemp("mypy"))


def test_leaks_do_not_type_check(cache):
    expected = Counter()
    for number, line in enumerate(LEAKS.read_text().splitlines(), 1):
        mark = _MARK.search(line)
        if mark:
            expected.update((number, code) for code in mark[1].split(", "))
    assert len(expected) > 15
    done = mypy("--cache-dir", cache, str(LEAKS))
    assert not done.stderr
    found = Counter()
    for line in done.stdout.splitlines():
        reported = _REPORTED.search(line)
        assert reported or ": note: " in line, line
        if reported:
            found[int(reported[1]), reported[2]] += 1
    assert found == expected


def test_the_rooms_of_the_contracts_type_check(cache):
    done = mypy("--cache-dir", cache)
    assert done.returncode == 0, done.stdout + done.stderr
