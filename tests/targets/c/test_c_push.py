"""Steps that arrive one by one in C: the inputs of each full window are those that Python cuts from
the same rows.
"""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines.catalog import RECIPES
from pipelines.device.calendar import Calendar
from pipelines.device.history import newest_windows
from pipelines.device.primitives import run_primitives
from pipelines.device.runner import LiteRT, Runner
from pipelines.recipe import tiny
from pipelines.run import frame, read, run, split
from pipelines.steps import CountSinceSeen, FillGaps, FlagGaps, ScaleSeries
from pipelines.targets.c.push import push_files
from pipelines.targets.micro.runner import Micro
from pipelines.tasks import task_of
from pipelines.training.inputs import fit_inputs
from tests.convert.test_stream import HORIZON, WINDOW, shaped
from tests.targets.c.pushed_steps import PushedSteps

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
HOUR = 3600
WINDOW_OF_DAYS = 72
NEWEST = 1500
SERIES = {
    "glucose_mlp": ("data/cgm_glucose.csv.gz", ""),
    "weather_linear": ("data/nyc_weather.csv.gz", "EWR"),
    "weather_anomaly": ("data/nyc_weather.csv.gz", "JFK"),
}


def with_steps_of_int8(signature):
    """A signature whose inputs have a scale, as of a converted model."""
    ports = []
    for place, port in enumerate(signature.inputs):
        ports.append(replace(port, scale=0.03, zero_point=place - 3))
    return replace(signature, inputs=tuple(ports))


def wanted_arrays(signature, table):
    """What C must have: the inputs of the newest window of a table, and its own scale."""
    _, columns = newest_windows(signature, table)
    runner = Runner(signature, None)
    found = {name: x.ravel() for name, x in runner.prepare(columns).items()}
    target = signature.target
    if task_of(target).keeps_own_scale:
        prepared = run_primitives(signature.primitives, columns)
        found["base"] = np.ravel(prepared[target.base]) if target.base else np.zeros(1)
        found["spread"] = np.ravel(prepared[target.spread]) if target.spread else np.ones(1)
    return found


def assert_same(code, signature, table):
    found = code.arrays()
    for name, x in wanted_arrays(signature, table).items():
        np.testing.assert_array_equal(found[name], x.astype(found[name].dtype), err_msg=name)


def as_table(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def drawn_rows(random, num_rows):
    """Rows with gaps, several in a step, missing values, times out of order, and too large numbers."""
    seconds = 473_352 * HOUR
    for _ in range(num_rows):
        hours = random.choice([1, 1, 1, 1, 1, 0, 0, 0.3, 2, 5, -1, WINDOW, WINDOW + 1, 4 * WINDOW])
        seconds = int(seconds + HOUR * hours)
        values = []
        for _ in range(2):
            choices = [np.nan, *random.normal(size=4), random.choice([50.5, 1e31])]
            values.append(random.choice(choices))
        yield {
            "when": np.datetime64(seconds, "s"),
            "load": values[0],
            "wind": values[1],
            "holiday": random.integers(0, 2, HORIZON).astype(np.float32),
            "site": ["", "roof", "field"][random.integers(0, 3)],
        }


def with_known(signature, rows):
    """The table that holds the same for Python: what is known beforehand is in rows of later steps."""
    plain = [row | {"holiday": np.nan} for row in rows]
    has_value = [row for row in rows if row["load"] == row["load"] or row["wind"] == row["wind"]]
    times = np.array([row["when"] for row in has_value])
    newest = signature.frame.numbers(times).max()
    later = signature.frame.dates(newest + 1 + np.arange(HORIZON))
    for time, value in zip(later, rows[-1]["holiday"], strict=True):
        plain.append({"when": time, "load": np.nan, "wind": np.nan, "holiday": value, "site": ""})
    return as_table(plain)


@pytest.mark.parametrize(
    "holes, calendar",
    [
        (FlagGaps(), Calendar()),
        (CountSinceSeen(), Calendar(phase_seconds=1800, early_seconds=1800)),
    ],
    ids=repr,
)
def test_rows_of_all_kinds(tmp_path, holes, calendar):
    _, signature = shaped(holes, FillGaps(), ScaleSeries())
    cut = replace(signature.frame, calendar=calendar, series="")
    signature = with_steps_of_int8(replace(signature, frame=cut))
    code = PushedSteps(signature, tmp_path / "c")
    places = {column.name: place for place, column in enumerate(signature.columns)}
    rows = []
    codes = []
    for row in drawn_rows(np.random.default_rng(1), 150):
        found = code.push(row)
        codes.append(found)
        large = [name for name in ("load", "wind") if row[name] > 1e30]
        if large:
            assert found == -2 - places[large[0]]
            continue
        newest = max(
            (signature.frame.numbers(np.array([each["when"]]))[0] for each in rows), default=0
        )
        if found == -1:
            assert signature.frame.numbers(np.array([row["when"]]))[0] < newest
            continue
        rows.append(row)
        if found == 1:
            assert_same(code, signature, with_known(signature, rows))
        elif row["load"] != row["load"] and row["wind"] != row["wind"]:
            rows.pop()
    assert codes.count(1) > 20 and codes.count(0) > 20 and codes.count(-1) > 5


def real_steps(name):
    """A recipe, and the newest raw rows of its series."""
    recipe = RECIPES[name]
    file, site = SERIES[name]
    raw = pd.read_csv(file, dtype=str, keep_default_na=False)
    if site:
        raw = raw[raw.origin == site].drop(columns="origin")
        recipe = replace(recipe, load=replace(recipe.load, series="", only=()))
    return recipe, raw.iloc[-NEWEST:].reset_index(drop=True)


def assert_windows_are_those_of_python(signature, code, raw):
    """Pushes rows, and compares each full window; returns how many there were."""
    num_full = 0
    for place, row in enumerate(raw.to_dict("records")):
        if code.push(row) == 1:
            num_full += 1
            seen = raw.iloc[max(0, place - 2 * WINDOW_OF_DAYS) : place + 1]
            assert_same(code, signature, seen.to_dict("list"))
    return num_full


@pytest.mark.parametrize("name", SERIES)
def test_rows_of_real_series(name, tmp_path):
    recipe, raw = real_steps(name)
    splits = frame(recipe, split(recipe, read(recipe, raw).dataset))
    signature = fit_inputs(recipe, splits.train, splits.valid).signature
    code = PushedSteps(with_steps_of_int8(signature), tmp_path / "c")
    few = raw.iloc[-3 * WINDOW_OF_DAYS :].reset_index(drop=True)
    assert assert_windows_are_those_of_python(code.signature, code, few) > WINDOW_OF_DAYS


@pytest.mark.full
@pytest.mark.parametrize("name", SERIES)
def test_answers_are_those_of_tflm(name, tmp_path):
    """The files of a bundle: a row a call, then the model, against the runner with TFLM."""
    pytest.importorskip("tflite_micro")
    recipe, raw = real_steps(name)
    made = run(replace(tiny(recipe), name=name), raw, folder=tmp_path)
    files = {path.name: path.read_text() for path in (made.folder / "c").glob("*.[ch]")}
    code = PushedSteps(made.signature, tmp_path / "c", files)
    content = (made.folder / "model_int8.tflite").read_bytes()
    runner = Runner(made.signature, Micro(content, LiteRT(content).port_names()))
    num_full = 0
    for place, row in enumerate(raw.iloc[-3 * WINDOW_OF_DAYS :].to_dict("records")):
        if code.push(row) == 1:
            num_full += 1
            first = len(raw) - 3 * WINDOW_OF_DAYS
            seen = raw.iloc[max(0, first + place - 2 * WINDOW_OF_DAYS) : first + place + 1]
            _, columns = newest_windows(made.signature, seen.to_dict("list"))
            wanted = runner.interpreter.run(runner.prepare(columns))[0]
            np.testing.assert_array_equal(code.run_model(), wanted)
    assert num_full > WINDOW_OF_DAYS


def test_series_without_times(tmp_path):
    """Every call is the next step: of a series of classes the newest steps are the window."""
    recipe = RECIPES["italy_power"]
    splits = split(recipe, read(recipe).dataset)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    signature = with_steps_of_int8(inputs.signature)
    code = PushedSteps(signature, tmp_path / "c")
    runner = Runner(signature, None)
    (column,) = signature.columns
    (num_steps,) = column.shape
    steps = splits.test.x[column.name][:3].ravel()
    for place, value in enumerate(steps):
        code_of_row = code.push({column.name: value})
        assert code_of_row == (place >= num_steps - 1)
        if code_of_row == 1:
            window = steps[place + 1 - num_steps : place + 1][None]
            (wanted,) = runner.prepare({column.name: window}).values()
            (found,) = code.arrays().values()
            np.testing.assert_array_equal(found, wanted.ravel())


def test_a_model_of_plain_rows_has_none(bundle):
    assert push_files(bundle.signature, "t") == {}
    assert not (bundle.folder / "c" / "push.c").exists()


def test_steps_of_months_have_none():
    _, signature = shaped(FillGaps(), ScaleSeries())
    months = replace(signature.frame, calendar=Calendar("month", months=1, day=1))
    assert push_files(replace(signature, frame=months), "t") == {}
