"""Answers in CSV that neither a spreadsheet nor a terminal acts on; and errors that steer no
terminal.
"""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.device import DeviceError, Runner
from pipelines.device.__main__ import main, write_answers
from pipelines.device.safe_csv import FORMULA_MARKS, answers_writer, safe_cell
from pipelines.device.visible import visible
from tests.altered import alter, copy_of
from tests.device.test_device import GOOD

FORMULA = "=cmd|' /C calc'!A0"
RED = "\x1b[31mred"


@given(st.text())
def test_no_cell_steers_anything(text):
    cell = safe_cell(text)
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in cell)
    assert not any(
        "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069" for letter in cell
    )
    if cell.startswith(FORMULA_MARKS):
        float(cell)
    cell.encode("utf-8")  # halves of surrogate pairs are escaped
    if text.isprintable() and not text.startswith(FORMULA_MARKS):
        assert cell == text


@given(st.floats() | st.integers())
def test_numbers_stay_as_they_are(value):
    assert safe_cell(value) is value
    for text in (str(value), f"{value:+g}"):
        assert safe_cell(text) == text


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"])), min_size=1
    )
)
def test_a_pipe_gets_the_cells_as_they_are(cells):
    sink = io.StringIO()
    answers_writer(sink).writerow(cells)
    assert next(csv.reader([sink.getvalue()])) == cells


def test_white_space_around_a_number_is_no_number():
    assert (
        safe_cell("-1 \t") == "'-1 \\t" and safe_cell("\t1") == "'\\t1" and safe_cell("-1") == "-1"
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    "sink, safe, wanted",
    [
        (io.StringIO, None, False),
        (Terminal, None, True),
        (io.StringIO, True, True),
        (Terminal, False, False),
    ],
)
def test_the_default_is_safe_for_a_terminal_alone(sink, safe, wanted):
    sink = sink()
    answers_writer(sink, safe=safe).writerow([FORMULA, RED])
    assert sink.getvalue() == (f"'{FORMULA},\\x1b[31mred\n" if wanted else f"{FORMULA},{RED}\n")


@pytest.fixture(scope="module")
def hostile(bundle, tmp_path_factory):
    """A bundle whose labels are hostile."""
    folder = copy_of(bundle, tmp_path_factory.mktemp("hostile") / "birds")
    values = json.loads((folder / "signature.json").read_text())
    values["target"]["labels"] = [FORMULA, RED]
    alter(folder, "signature.json", json.dumps(values))
    return folder


def rows_file(folder):
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(
            [list(GOOD), list(GOOD.values()), list({**GOOD, "height": "high\x1b[2J"}.values())]
        )
    return path


@pytest.mark.parametrize(
    "option, safe", [((), False), (("--safe-csv",), True), (("--no-safe-csv",), False)]
)
def test_both_command_lines_have_the_option(
    hostile, tmp_path, command, monkeypatch, capsys, option, safe
):
    path = rows_file(tmp_path)
    _, out, _ = command("predict", hostile, path, *option)
    monkeypatch.setattr(sys, "stdin", io.StringIO(path.read_text()))
    main([str(hostile), *option])
    for text in (out, capsys.readouterr().out):
        header, first, second = csv.reader(io.StringIO(text))
        if safe:
            shown = [f"'{FORMULA}", "\\x1b[31mred"]
        else:
            shown = [FORMULA, RED]
        assert first[1] in shown and header[2:4] == [
            "score " + label.removeprefix("'") for label in shown
        ]
        assert "high\\x1b[2J" in second[-1], "an error escapes the cell in any case"


def test_a_terminal_gets_safe_cells(hostile, tmp_path):
    """A real one: the child's standard output is a pseudo terminal."""
    ours, theirs = pty.openpty()
    code = (
        "import sys; from pipelines.device.__main__ import main; "
        f"sys.exit(main([{str(hostile)!r}]))"
    )
    with open(rows_file(tmp_path)) as rows:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=rows, stdout=theirs, stderr=subprocess.DEVNULL
        )
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        said += part
    process.wait()
    os.close(ours)
    assert b"\x1b" not in said and b"score \\x1b[31mred" in said


def test_names_of_series_and_texts_are_guarded_too(bundle):
    runner = Runner.load(bundle.folder)
    odd = Runner(
        replace(runner.signature, target=replace(runner.signature.target, labels=("-a", "@b"))),
        runner.interpreter,
    )
    sink = io.StringIO()
    write_answers(odd, list(GOOD), [list(GOOD.values())], answers_writer(sink, safe=True))
    assert sink.getvalue().splitlines()[1].startswith(("1,'-a,", "1,'@b,"))


def test_errors_steer_no_terminal():
    error = DeviceError("a\x1b[31m\u202eb\ud800", expected="one\nline", fix="x\x07")
    assert str(error) == "[device] a\\x1b[31m\\u202eb\\ud800\n  expected: one\nline\n  fix: x\\x07"
    assert error.received == "a\x1b[31m\u202eb\ud800"


def test_what_is_plain_stays():
    for text in ("Jürgen", "日本語", "a\u00a0b", "\U0001f469\u200d\U0001f527", "$1.50"):
        assert visible(text) == text
    assert visible("a\tb\nc", keep="\n") == "a\\tb\nc"
    for code_point in (0, 8, 27, 127, 133, 0x2028, 0x200F):
        assert visible(chr(code_point)) != chr(code_point)
