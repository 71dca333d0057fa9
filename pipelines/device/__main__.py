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
import csv
import itertools
import sys

import numpy as np

from .cells import PICTURE, TEXT, shorten
from .checksums import print_check
from .csv_rows import SEPARATORS, lines_of, named_separator, rows_of
from .dates import write_time
from .door import through_door
from .errors import DeviceError
from .history import newest_windows, shared_steps
from .notes import notes_count
from .primitives import FillPrevious
from .runner import FORMS, Runner
from .safe_csv import answers_writer
from .tasks import task_of

CHUNK_ROWS = 4096
CHUNK_CELLS = 64


def main(arguments=None) -> int:
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
    options = parser.parse_args(arguments)
    if len(options.separator) > 1 or options.separator in ('"', "\r", "\n"):
        parser.error("--separator takes one character")
    if hasattr(
        sys.stdin, "reconfigure"
    ):  # whatever the locale: the file that was trained on was read this way
        sys.stdin.reconfigure(encoding="utf-8-sig", errors="strict", newline="")
    return through_door(lambda: _run(options))


def _run(options):
    if options.check:
        print_check(options.bundle)
        return 0
    runner = Runner.load(options.bundle, form=options.form)
    writer = answers_writer(sys.stdout, safe=options.safe_csv)
    if options.cells or takes(runner) == PICTURE:
        return int(write_cell_answers(runner, options.cells, writer))
    return _answer_all(runner, sys.stdin, options.separator, writer)


def _answer_all(runner, source, separator, writer):
    if source is not None:
        text = lines_of(source)
    else:
        text = iter(())
    try:
        first = next(text, "")
        named = named_separator(first)
        if named:
            first = next(text, "")
    except csv.Error as error:
        raise DeviceError(
            f"the header: {error}",
            expected="CSV with a header line",
            fix="python -m pipelines.device BUNDLE < rows.csv",
        ) from error
    except UnicodeError as error:
        raise DeviceError(
            f"the input is not UTF-8: {error}",
            expected="CSV in UTF-8",
            fix="iconv -f latin1 -t utf-8 rows.csv | python -m pipelines.device BUNDLE",
        ) from error
    wanted = [column.name for column in runner.signature.columns]
    marks = separator or named or SEPARATORS
    rows = {mark: rows_of(itertools.chain([first], text), mark) for mark in marks}
    headers = {mark: _header(rows_of([first], mark)) for mark in rows}
    mark = max(headers, key=lambda each: len(set(wanted) & set(headers[each])))
    header = next(rows[mark], [])
    if isinstance(header, Exception):
        raise DeviceError(
            f"the header cannot be read: {header}", expected="CSV", fix="fix the file"
        ) from header
    if not header:
        raise DeviceError(
            "nothing on standard input",
            expected="CSV with a header line",
            fix="python -m pipelines.device BUNDLE < rows.csv",
        )
    check_header(header, wanted)
    if runner.signature.frame:
        return int(write_forecasts(runner, header, rows[mark], writer))
    return int(write_answers(runner, header, rows[mark], writer))


def _header(rows):
    header = next(rows, [])
    if isinstance(header, Exception):
        return []
    return header


def check_header(header, wanted) -> None:
    """Raises DeviceError where a name stands twice or a column that the model knows is not
    there.
    """
    if len(set(header)) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        raise DeviceError(
            f"the header names {', '.join(map(repr, twice))} twice",
            expected="one column a name",
            fix="rename or remove one of them",
        )
    absent = [name for name in wanted if name not in header]
    if absent:
        raise DeviceError(
            f"no column {', '.join(map(repr, absent))} in the header",
            expected=", ".join(wanted),
            fix="add the column; leave its cells empty where the values are not known",
        )


def takes(runner) -> str:
    """The kind of the model's one column where it is a picture or a text, else ""."""
    kinds = [column.kind for column in runner.signature.columns]
    if kinds in ([PICTURE], [TEXT]):
        return kinds[0]
    return ""


def write_cell_answers(runner, cells, writer) -> bool:
    """Writes a CSV line of answer or error for each picture file or text; True where some had no
    answer.
    """
    if not takes(runner):
        raise DeviceError(
            f"{len(cells)} files or texts for a model of rows with "
            f"{', '.join(column.name for column in runner.signature.columns[:8])}",
            expected="a bundle whose model takes pictures or texts",
            fix="python -m pipelines.device BUNDLE < rows.csv",
        )
    if not cells:
        raise DeviceError(
            "no picture",
            expected="one or more picture files",
            fix="python -m pipelines.device BUNDLE picture.png ...",
        )
    writer.writerow(
        [
            "file" if takes(runner) == PICTURE else "text",
            *_task(runner).headings(runner.signature),
            "note",
            "error",
        ]
    )
    name = runner.signature.columns[0].name
    failed = False
    num_notes = 0
    for start in range(0, len(cells), CHUNK_CELLS):
        chunk = [str(cell) for cell in cells[start : start + CHUNK_CELLS]]
        columns, bad = runner.read({name: chunk})
        if takes(runner) == PICTURE:
            names = chunk
        else:
            names = [cell if len(cell) <= 80 else shorten(cell, 80) for cell in chunk]
        num_notes += _write_chunk(
            runner,
            runner.predict_columns(columns),
            {each.row: each.reason for each in bad},
            names,
            writer,
        )
        failed |= bool(bad)
    _print_count(num_notes, len(cells))
    return failed


def _print_count(num_notes, num_rows):
    if num_notes:
        print(notes_count(num_notes, num_rows), file=sys.stderr)


def write_forecasts(runner, header, rows, writer) -> bool:
    """Writes a CSV line for every step forecast of each series, or the label and score of its
    newest window; False: all or nothing. Raises DeviceError for a row that cannot be read.
    """
    cells = []
    for place, row in enumerate(rows):
        if isinstance(row, Exception) or len(row) != len(header):
            if isinstance(row, Exception):
                detail = row
            else:
                detail = f"{len(row)} cells, the header has {len(header)}"
            raise DeviceError(f"row {place}: {detail}", expected="CSV", fix="fix the file")
        cells.append(row)
    table = {name: [row[place] for row in cells] for place, name in enumerate(header)}
    names, columns = newest_windows(runner.signature, table)
    shared = shared_steps(runner.signature, table)
    if shared:
        print(f"note: {shared}", file=sys.stderr)
    answers = runner.predict_columns(columns)
    frame = runner.signature.frame
    task = _task(runner)
    _print_count(int(np.count_nonzero(answers.notes)), len(names))
    if len(names) > 1:
        many = [frame.series or "series"]
    else:
        many = []
    writer.writerow([*many, frame.time, *task.window_headings(runner.signature), "note"])
    for place, name in enumerate(names):
        if many:
            first = [name]
        else:
            first = []
        newest = columns[frame.time][place]
        for time, cells in task.window_lines(runner.signature, answers, place, newest):
            when = write_time(time, frame.format)
            writer.writerow([*first, when, *cells, answers.notes[place]])
    return False


def write_answers(runner, header, rows, writer) -> bool:
    """Writes a CSV line of answer or error for each row of cells; True where some row had no
    answer.
    """
    writer.writerow(["row", *_task(runner).headings(runner.signature), "note", "error"])
    failed = False
    num_notes = 0
    first = 1
    for cells, errors in _chunks(iter(rows), len(header), _chunk_rows(runner)):
        num_notes += _answer_chunk(runner, header, cells, errors, writer, first)
        failed |= bool(errors)
        first += len(cells)
    _print_count(num_notes, first - 1)
    return failed


def _chunk_rows(runner):
    """A column that is filled with the value of the row before wants all rows at once."""
    remembers = any(
        isinstance(primitive, FillPrevious) for primitive in runner.signature.primitives
    )
    if remembers:
        return sys.maxsize
    return CHUNK_ROWS


def _chunks(rows, width, chunk_rows):
    """Lists of rows of cells, with the errors of those that are ragged or unreadable."""
    cells = []
    errors = {}
    for row in rows:
        if isinstance(row, Exception):
            errors[len(cells)] = f"cannot be read as CSV, and no row after it: {row}"
            row = [""] * width
        elif len(row) != width:
            errors[len(cells)] = f"{len(row)} cells, the header has {width}"
            row = [""] * width
        cells.append(row)
        if len(cells) == chunk_rows:
            yield cells, errors
            cells = []
            errors = {}
    if cells:
        yield cells, errors


def _answer_chunk(runner, header, cells, errors, writer, first):
    columns, bad = runner.read(
        {name: [row[place] for row in cells] for place, name in enumerate(header)}
    )
    for each in bad:
        errors.setdefault(each.row, f"{each.reason}: {each.value}")
    return _write_chunk(
        runner, runner.predict_columns(columns), errors, range(first, first + len(cells)), writer
    )


def _write_chunk(runner, answers, errors, names, writer):
    """Writes the lines of some rows; the number of answers with a note."""
    task = _task(runner)
    width = len(task.headings(runner.signature))
    num_notes = 0
    for row, name in enumerate(names):
        if row in errors:
            writer.writerow([name, *[""] * width, "", errors[row]])
            continue
        num_notes += answers.notes[row] != ""
        writer.writerow([name, *task.cells(answers, row), answers.notes[row], ""])
    return num_notes


def _task(runner):
    return task_of(runner.signature.target)


if __name__ == "__main__":
    sys.exit(main())
