"""A command that makes something goes on when nobody reads what it prints."""

import io
import subprocess
import sys

import pytest

from pipelines.cli.making import lasting_output
from pipelines.device.door import REFUSED

# Prints before and after its reader has ended, then makes a file.
PRINTING = """
import sys, time
from pathlib import Path
from pipelines.cli.making import making_command
from pipelines.device.door import through_door
def work():
    with making_command("stopped"):
        for line in range(3):
            print("line", line, flush=True)
            print("progress", line, file=sys.stderr, flush=True)
            time.sleep(0.2)
        Path(sys.argv[1]).touch()
        print("made")
sys.exit(through_door(work))
"""


@pytest.mark.parametrize(
    ("redirect", "code"),
    [
        ("| head -1", 0),
        ("2>&1 | head -1", 0),
        (">&-", 0),
        ("2>&-", 0),
        (">&- 2>&-", 0),
        ("2>/dev/full", REFUSED),
        (">/dev/full", REFUSED),
        (">/dev/full 2>/dev/full", REFUSED),
    ],
)
def test_what_it_makes_is_made(tmp_path, redirect, code):
    (tmp_path / "work.py").write_text(PRINTING)
    command = f"{sys.executable} {tmp_path / 'work.py'} {tmp_path / 'made'} {redirect}"
    script = f"{command}; codes=${{PIPESTATUS[0]}}; exit $codes"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (tmp_path / "made").is_file()
    assert done.returncode == code
    assert "Traceback" not in done.stdout + done.stderr
    if redirect == ">/dev/full":
        assert "the system refused: No space left on device" in done.stderr
    if redirect == "| head -1":
        assert done.stdout == "line 0\n"
        assert "progress 2" in done.stderr


def test_streams_that_are_no_files_stay(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    with lasting_output():
        assert sys.stdout is stream
        print("words")
    assert stream.getvalue() == "words\n"


def test_the_streams_are_put_back(capfd):
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyError), lasting_output():
        print("words")
        raise KeyError
    assert (sys.stdout, sys.stderr) == before
    assert capfd.readouterr().out == "words\n"
