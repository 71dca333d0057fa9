"""What must not happen with rows does not type-check: mypy on tests/typing/leaks.py. That the rooms
of the contracts do is `make lint`.
"""

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


def mypy(path):
    """Looks with the cache that `make lint` leaves."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--hide-error-context", path]
    return subprocess.run(command, capture_output=True, text=True)


def test_leaks_do_not_type_check():
    expected = Counter()
    for number, line in enumerate(LEAKS.read_text().splitlines(), 1):
        mark = _MARK.search(line)
        if mark:
            expected.update((number, code) for code in mark[1].split(", "))
    assert len(expected) > 15
    done = mypy(str(LEAKS))
    assert not done.stderr
    found = Counter()
    for line in done.stdout.splitlines():
        reported = _REPORTED.search(line)
        assert reported or ": note: " in line, line
        if reported:
            found[int(reported[1]), reported[2]] += 1
    assert found == expected
