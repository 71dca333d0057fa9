"""Answers raw rows on a device:  python -m pipelines.device saved_models/birds_mlp < rows.csv

Reads a CSV with a header from standard input and writes one CSV line a row: the row's number from
1, its label (or value), the score of each class, a note where the row is unlike those of training,
and the error where it has no answer. Exit code 1 if any row had an error. Standard error has the
number of notes. The folder can be copied alone: `python -m device BUNDLE`. A model of pictures
takes files instead, one of texts takes texts, if it is given any:

    python -m pipelines.device saved_models/emoji_cnn a.png b.jpg
    python -m pipelines.device saved_models/remarks_cnn "two gulls, no damage"

A model that forecasts takes a table of steps and forecasts those after the last one of each series;
one that finds anomalies judges the newest window of each.

    python -m pipelines.device --check saved_models/birds_mlp

reports whether every file of a bundle is the one that was written with it.
"""

import argparse
import sys

import numpy as np

from .cells import PICTURE, TEXT, shorten
from .checksums import print_check
from .csv_header import GIVE_ROWS, check_header, read_table
from .dates import write_time
from .door import through_door
from .errors import DeviceError
from .history import newest_windows, shared_steps
from .notes import notes_count
from .primitives import num_draws, read_other_rows
from .runner import FORMS, Runner
from .safe_csv import answers_writer
from .tasks import task_of

CHUNK_ROWS = 4096
CHUNK_CELLS = 64
MAX_TEXT = 80  # characters of a text that stand in its line


def main(arguments: list[str] | None = None) -> int:
    """Answers rows, pictures, texts or steps, or checks a bundle.

    Args:
        arguments: Of the command line; those of the process if None.

    Returns:
        The exit code: 1 if any row had an error.
    """
    parser = argparse.ArgumentParser(prog="pipelines.device", description=__doc__.split("\n")[0])
    parser.add_argument("bundle", help="folder of a bundle: saved_models/<name>")
    parser.add_argument(
        "cells", nargs="*", help="picture files, for a model of pictures; texts, for one of texts"
    )
    parser.add_argument(
        "--form", choices=FORMS, default="int8", help="which model file answers (default int8)"
    )
    parser.add_argument(
        "--separator", default="", help="cell separator; found from the header if not given"
    )
    parser.add_argument(
        "--prototypes", default="", help="new classes, a file that pipelines.device.adapt wrote"
    )
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        help="what answers keep: \"status == 'hurricane' implies wind >= 64\"; may be repeated",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare every file of the bundle with its checksum, and answer nothing",
    )
    parser.add_argument(
        "--safe-csv",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write cells that neither a spreadsheet nor a terminal acts on (see safe_csv.py); if "
        "not given, for a terminal",
    )
    options = parser.parse_intermixed_args(arguments)  # files may stand after options
    if len(options.separator) > 1 or options.separator in ('"', "\r", "\n"):
        parser.error("--separator takes one character")
    if hasattr(sys.stdin, "reconfigure"):
        # Whatever the locale: the file that was trained on was read this way.
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict", newline="")
    return through_door(lambda: _run(options))


def _run(options):
    if options.check:
        print_check(options.bundle)
        return 0
    runner = Runner.load(
        options.bundle, form=options.form, prototypes=options.prototypes, rules=options.rule
    )
    writer = answers_writer(sys.stdout, safe=options.safe_csv)
    if options.cells or takes(runner) == PICTURE:
        failed = write_cell_answers(runner, options.cells, writer)
    else:
        failed = _answer_table(runner, sys.stdin, options.separator, writer)
    return int(failed)


def _answer_table(runner, source, separator, writer):
    """Answers a CSV file; returns whether some row has no answer."""
    wanted = [column.name for column in runner.signature.columns]
    header, rows = read_table(source, separator, wanted)
    check_header(header, wanted)
    if runner.signature.frame:
        return write_forecasts(runner, header, rows, writer)
    return write_answers(runner, header, rows, writer)


def takes(runner: Runner) -> str:
    """Returns the kind of the model's one column if it is a picture or a text, else ""."""
    kinds = [column.kind for column in runner.signature.columns]
    if kinds in ([PICTURE], [TEXT]):
        return kinds[0]
    return ""


def write_cell_answers(runner: Runner, cells: list[str], writer) -> bool:
    """Writes a CSV line of answer or error for each picture file or text.

    Args:
        runner: Of a model of one picture or one text.
        cells: Paths of pictures, or texts.
        writer: A csv writer.

    Returns:
        Whether some have no answer.
    """
    signature = runner.signature
    kind = takes(runner)
    if not kind:
        names = [column.name for column in signature.columns[:8]]
        raise DeviceError(
            f"{len(cells)} files or texts for a model of rows with {', '.join(names)}",
            expected="a bundle whose model takes pictures or texts",
            fix=GIVE_ROWS,
        )
    if not cells:
        raise DeviceError(
            "no picture",
            expected="one or more picture files",
            fix="python -m pipelines.device BUNDLE picture.png ...",
        )
    first = "text"
    if kind == PICTURE:
        first = "file"
    writer.writerow([first, *_task(runner).headings(signature), "note", "error"])
    (column,) = signature.columns
    failed = False
    num_notes = 0
    for start in range(0, len(cells), CHUNK_CELLS):
        chunk = [str(cell) for cell in cells[start : start + CHUNK_CELLS]]
        columns, bad = runner.read({column.name: chunk})
        answers = runner.predict_columns(columns)
        errors = {cell.row: cell.reason for cell in bad}
        names = chunk
        if kind == TEXT:
            names = list(map(_short_text, chunk))
        num_notes += _write_chunk(runner, answers, errors, names, writer)
        failed |= bool(bad)
    _print_count(num_notes, len(cells))
    return failed


def _short_text(text):
    """Returns a text as the first cell of its line."""
    if len(text) <= MAX_TEXT:
        return text
    return shorten(text, MAX_TEXT)


def _print_count(num_notes, num_rows):
    if num_notes:
        print(notes_count(num_notes, num_rows), file=sys.stderr)


def write_forecasts(runner: Runner, header: list[str], rows, writer) -> bool:
    """Writes a CSV line for every step forecast of each series.

    Of a model of anomalies it is the label and the score of the newest window.

    Args:
        runner: Of a model of windows.
        header: The names of the table's columns.
        rows: Its cells, a row a step, or the error that ended them.
        writer: A csv writer.

    Returns:
        False: all series have an answer, or none.

    Raises:
        DeviceError: If a row cannot be read.
    """
    table = _whole_table(header, rows)
    names, columns = newest_windows(runner.signature, table)
    shared = shared_steps(runner.signature, table)
    if shared:
        print(f"note: {shared}", file=sys.stderr)
    answers = runner.predict_columns(columns)
    num_notes = int(np.count_nonzero(answers.notes))
    _print_count(num_notes, len(names))
    signature = runner.signature
    frame = signature.windows()
    task = _task(runner)
    headings = [frame.time, *task.window_headings(signature), "note"]
    has_names = len(names) > 1
    if has_names:
        headings.insert(0, frame.series or "series")
    writer.writerow(headings)
    for place, name in enumerate(names):
        stamp = columns[frame.time][place]
        note = answers.notes[place]
        for time, cells in task.window_lines(signature, answers, place, stamp):
            line = [write_time(time, frame.format), *cells, note]
            if has_names:
                line.insert(0, name)
            writer.writerow(line)
    return False


def _whole_table(header, rows):
    """Returns the cells of rows by column. Raises DeviceError for a row that is not as wide."""
    cells = []
    for place, row in enumerate(rows):
        fault = _fault_of(row, len(header))
        if fault:
            raise DeviceError(f"row {place}: {fault}", expected="CSV", fix="fix the file")
        cells.append(row)
    return _by_column(header, cells)


def _fault_of(row, width):
    """Returns why a row of cells cannot be read, or ""."""
    if isinstance(row, Exception):
        return str(row) or type(row).__name__
    if len(row) != width:
        return f"{len(row)} cells, the header has {width}"
    return ""


def _by_column(header, cells):
    """Returns rows of cells as columns by name."""
    if not cells:
        return {name: [] for name in header}
    columns = map(list, zip(*cells, strict=True))
    return dict(zip(header, columns, strict=True))


def write_answers(runner: Runner, header: list[str], rows, writer) -> bool:
    """Writes a CSV line of answer or error for each row.

    Args:
        runner: Of a model of rows.
        header: The names of the table's columns.
        rows: Its cells, or the error that ended them.
        writer: A csv writer.

    Returns:
        Whether some row has no answer.
    """
    headings = _task(runner).headings(runner.signature)
    writer.writerow(["row", *headings, *_spread_headings(runner), "note", "error"])
    failed = False
    num_notes = 0
    first = 1
    chunk_rows = _chunk_rows(runner)
    for cells, errors in _chunks(rows, len(header), chunk_rows):
        columns, bad = runner.read(_by_column(header, cells))
        for cell in bad:
            errors.setdefault(cell.row, f"{cell.reason}: {cell.value}")
        answers = runner.predict_columns(columns)
        after_last = first + len(cells)
        numbers = range(first, after_last)
        num_notes += _write_chunk(runner, answers, errors, numbers, writer)
        failed |= bool(errors)
        first = after_last
    num_rows = first - 1
    _print_count(num_notes, num_rows)
    return failed


def _chunk_rows(runner):
    """Returns how many rows are answered at once.

    A column that is filled with the value of the row before needs all rows at once.
    """
    if read_other_rows(runner.signature.primitives):
        return sys.maxsize
    return CHUNK_ROWS


def _chunks(rows, width, chunk_rows):
    """Yields lists of rows of cells, with the errors of those that are ragged or unreadable."""
    cells = []
    errors = {}
    for row in rows:
        fault = _fault_of(row, width)
        if isinstance(row, Exception):
            fault = f"cannot be read as CSV, and no row after it: {row}"
        if fault:
            errors[len(cells)] = fault
            row = [""] * width
        cells.append(row)
        if len(cells) == chunk_rows:
            yield cells, errors
            cells = []
            errors = {}
    if cells:
        yield cells, errors


def _write_chunk(runner, answers, errors, names, writer):
    """Writes the lines of some rows; returns the number of answers with a note."""
    task = _task(runner)
    num_cells = len(task.headings(runner.signature)) + len(_spread_headings(runner))
    no_answer = [""] * num_cells
    num_notes = 0
    for row, name in enumerate(names):
        if row in errors:
            writer.writerow([name, *no_answer, "", errors[row]])
            continue
        note = answers.notes[row]
        if note:
            num_notes += 1
        cells = [*task.cells(answers, row), *_spread_cells(answers, row)]
        writer.writerow([name, *cells, note, ""])
    return num_notes


def _spread_headings(runner):
    """Returns the CSV columns of what draws of missing numbers add to each output."""
    if num_draws(runner.signature.primitives) == 1:
        return []
    (num_outputs,) = runner.signature.output.shape
    if num_outputs == 1:
        return ["spread"]
    return [f"spread {place + 1}" for place in range(num_outputs)]


def _spread_cells(answers, row):
    """Returns the cells of `_spread_headings`."""
    if answers.spread is None:
        return []
    return [f"{spread:.4g}" for spread in answers.spread[row]]


def _task(runner):
    return task_of(runner.signature.target)


if __name__ == "__main__":
    sys.exit(main())
