"""The page of a bundle: its JavaScript under node is equal to the Python runner, and the page
itself answers in a headless browser.
"""

import base64
import io
import json
import math
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import asdict, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.device import primitives as p
from pipelines.device.calendar import DAY_SECONDS, MONTH_SECONDS, Calendar
from pipelines.device.calibration import Calibration
from pipelines.device.cells import Column, read_column
from pipelines.device.frame import Frame
from pipelines.device.history import newest_windows
from pipelines.device.notes import row_notes, short_number
from pipelines.device.pictures import read_picture
from pipelines.device.ports import Port
from pipelines.device.primitives import run_primitives
from pipelines.device.primitives.texts import WHITE_SPACE
from pipelines.device.runner import LiteRT, Runner, answer
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.device.visible import and_more
from pipelines.engine.starter import ending_with_this
from pipelines.errors import ExportError, VerifyError
from pipelines.recipe import Shipping, tiny
from pipelines.rows.split import split
from pipelines.run import settle
from pipelines.targets.web.page import (
    MAX_UNROLLED_STEPS,
    PAGE,
    litert_folder,
    refused,
    rules_of,
    web_files,
    web_form,
)
from pipelines.targets.web.runner import (
    FLAGS,
    AsInBrowser,
    Browser,
    available,
    browser_program,
)
from pipelines.targets.web.spec import TargetWeb
from pipelines.verify.golden import golden
from tests.device.test_numbers import written_numbers
from tests.learned import learn
from tests.odd_files.pictures import png
from tests.targets import rule_cases
from tests.targets.c.test_c_code import CELLS, EVERY, SEASONS, STEP, WINDOWS
from tests.tasks.test_spelling_search import InTable, table_of
from tests.tasks.test_spelling_search import signature as search_signature

needs_node = pytest.mark.skipif(
    not shutil.which("node"), reason="needs node: apt-get install nodejs"
)
needs_browser = pytest.mark.skipif(bool(available()), reason=f"needs {available()}")
SCRIPTS = (
    "numbers.js",
    "cells.js",
    "primitives.js",
    "sixteen_bits.js",
    "pictures.js",
    "calendar.js",
    "history.js",
    "notes.js",
    "spelling.js",
    "answers.js",
    "rules.js",
    "runner.js",
)
ANSWERER = """
for (const script of process.argv.slice(1)) require(script);
const p = globalThis.pipelines;
const plain = (x) => typeof x === "number" && Number.isNaN(x) ? null : x && x.BYTES_PER_ELEMENT ? Array.from(x, plain)
  : x instanceof Map ? Object.fromEntries(Array.from(x, ([name, value]) => [name, plain(value)]))
  : Array.isArray(x) ? x.map(plain) : x;
const toMap = (row) => new Map(Object.entries(row));
const DO = {
  read({column, missing, cells}) {
    return cells.map((cell) => {
      try { return {value: plain(p.readCell(cell, column, new Set(missing)))}; }
      catch (error) { if (!(error instanceof p.BadCell)) throw error; return {reason: error.message}; }
    });
  },
  prepare({signature, rows}) {
    const runner = new p.Runner(signature, null, "int8");
    return rows.map((row) => {
      const {columns, bad} = runner.read(toMap(row));
      if (bad.length) throw new Error(JSON.stringify(bad));
      const prepared = p.runPrimitives(signature.primitives, columns, runner.memory);
      return Object.fromEntries(Object.entries(runner.inputsOf(prepared)).map(([name, x]) => [name, Array.from(x)]));
    });
  },
  answer({signature, form, raw, prepared}) {
    return raw.map((each, row) => p.answer(signature, Float32Array.from(each), form, toMap(prepared[row])));
  },
  rules({signature, rules, rows, answers}) {
    return rows.map((row, place) => p.enforceRules(rules, signature, toMap(row), answers[place]));
  },
  async search({signature, table, rows}) {
    const run = async (given) => Float32Array.from(table[Array.from(given.get("spelled")).join("")]), found = [];
    for (const row of rows) {
      const [raw, prepared] = await p.runTask(signature, run, toMap(row));
      found.push(p.answer(signature, raw, "int8", prepared));
    }
    return found;
  },
  windows({signature, text, wanted}) {
    try { return p.newestWindows(signature, p.parseTable(text, wanted)).map(plain); }
    catch (error) { if (!(error instanceof p.BadCell)) throw error; return error.message; }
  },
  calendar({frame, times}) {
    return times.map((time) => [p.hasStep(frame, time), p.stepNumber(frame, time),
                                p.stepDate(frame, p.stepNumber(frame, time))]);
  },
  more({numbers, noun}) { return numbers.map((number) => p.andMore(number, noun)); },
  short({values}) { return values.map(p.shortNumber); },
  notes({signature, rows}) {
    const runner = new p.Runner(signature, null, "int8");
    return rows.map((row) => {
      const {columns} = runner.read(toMap(row));
      return p.rowNotes(signature, columns, p.runPrimitives(signature.primitives, columns, runner.memory)).join("; ");
    });
  },
  write({column, values}) { return values.map((value) => p.writeCell(value, column)); },
  steps({signature, row}) { return p.stepsOf(signature, toMap(row)); },
  stretch({rgba, size, shape}) {
    return Buffer.from(p.toShape(Buffer.from(rgba, "base64"), size, shape)).toString("base64");
  },
  async decode({file, shape, white}) {
    try { return {pixels: Array.from(await p.readPicture(new Blob([Buffer.from(file, "base64")]), shape, white))}; }
    catch (error) { if (!(error instanceof p.BadCell)) throw error; return {reason: error.message}; }
  }};
require("readline").createInterface({input: process.stdin}).on("line", async (line) => {
  let said;
  try {
    const {what, ...given} = JSON.parse(line);
    said = {said: await DO[what](given)};
  } catch (error) { said = {error: String(error.stack)}; }
  process.stdout.write(JSON.stringify(said) + "\\n");
});
"""


@pytest.fixture(scope="module")
def node():
    """node(what, **given) → what the page's scripts say, all in one process."""
    process = subprocess.Popen(
        ["node", "-e", ANSWERER, "--", *(str(PAGE / name) for name in SCRIPTS)],
        text=True,
        encoding="utf-8",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def ask(what, **given):
        process.stdin.write(json.dumps({"what": what, **given}) + "\n")
        process.stdin.flush()
        said = json.loads(process.stdout.readline())
        assert "error" not in said, said["error"]
        return said["said"]

    yield ask
    process.stdin.close()
    process.wait()
    process.stdout.close()


def raw_rows(signature, columns):
    """Typed columns as rows of raw cells, as they come in JSON."""

    def raw(value):
        if isinstance(value, np.datetime64):
            if np.isnat(value):
                return None
            return str(value)
        if isinstance(value, np.ndarray):
            if value.dtype == np.uint8:
                return {"base64": base64.b64encode(value.tobytes()).decode()}
            return list(map(raw, value))
        if isinstance(value, np.floating) and np.isnan(value):
            return None
        if isinstance(value, np.floating):
            return float(value)
        return value

    num_rows = len(next(iter(columns.values())))
    return [
        {column.name: raw(columns[column.name][row]) for column in signature.columns}
        for row in range(num_rows)
    ]


@needs_node
def test_others_are_counted_alike(node):
    numbers = [0, 1, 2, 999, 1234, 1_000_000]
    said = node("more", numbers=numbers, noun="cell")
    assert said == [and_more(number, "cell") for number in numbers]
    assert said[:2] == ["", " (and 1 more cell)"] and said[4] == " (and 1,234 more cells)"


def assert_prepared_alike(node, signature, columns):
    wanted = {
        port.name: run_primitives(signature.primitives, columns)[port.name]
        for port in signature.inputs
    }
    made = node("prepare", signature=signature.to_json(), rows=raw_rows(signature, columns))
    for name, x in wanted.items():
        got = np.array([row[name] for row in made], np.float64).reshape(x.shape)
        np.testing.assert_array_equal(got, x.astype(np.float64))


@needs_node
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(CELLS, min_size=1, max_size=20))
def test_every_primitive_and_hostile_cells(node, rows):
    names = [column.name for column in EVERY.columns]
    signature = replace(EVERY, missing_words=())
    raw = [[row[key] for row in rows] for key in "nmcfdi"]
    columns = {
        names[0]: np.array(raw[0], np.float32),
        names[1]: np.array(raw[1], np.float32),
        names[4]: np.array(["NaT" if cell is None else cell for cell in raw[4]], "datetime64[s]"),
    }
    for place in (2, 3, 5):
        columns[names[place]] = read_column(raw[place], signature.columns[place], frozenset())[0]
    assert_prepared_alike(node, signature, columns)


@needs_node
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(STEP, min_size=30, max_size=30), min_size=1, max_size=8))
def test_every_primitive_of_series(node, rows):
    x = np.array(rows, np.float32)
    columns = {
        "when": (np.arange(len(x)) * 97).astype("datetime64[D]").astype("datetime64[s]"),
        "a": x[:, :9],
        "b": x[:, 9:18],
        "c": x[:, 18:27],
        "ahead": x[:, 27:],
    }
    assert_prepared_alike(node, WINDOWS, columns)


@needs_node
@pytest.mark.parametrize("kind", rule_cases.MODELS)
def test_the_page_keeps_the_rules_that_python_keeps(node, kind):
    signature = rule_cases.MODELS[kind]
    columns = rule_cases.rows()
    raw = rule_cases.outputs(signature)
    runner = Runner(signature, rule_cases.Given(raw))
    wanted = runner.predict_columns(columns)
    plain = runner._answers_of(columns)
    said = node(
        "rules",
        signature=signature.to_json(),
        rules=rules_of(signature),
        rows=raw_rows(signature, columns),
        answers=[
            {
                "label": None if plain.labels is None else plain.labels[row],
                "scores": np.atleast_1d(plain.scores[row]).tolist(),
            }
            for row in range(len(raw))
        ],
    )
    if wanted.labels is None:
        assert [each["scores"] for each in said] == wanted.scores[:, None].tolist()
    else:
        assert [each["label"] for each in said] == wanted.labels.tolist()


@needs_node
def test_the_page_spells_what_python_spells(node):
    for beam in (1, 3):
        made = search_signature(beam)
        for seed in range(6):
            table = table_of(seed)
            answers = Runner(made, InTable(table)).predict({"n": [1.0]})
            places = list(np.ndindex(*table.shape[:-1]))
            floats = {
                "".join(map(str, at)): made.output.to_float(table[at][None])[0].tolist()
                for at in places
            }
            (said,) = node("search", signature=made.to_json(), table=floats, rows=[{"spelled": []}])
            assert said["label"] == answers.labels[0]
            np.testing.assert_allclose(said["scores"], answers.scores, rtol=1e-6)


def spelling(extra):
    letters = (
        {code: " " for code in WHITE_SPACE if code != 32}
        | {ord(each): each.lower() for each in "ABCÉ"}
        | extra
    )
    return tuple(sorted(letters.items()))


TEXTS = Signature(
    columns=(Column("t", "text"),),
    target=Target("y", "binary", ("no", "yes")),
    primitives=(
        p.Missing("t", "none"),
        p.Words(
            "t", spelling({ord("!"): " ! ", ord("ß"): "ss", ord("#"): ""}), ("!", "ab", "é"), 7, 5
        ),
        p.Bigrams("t", "pairs", 11),
        p.Pack(("t",), "ids"),
        p.Pack(("pairs",), "pair_ids"),
        p.Pack(("none",), "unit"),
    ),
    inputs=(
        Port("ids", (5,), "int32", "", num_ids=11),
        Port("pair_ids", (5,), "int32", "", num_ids=12),
        Port("unit", (1,), "float32", ""),
    ),
    output=Port("output", (1,), "float32", ""),
)
CHARACTERS = replace(
    TEXTS,
    inputs=(Port("ids", (9,), "int32", ""),),
    primitives=(p.Characters("t", spelling({}), (" ", "a", "b"), 5, 9), p.Pack(("t",), "ids")),
)
SUBWORDS = replace(
    TEXTS,
    inputs=(Port("ids", (12,), "int32", ""),),
    primitives=(
        p.Subwords(
            "t",
            spelling({}),
            tuple(sorted(["a", "b", "ab", "abab", "\u2581", "\u2581a", "ba"], key=str.encode)),
            5,
            12,
            merges=((1, 4, 2), (2, 2, 3), (6, 1, 7), (4, 1, 5)),
        ),
        p.Pack(("t",), "ids"),
    ),
)
SAID = st.lists(
    st.one_of(
        st.text(st.characters(), max_size=8), st.text("abABÉßé! \t#\u3000\u0130", max_size=90)
    ),
    min_size=1,
    max_size=10,
)


@needs_node
@pytest.mark.parametrize(
    "signature", [TEXTS, CHARACTERS, SUBWORDS], ids=["words", "characters", "subwords"]
)
@settings(max_examples=40, deadline=None)
@given(texts=SAID)
def test_every_primitive_of_texts(node, signature, texts):
    signature.check()
    assert_prepared_alike(
        node, signature, {"t": read_column(texts, signature.columns[0], frozenset())[0]}
    )


MISSING = ("", "NA", "nan")
ODD_CELLS = [
    "",
    " ",
    "NA",
    " na ",
    "nan",
    "1",
    " 1.5\u3000",
    "1_000",
    "1e5",
    "1E+400",
    "-inf",
    "Infinity",
    "+.5",
    "5.",
    ".",
    "0x10",
    "١٢",
    "1,5",
    "1.5,2",
    "-1e31",
    "1e30",
    "4.0",
    "-04.00",
    "4.05",
    "\x1c4.0\x85",
    "٤.0",
    "true",
    " Yes",
    "F",
    "0.0",
    "2",
    "İ",
    "a\0b",
    "half \ud800",
    "x" * 10_001,
    "1 2 NA 3",
    "1;x;2 1e99",
    "1e99 x",
    None,
    4,
    4.5,
    True,
    [1, "2", None, "NA"],
    {"a": 1},
]
DATES = [
    "2020-02-29",
    "20200229",
    "2021-02-29",
    "2020-W53-7",
    "2021W011",
    "2020-W54",
    "2020-02-29T23:59:59.999999Z",
    "0001-01-01",
    "2020-02-29 12",
    "2020-02-29T12:30+05:30",
    "20200229T123015,5-0130",
    "2020-02-29x12:3",
    "0001-01-01T00:00+01:00",
    "9999-12-31T23:59:59-00:01",
    "2020-13-01",
    "2020-02-29T",
    "2020-1-1",
    "1969-12-31T23:59:59.9",
    "2020-02-29T12:60",
    "not a date",
    "2020-02-29T12:30:15+24:00",
    "2020-W01-8",
    "2020W01",
    "2020-02-29 24:00",
    "2020-12-31T24:00:00.000Z",
    "2020-02-29T24:00:01",
    "2020-02-29T24:30",
    "2020-02-29T24:00+02:00",
    "9999-12-31T24:00",
    "9999-12-31T24:00+05:00",
    "0001-01-01T24:00+01:00",
    "20200229 24:00",
    "24:00",
    "2020-02-29x24:00",
    "2020-02-29 24:00\u0663",
]
FORMATS = {
    "%d.%m.%Y": ["1.2.2020", "29.02.2021", "01.02.20201", " 1.2.2020"],
    "%d/%b/%y %I:%M %p": ["03/Mar/68 12:05 am", "3/mar/69 1:5 PM", "3/xyz/69 1:5 PM"],
    "%Y-%m-%d %H:%M:%S%z": [
        "2020-02-29 12:30:15+0530",
        "2020-02-29 12:30:15-01:30",
        "2020-02-29 12:30:61Z",
    ],
    "%A, %B %d %Y (%j)": ["Saturday, February 29 2020 (60)"],
    "%Y/%j": ["2020/366", "2021/366", "2020/60"],
    "%H:%M:%S.%f": ["12:30:15.5"],
    "%d.%m.%Y %H:%M": ["31.12.2020 24:00", "1.2.2020 24:01", "31.12.9999 24:00", "31.2.2020 24:00"],
    "%d.%m.%Y %I:%M %p": ["31.12.2020 24:00 am"],
    "100%% %Y": ["100% 2020"],
    "%Y%m%d": ["20200229", "2020229"],
}


def read_alone(cell, column):
    """{value} or {reason} of one cell, as Python reads it."""
    (value,), bad = read_column([cell], column, frozenset(MISSING))
    if bad:
        return {"reason": bad[0].reason}
    if isinstance(value, np.datetime64):
        return {"value": None if np.isnat(value) else int(value.astype(np.int64))}
    if isinstance(value, np.ndarray):
        return {"value": [None if math.isnan(each) else float(each) for each in value]}
    return {
        "value": (None if math.isnan(value) else float(value))
        if isinstance(value, np.floating)
        else value
    }


def assert_cells_alike(node, cells, column):
    made = node(
        "read",
        column={
            "name": column.name,
            "kind": column.kind,
            "format": column.format,
            "decimal": column.decimal,
            "shape": column.shape,
            "unit": column.unit,
            "thousands": column.thousands,
            "marks": column.marks,
        },
        missing=MISSING,
        cells=cells,
    )
    for cell, said in zip(cells, made, strict=True):
        if column.kind == "numeric" and isinstance(said.get("value"), int):
            said = {
                "value": float(np.float32(said["value"]))
            }  # JavaScript writes a whole number without a point
        assert said == read_alone(cell, column), (cell, column)


@needs_node
def test_cells_are_read_and_refused_alike(node):
    for column in (
        Column("c", "numeric"),
        Column("c", "numeric", decimal=","),
        Column("c", "categorical"),
        Column("c", "boolean"),
        Column("c", "text"),
        Column("c", "series", shape=(3,)),
    ):
        cells = [
            cell
            for cell in ODD_CELLS
            if not (column.kind == "series" and isinstance(cell, (int, float, dict)))
        ]
        assert_cells_alike(node, cells, column)
    assert_cells_alike(node, DATES, Column("c", "date"))
    for date_format, cells in FORMATS.items():
        assert_cells_alike(node, cells, Column("c", "date", date_format))


NUMBER_CELLS = [
    "1.250",
    "1,250",
    "1.234.567",
    "1,234,567.5",
    "1.234,50",
    "12.34.567",
    "12,34,567",
    "1 234",
    "1\u00a0234",
    "1\u202f234",
    "1\u2009234",
    "1'234",
    "1\u2019234.5",
    "0.125",
    "0,125",
    "0.45-",
    "\u22125",
    "(1,234)",
    "((5))",
    "(-5)",
    "(5",
    "-5-",
    "5 -",
    "6.9%",
    "6.9 %",
    "%6.9",
    "% 6.9 %",
    "$1,234.50",
    "-$5",
    "$-5",
    "-$-5",
    "($5)",
    "$(5)",
    "$5-",
    "12.3 €",
    "€12,3",
    "EUR 12.3",
    "12.3EUR",
    "1.3k",
    "1,3K",
    "2M",
    "2 M",
    "2m",
    "$1.3k",
    "1e3k",
    "1.250e3",
    "-inf",
    "inf %",
    "+5",
    "+-5",
    "5.",
    ".5",
    ",5",
    "1.",
    "k",
    "",
    "1_000",
    "١٢",
    "1,2,3",
    "-",
    "\u2212",
    "\u2212\u22125",
    5,
    1.5,
    True,
    None,
    "1e400",
    "1e31",
    "9" * 400,
]
STYLES = [
    {},
    {"decimal": ","},
    {"thousands": ","},
    {"decimal": ",", "thousands": "."},
    {"thousands": " "},
    {"decimal": ",", "thousands": "'"},
    {"unit": "%"},
    {"unit": "$", "thousands": ",", "marks": "(-k"},
    {"unit": "€", "decimal": ","},
    {"unit": "EUR"},
    {"marks": "k"},
    {"marks": "(", "thousands": ","},
    {"marks": "-", "decimal": ","},
    {"unit": "k€", "marks": "k("},
]


@needs_node
@pytest.mark.parametrize("style", STYLES, ids=lambda style: "".join(style.values()) or "plain")
def test_numbers_of_every_style_are_read_alike(node, style):
    assert_cells_alike(node, NUMBER_CELLS, Column("c", "numeric", **style))
    steps = ["1,5 2,5", "1.250;2", "1 234;5", "5% 6%", "$5 ($6)", "1k x", "5 €;6 €"]
    assert_cells_alike(node, steps, Column("c", "series", shape=(3,), **style))


@needs_node
@settings(max_examples=60, deadline=None)
@given(
    written=st.lists(written_numbers(), min_size=1, max_size=10),
    texts=st.lists(st.text("0123456789.,' -+()kM€%\u00a0\u2212e", max_size=10), max_size=10),
)
def test_any_number_is_read_alike(node, written, texts):
    for column, text, _ in written:
        assert_cells_alike(node, [text, *texts], column)


@needs_node
def test_the_page_writes_numbers_as_its_column_reads_them(node):
    for style in STYLES:
        column = Column("c", "numeric", **style)
        cells = node(
            "write", column=asdict(column), values=[0, -1250, 0.125, 1.5e20, -3e-7, 1234.5]
        )
        values, bad = read_column(cells, column, frozenset())
        assert not bad
        np.testing.assert_array_equal(
            values, np.array([0, -1250, 0.125, 1.5e20, -3e-7, 1234.5], np.float32)
        )


@needs_node
@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(
        st.one_of(
            st.text(max_size=6),
            st.text("0123456789.eE+-, ", max_size=8),
            st.floats().map(str),
            st.integers().map(str),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_text_is_read_alike(node, cells):
    for kind in ("numeric", "categorical", "boolean", "text"):
        assert_cells_alike(node, cells, Column("c", kind))


@needs_node
@settings(max_examples=40, deadline=None)
@given(
    times=st.lists(
        st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), min_size=1, max_size=20
    ),
    form=st.sampled_from(["ISO8601", "%d.%m.%Y %H:%M:%S", "%b %d, %Y %I %p", "%Y-%m-%d"]),
)
def test_dates_are_read_alike(node, times, form):
    if form == "ISO8601":

        def write(time):
            return time.isoformat()
    else:

        def write(time):
            return time.strftime(form.replace("%Y", f"{time.year:04d}"))

    assert_cells_alike(node, [write(time) for time in times], Column("c", "date", form))


def assert_answers_alike(node, signature, raw, prepared, form="int8"):
    wanted = answer(signature, raw, form=form, prepared=prepared)
    rows = [
        {
            name: x[row].ravel().tolist() if x.ndim > 1 else float(x[row])
            for name, x in prepared.items()
        }
        for row in range(len(raw))
    ]
    made = node("answer", signature=signature.to_json(), form=form, raw=raw.tolist(), prepared=rows)
    scores = np.array([each["scores"] for each in made]).reshape(wanted.scores.shape)
    np.testing.assert_allclose(
        scores, wanted.scores, rtol=1e-12 if signature.target.labels else 0, atol=0
    )
    assert [each["label"] for each in made] == (
        list(wanted.labels) if wanted.labels is not None else [None] * len(raw)
    )
    if wanted.quantiles is not None:
        np.testing.assert_array_equal([each["quantiles"] for each in made], wanted.quantiles)


@needs_node
@pytest.mark.parametrize(
    "task", ["binary", "multiclass", "multilabel", "regression", "forecast", "anomaly"]
)
def test_answers_agree_on_every_output(node, task):
    generator = np.random.default_rng(0)
    if task == "forecast":
        raw, own = (
            generator.normal(size=(2000, width)).astype(np.float32) * np.float32(9)
            for width in (9, 4)
        )
        assert_answers_alike(node, WINDOWS, raw, {"a offset": own[:, 0], "a factor": own[:, 3]})
        assert_answers_alike(node, SEASONS, raw, {"b base": own[:, :3], "a factor": own[:, 3]})
        return
    labels = {
        "binary": ("no", "yes"),
        "multiclass": ("a", "b", "c"),
        "multilabel": ("a", "b", "c"),
        "anomaly": ("fine", "odd"),
    }.get(task, ())
    (port,) = (port for port in EVERY.inputs if port.name == "unit")
    num_units = port.shape[0]
    width = {"multiclass": 3, "multilabel": 3, "anomaly": num_units}.get(task, 1)
    separator = "|" if task == "multilabel" else ""
    if task == "anomaly":
        base = "unit"
    else:
        base = ""
    signature = replace(
        EVERY,
        target=Target("y", task, labels, 4200.5, 812.25, base=base, separator=separator),
        output=replace(EVERY.output, shape=(width,)),
        decisions={"int8": (-0.9,) if task == "anomaly" else (0.1, -0.2, 0.3)[:width]},
    )
    raw = generator.normal(size=(2000, width)).astype(np.float32)
    raw[:500] = np.round(raw[:500] * 10) / np.float32(
        10
    )  # ties, and sums that are the decision itself
    prepared = {"unit": generator.uniform(-0.2, 1.2, (2000, num_units)).astype(np.float32)}
    for form in ("int8", "float32"):
        assert_answers_alike(node, signature, raw, prepared, form)
    table = Calibration(logits=(-1.0, 0.0, 0.1, 2.0), shares=(0.1, 0.2, 0.2, 0.9))
    for calibration in (Calibration(0.5, -0.25), table):
        if task == "binary" or (task in ("multiclass", "multilabel") and not calibration.logits):
            assert_answers_alike(
                node, replace(signature, calibrations={"int8": calibration}), raw, prepared
            )


@needs_node
@pytest.mark.parametrize("calendar", [Calendar(), Calendar(phase_seconds=30, early_seconds=30)])
def test_steps_become_the_same_newest_windows(node, calendar):
    lines = [
        "when;a;b;c;ahead;which",
        "1970-01-01T00:00:30;1;;1;5;x",
        "1970-01-01T00:01:00;2;NA;;5;y",
        "1970-01-01T00:02:10;3.5;;2;6;x",
        "1970-01-01T00:02:40;4;8;;;x",
        "1970-01-01T00:05:00;;;;7;x",
        '1970-01-01T00:04:00;;;;"8";y',
    ]
    signature = replace(
        WINDOWS, frame=replace(WINDOWS.frame, series="which", known=("ahead",), calendar=calendar)
    )
    cells = zip(*(line.replace('"', "").split(";") for line in lines), strict=True)
    table = {name: list(column) for name, *column in cells}
    names, columns = newest_windows(signature, table)
    made = node("windows", signature=signature.to_json(), text="\n".join(lines), wanted=list(table))
    assert [name for name, _ in made] == list(names)
    for row, (_, window) in enumerate(made):
        assert window["when"] == int(columns["when"][row].astype(np.int64))
        for name in ("a", "b", "c", "ahead"):
            np.testing.assert_array_equal(np.array(window[name], np.float32), columns[name][row])
    assert_notes_alike(node, signature, columns)
    with_first_line = "\n".join(["sep=;", *lines])
    assert made == node(
        "windows", signature=signature.to_json(), text=with_first_line, wanted=list(table)
    )
    for text, said in (
        ("when;a\n1;2", "no column 'b', 'c', 'ahead', 'which' in the header"),
        (
            "\n".join([*lines, "x;1;2;3;4;x"]),
            "row 6, column 'when': not a date of the format ISO8601",
        ),
        ("\n".join([*lines, "1;2"]), "row 6: 2 cells, the header has 6"),
        ('"', "never closes"),
        ('"a"b', "expected after"),
    ):
        assert said in node("windows", signature=signature.to_json(), text=text, wanted=list(table))
    row = raw_rows(signature, {name: x[:1] for name, x in columns.items()})[0]
    text = node("steps", signature=signature.to_json(), row={**row, "which": "x"})
    again, columns_again = newest_windows(
        replace(signature, frame=replace(signature.frame, series="")),
        {
            line[0]: list(line[1:])
            for line in zip(*(line.split(",") for line in text.splitlines()), strict=True)
        },
    )
    for name in columns:
        np.testing.assert_array_equal(columns_again[name], columns[name][:1])


def assert_notes_alike(node, signature, columns):
    prepared = run_primitives(signature.primitives, columns)
    wanted = row_notes(signature, columns, prepared).tolist()
    assert node("notes", signature=signature.to_json(), rows=raw_rows(signature, columns)) == wanted
    return wanted


@needs_node
@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(CELLS, min_size=1, max_size=20),
    low=st.floats(-(2.0**99), 2.0**96, width=32),
    width=st.floats(2.0**-20, 2.0**90, width=32),
)
def test_rows_have_the_same_notes(node, rows, low, width):
    names = [column.name for column in EVERY.columns]
    ranges = {names[0]: (low, low + width), names[1]: (-1.5, 2.0)}
    ranges = {name: pair for name, pair in ranges.items() if pair[0] < pair[1]}
    signature = replace(EVERY, missing_words=(), ranges=ranges)
    raw = [[row[key] for row in rows] for key in "nmcfdi"]
    columns = {
        names[0]: np.array(raw[0], np.float32),
        names[1]: np.array(raw[1], np.float32),
        names[4]: np.array(["NaT" if cell is None else cell for cell in raw[4]], "datetime64[s]"),
    }
    for place in (2, 3, 5):
        columns[names[place]] = read_column(raw[place], signature.columns[place], frozenset())[0]
    assert_notes_alike(node, signature, columns)


@needs_node
def test_texts_series_and_pictures_have_the_same_notes(node):
    texts = read_column(["ab!", "", "zz zz", "\u3000", "é"], TEXTS.columns[0], frozenset())[0]
    unknown = "no token of the text is known from training"
    assert assert_notes_alike(node, TEXTS, {"t": texts}) == ["", unknown, unknown, unknown, ""]
    x = np.linspace(0, 1, 5 * 30, dtype=np.float32).reshape(5, 30)
    x[1], x[2, 4], x[3, 13], x[4, 27] = np.nan, 1e29, -7, 9
    few = x[[0]].copy()
    few[0, :27].reshape(3, 9)[:, :-2] = np.nan
    columns = {
        "when": np.zeros(5, "datetime64[s]"),
        "a": x[:, :9],
        "b": x[:, 9:18],
        "c": x[:, 18:27],
        "ahead": x[:, 27:],
    }
    ranges = {"a": (0.0, 1.0), "b": (0.0, 1.0), "ahead": (0.0, 1.0)}
    assert assert_notes_alike(node, replace(WINDOWS, ranges=ranges), columns) == [
        "",
        "no step of the window has a value",
        "column 'a': step 5 is 1e+29, far outside of training's 0 to 1",
        "column 'b': step 5 is -7, far outside of training's 0 to 1",
        "column 'ahead': step 1 is 9, far outside of training's 0 to 1",
    ]
    columns = {
        "when": columns["when"][:1],
        "a": few[:, :9],
        "b": few[:, 9:18],
        "c": few[:, 18:27],
        "ahead": few[:, 27:],
    }
    assert assert_notes_alike(node, replace(WINDOWS, ranges=ranges), columns) == [
        "3 of the 9 past steps that the model reads are known"
    ]  # three of "ahead", which this frame takes as past
    picture = replace(
        TEXTS,
        columns=(Column("p", "picture", shape=(2, 2, 3)),),
        primitives=(p.Pack(("p",), "image"),),
        inputs=(Port("image", (2, 2, 3), "float32", ""),),
    )
    pixels = np.tile(np.array([3, 200, 7], np.uint8), (2, 2, 2, 1))
    pixels[1, 1, 0, 2] = 8
    assert assert_notes_alike(node, picture, {"p": pixels}) == ["the picture has one colour", ""]


@needs_node
def test_a_column_may_be_called_as_a_property_of_every_object(node):
    for name in ("__proto__", "constructor", "toString"):
        signature = replace(
            TEXTS,
            columns=(Column(name, "numeric"),),
            primitives=(p.Affine(name, 0.0, 1.0), p.Pack((name,), "unit")),
            inputs=(Port("unit", (1,), "float32", ""),),
        )
        x = {name: np.array([1e20, np.nan], np.float32)}
        assert assert_notes_alike(node, signature, x) == ["", "every cell is missing"]
        far = assert_notes_alike(node, replace(signature, ranges={name: (0.0, 1.0)}), x)
        assert far == [
            f"column '{name}': 1e+20, far outside of training's 0 to 1",
            "every cell is missing",
        ]


@needs_node
@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(
        st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=30
    )
)
def test_numbers_of_notes_are_written_alike(node, values):
    values = [*values, 100000.5, 0.00012345650, 999999.5, 1e-5, -0.0]
    assert node("short", values=values) == [short_number(value) for value in values]


CALENDARS = [
    (3600, Calendar()),
    (3600, Calendar(phase_seconds=1800, early_seconds=1800)),
    (604_800, Calendar(phase_seconds=259_200, early_seconds=302_400)),
    (DAY_SECONDS, Calendar("weekday", 61_200, 43_200, weekdays=(0, 1, 2, 3, 4))),
    (DAY_SECONDS, Calendar("weekday", weekdays=(1, 6))),
    (MONTH_SECONDS, Calendar("month", months=1, day=1)),
    (MONTH_SECONDS, Calendar("month", 86_399, months=1, day=31)),
    (MONTH_SECONDS, Calendar("month", weekdays=(0, 1, 2, 3, 4), months=1, day=31)),
    (
        3 * MONTH_SECONDS,
        Calendar("month", weekdays=(0, 1, 2, 3, 4), months=3, first_month=1, day=1),
    ),
    (3 * MONTH_SECONDS, Calendar("month", months=3, first_month=2, day=31)),
    (12 * MONTH_SECONDS, Calendar("month", months=12, first_month=1, day=29)),
]


@needs_node
@pytest.mark.parametrize("step_seconds, calendar", CALENDARS)
def test_steps_are_numbered_and_dated_as_on_a_device(node, step_seconds, calendar):
    frame = Frame("when", step_seconds, 1, calendar=calendar)
    calendar.check(step_seconds)
    random = np.random.default_rng(0)
    times = np.concatenate(
        [
            random.integers(-4_000_000_000, 8_000_000_000, 300),
            np.arange(-70, 800) * DAY_SECONDS,
            np.arange(-70, 800) * DAY_SECONDS - 1,
        ]
    ).astype("datetime64[s]")
    numbers = frame.numbers(times)
    wanted = zip(
        frame.has_step(times).tolist(),
        numbers.tolist(),
        frame.dates(numbers).astype(np.int64).tolist(),
        strict=True,
    )
    said = node("calendar", frame=asdict(frame), times=times.astype(np.int64).tolist())
    assert said == [list(each) for each in wanted]


@needs_node
def test_seconds_since_1970_are_read_as_on_a_device(node):
    column = Column("when", "date", "unix")
    cells = [
        "0",
        "1700000000",
        " -5.5 ",
        "1700000000.9",
        1700000000,
        "",
        "1e9",
        "12:00",
        "1700000000000",
        "99999999999",
        "--5",
        "5.",
        ".5",
        "2024-01-01",
        None,
        "-62135596801",
    ]
    said = node("read", column=asdict(column), missing=[""], cells=cells)
    values, bad = read_column(cells, column, frozenset({""}))
    reasons = {each.row: each.reason for each in bad}
    for row, each in enumerate(said):
        if row in reasons:
            assert each == {"reason": reasons[row]}
        else:
            assert each["value"] == (
                None if np.isnat(values[row]) else int(values[row].astype(np.int64))
            )
    assert sorted(reasons) == [6, 7, 8, 10, 12, 13, 15]


@needs_node
@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (8, 8, 3), (32, 5, 3), (1, 1, 1), (70, 90, 3), (33, 47, 1)]
)
def test_pictures_are_stretched_as_by_pillow(node, shape):
    pixels = np.random.default_rng(0).integers(0, 256, (33, 47, 3), np.uint8)
    pixels[:9] = 255
    rgba = np.concatenate([pixels, np.full((33, 47, 1), 255, np.uint8)], axis=2)
    made = node(
        "stretch", rgba=base64.b64encode(rgba.tobytes()).decode(), size=[33, 47], shape=shape
    )
    np.testing.assert_array_equal(
        np.frombuffer(base64.b64decode(made), np.uint8).reshape(shape), read_picture(pixels, shape)
    )


@needs_node
@pytest.mark.parametrize(
    "colour, channels", [(0, 1), (2, 3), (4, 2), (6, 4)], ids=["grey", "RGB", "LA", "RGBA"]
)
def test_pictures_of_sixteen_bits_are_read_as_on_the_device(node, colour, channels):
    """The browser keeps the high byte of them, so that the page has a reader of its own."""
    random = np.random.default_rng(colour)
    for white in (0, 255, 4095, 65_535):
        for bits in (8, 12, 16):
            for marked in (False, True):
                values = random.integers(0, 2**bits, (7, 9, channels)).astype(np.uint16)
                if channels in (2, 4):
                    values[..., -1] = random.integers(0, 2**16, (7, 9))
                if marked and channels in (1, 3):
                    chunks = [(b"tRNS", values[3, 3].astype(">u2").tobytes())]
                else:
                    chunks = []
                file = png(values, colour, *chunks)
                for shape in ((7, 9, 1), (7, 9, 3), (4, 5, 3)):
                    said = node(
                        "decode", file=base64.b64encode(file).decode(), shape=shape, white=white
                    )
                    try:
                        wanted = {"pixels": read_picture(file, shape, white=white).ravel().tolist()}
                    except ValueError as error:
                        wanted = {"reason": str(error)}
                    assert said == wanted


@needs_node
def test_filters_and_cut_files_of_sixteen_bits(node):
    from PIL import Image

    smooth = (np.arange(40)[:, None] * 97 + np.arange(50) * 61).astype(np.uint16)
    file = io.BytesIO()
    Image.fromarray(smooth).save(file, "PNG")  # Pillow chooses a filter for each line
    file = file.getvalue()
    shape = (40, 50, 1)
    said = node("decode", file=base64.b64encode(file).decode(), shape=shape, white=8191)
    assert said["pixels"] == read_picture(file, shape, white=8191).ravel().tolist()
    cut = base64.b64encode(file[: len(file) // 2]).decode()
    assert node("decode", file=cut, shape=shape, white=8191) == {"reason": "truncated"}
    woven = base64.b64encode(file[:28] + b"\1" + file[29:]).decode()
    assert "interlaced" in node("decode", file=woven, shape=shape, white=8191)["reason"]


def learned_from(recipe, source):
    """(signature, TFLite files, raw test rows, golden rows) of a tiny recipe, with the form for the
    page.
    """
    recipe = replace(
        tiny(recipe),
        training=replace(recipe.training, epochs=1),
        judge=replace(recipe.judge, beside=False),
        shipping=Shipping((TargetWeb(),)),
    )
    splits = split(recipe.load.read(source)[0], recipe.split)
    if recipe.frame is not None:
        splits = recipe.frame.cut(splits)
    learned = learn(settle(recipe, splits.train.schema), splits.train, splits.valid)
    rows = golden(learned.signature, learned.tflite["int8"], splits.test)
    return learned.signature, learned.tflite, splits.test, rows


def python_answers(signature, content, form, columns):
    """What the Python runner says with the page's own model."""
    return AsInBrowser(signature, LiteRT(content), form).predict_columns(columns)


def held_out(signature, rows, num_rows=300):
    return {column.name: rows.x[column.name][:num_rows] for column in signature.columns}


def assert_browser_agrees(browser, signature, content, form, columns):
    """The same raw outputs, of float32 but for the last digits, and the same labels."""
    wanted = python_answers(signature, content, form, columns)
    made = browser.predict_columns(columns)
    assert made.raw.dtype == np.float32
    np.testing.assert_allclose(made.raw, wanted.raw, atol=1e-5 if form == "float32" else 0)
    assert wanted.labels is None or (made.labels == wanted.labels).all()
    np.testing.assert_allclose(
        made.scores, answer_again(signature, made.raw, form, columns).scores, rtol=1e-12
    )
    assert (made.quantiles is None) == (wanted.quantiles is None)
    return wanted


def answer_again(signature, raw, form, columns):
    return answer(signature, raw, form=form, prepared=run_primitives(signature.primitives, columns))


def clearest(answers, num_rows=2):
    """The places of the rows whose label is surest."""
    return np.argsort(np.abs(np.diff(np.sort(answers.scores, axis=1)[:, -2:], axis=1))[:, 0])[
        -num_rows:
    ]


@needs_browser
def test_the_page_of_rows(bundle, birds_splits):
    """And its form, with names of columns and labels that are made to break out of it."""
    values = json.loads(json.dumps(bundle.signature.to_json()))
    evil = {
        column.name: f"<img src=x onerror=alert({place})>\"'</script>{column.name}"
        for place, column in enumerate(bundle.signature.columns)
    }
    evil[bundle.signature.columns[0].name] = "__proto__"

    for record in values["columns"] + values["primitives"]:
        for key in {"name", "column", "into"} & set(record):
            record[key] = evil.get(record[key], record[key])
        record.update(
            {"columns": [evil.get(name, name) for name in record["columns"]]}
            if "columns" in record
            else {}
        )
    values["ranges"] = {evil[name]: pair for name, pair in values["ranges"].items()}
    values["target"]["labels"] = ["<b>no</b>", "</script><b>yes</b>"]
    signature = Signature.from_json(values)
    content = (bundle.folder / "model_float32.tflite").read_bytes()
    columns = {evil[name]: x for name, x in held_out(bundle.signature, birds_splits.test).items()}
    rows = [
        {"row": {evil[name]: cell for name, cell in each["row"].items()}}
        for each in json.loads((bundle.folder / "golden.json").read_text())
    ]
    files = web_files(signature, content, "<i>birds</i>", form="float32", golden=rows)
    with Browser(files, signature) as browser:
        assert_browser_agrees(browser, signature, content, "float32", columns)
        answers = python_answers(
            signature,
            content,
            "float32",
            Runner(signature, None).read([each["row"] for each in rows])[0],
        )
        for place in clearest(answers):
            row = rows[place]["row"]
            assert browser.ask_page(row) == answers.labels[place]
        number = next(column.name for column in signature.columns if column.kind == "numeric")
        with pytest.raises(VerifyError, match="No answer: column .*: not a number: 'ten'"):
            browser.ask_page({**row, number: "ten"})
        assert browser.ask_page(row) == answers.labels[place]
        assert browser.one_row_ms(columns, 20).shape == (20,)


@needs_browser
def test_the_page_opens_from_a_folder_without_a_server(bundle, tmp_path):
    rows = json.loads((bundle.folder / "golden.json").read_text())
    content = (bundle.folder / "model_float32.tflite").read_bytes()
    for name, text in web_files(
        bundle.signature, content, "birds", form="float32", golden=rows
    ).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with open(
        tmp_path / "index.html", "a"
    ) as page:  # what it says goes to the log, once it has said something
        page.write(
            "<script>setInterval(() => { const said = document.querySelector('#answer .label, "
            "#answer .wrong');"
            " if (said) console.log(`said:${said.textContent}:`); }, 50)</script>"
        )
    command = [
        browser_program(),
        *FLAGS,
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path / 'profile'}",
        (tmp_path / "index.html").as_uri(),
    ]
    process = subprocess.Popen(
        ending_with_this(command), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    timer = threading.Timer(60, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        said = next(
            (line.split("said:")[1].split(":")[0] for line in process.stderr if "said:" in line),
            "nothing",
        )
    finally:
        timer.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert said == bundle.runner(form="float32").predict([rows[0]["row"]]).labels[0]


@needs_browser
def test_the_page_of_pictures():
    from PIL import Image

    with np.load("data/emoji_32.npz") as file:
        source = {"picture": file["X"][::12], "label": file["y"][::12]}
    signature, tflite, test, rows = learned_from(catalog.RECIPES["emoji_cnn"], source)
    form, content = web_form(tflite)
    assert form == "int8" and content == tflite["uint8"]
    columns = held_out(signature, test)
    with Browser(
        web_files(signature, content, "emoji", form=form, golden=rows), signature
    ) as browser:
        answers = assert_browser_agrees(browser, signature, content, form, columns)
        for place, kind in zip(clearest(answers), ("PNG", "BMP"), strict=True):
            wide = Image.fromarray(columns["picture"][place]).resize(
                (64, 100), Image.Resampling.BICUBIC
            )
            file = io.BytesIO()
            wide.save(file, kind)
            again = Runner(signature, None).read([{"picture": file.getvalue()}])[0]
            said = python_answers(signature, content, form, again).labels[0]
            assert browser.ask_page(file.getvalue()) == said
        assert_pictures_alike(browser, columns["picture"][0])
        with pytest.raises(VerifyError, match="not a picture"):
            browser.ask_page(b"GIF89a, or so it says")


def assert_pictures_alike(browser, pixels):
    """Files of many kinds against Pillow's reading of them: the same pixels, but for those that
    were half transparent and those that were lossy.
    """
    from PIL import Image

    image = Image.fromarray(pixels).resize((77, 50))
    through = Image.fromarray(
        np.concatenate(
            [np.asarray(image), np.random.default_rng(0).integers(0, 256, (50, 77, 1), np.uint8)],
            axis=2,
        )
    )
    turned = Image.Exif()
    turned[0x0112] = 6
    sixteen = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    for most, kind, saved, options in (
        (0, "PNG", image, {}),
        (0, "PNG", sixteen, {}),
        (0, "BMP", image, {}),
        (0, "PNG", image.convert("L"), {}),
        (0, "GIF", image.quantize(16), {}),
        (0, "PNG", image.convert("1"), {}),
        (0, "WEBP", image, {"lossless": True}),
        (2, "PNG", through, {}),
        (2, "JPEG", image, {"quality": 90}),
        (2, "JPEG", image, {"exif": turned.tobytes()}),
    ):
        file = io.BytesIO()
        saved.save(file, kind, **options)
        wanted = read_picture(file.getvalue(), pixels.shape).astype(int)
        assert np.abs(browser.read_picture(file.getvalue()) - wanted).max() <= most, (
            kind,
            saved.mode,
        )


@needs_browser
def test_the_page_of_texts_with_a_recurrent_net():
    """Which the browser has no fused operator for: its page gets the unrolled form."""
    source = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False).iloc[::16]
    recipe = catalog.override(
        catalog.RECIPES["remarks_cnn"],
        "build=Lstm()",
        "teacher=None",
        "encode=(TokenizeWords(window=16),)",
    )
    signature, tflite, test, rows = learned_from(recipe, source)
    form, content = web_form(tflite)
    assert form == "float32" and content == tflite["web_float32"]
    columns = held_out(signature, test)
    with Browser(
        web_files(signature, content, "remarks", form=form, golden=rows), signature
    ) as browser:
        answers = assert_browser_agrees(browser, signature, content, form, columns)
        for place in clearest(answers):
            assert browser.ask_page(str(columns["remarks"][place])) == answers.labels[place]


@needs_browser
def test_the_page_of_series():
    source = pd.read_csv("data/cgm_glucose.csv.gz").iloc[-4000:]
    signature, tflite, test, rows = learned_from(catalog.RECIPES["glucose_mlp"], source)
    form, content = web_form(tflite)
    assert form == "int8" and content == tflite["web_int8"]
    columns = held_out(signature, test)
    time_name, name = (
        column.name for column in sorted(signature.columns, key=lambda column: column.kind)
    )
    with Browser(
        web_files(signature, content, "glucose", form=form, golden=rows), signature
    ) as browser:
        answers = assert_browser_agrees(browser, signature, content, form, columns)
        made = browser.predict_columns(columns)
        assert made.quantiles.shape == answers.quantiles.shape
        window = np.flatnonzero(~np.isnan(columns[name]).any(axis=1))[0]
        times = columns[time_name][window] - np.timedelta64(300, "s") * np.arange(
            columns[name].shape[1], 0, -1
        )
        steps = "\n".join(
            f"{at};{value!r}"
            for at, value in zip(times, columns[name][window].tolist(), strict=True)
        )
        said = browser.ask_page(f"{time_name};{name}\n{steps}")
        assert said == f"{made.scores[window, 0]:.6g}"
        with pytest.raises(VerifyError, match="row 0, column 'glucose': not a number: 'high'"):
            browser.ask_page(f"{time_name};{name}\n{times[0]};high")


@needs_browser
def test_a_browser_that_cannot_answer_is_an_error_in_bounded_time(bundle, birds_splits):
    columns = held_out(bundle.signature, birds_splits.test, 5)
    with Browser(web_files(bundle.signature, b"no model", "birds"), bundle.signature) as browser:
        with pytest.raises(VerifyError, match="the page failed in the browser"):
            browser.predict_columns(columns)
    start = time.monotonic()
    with Browser({"index.html": ""}, bundle.signature, task_seconds=1.0) as browser:
        with pytest.raises(VerifyError, match="did not answer within 1 s"):
            browser.predict_columns(columns)
    assert time.monotonic() - start < 20


def test_what_the_page_needs_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINES_NODE_MODULES", str(tmp_path))
    with pytest.raises(ExportError, match="npm install --prefix .*@litertjs/core@2.5.3"):
        litert_folder()
    assert "npm install" in available()


def test_a_long_recurrent_net_is_refused():
    import keras

    series = keras.Input((MAX_UNROLLED_STEPS, 1), name="series")
    layers = keras.layers
    once = layers.LSTM(1)(series)
    twice = layers.LSTM(1)(layers.GRU(1, return_sequences=True)(series))
    assert (
        refused(keras.Model(series, once))
        == ""
        == refused(keras.Model(series, layers.Flatten()(series)))
    )
    assert "2,048 steps" in refused(keras.Model(series, twice))
