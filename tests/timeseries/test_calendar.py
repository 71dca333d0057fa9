"""Steps in time: numbers and dates that agree, the same windows on the device as in training, and
plain baselines that are as strong as they can be.
"""

import csv
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines import run
from pipelines.cli import app
from pipelines.device import Runner
from pipelines.device.__main__ import write_forecasts
from pipelines.device.calendar import DAY_SECONDS, MONTH_SECONDS, Calendar
from pipelines.device.cells import Column, read_column
from pipelines.device.frame import Frame
from pipelines.device.history import known_steps, newest_windows
from pipelines.device.primitives import DatePart
from pipelines.errors import DeviceError, PipelineError, RecipeError
from pipelines.recipe import tiny
from pipelines.report.facts import _missing_shares
from pipelines.report.failure import _advice as _gate_advice
from pipelines.rows.split import SplitByTime, split
from pipelines.steps import EncodeDate, FillGaps, ScaleSeries, fit_steps, make_signature
from pipelines.tabular import LoadTable, load_table
from pipelines.tasks.seasons import common_start, usual_seasons
from pipelines.timeseries import LoadSeries, Tcn, series_recipe
from pipelines.timeseries.windows import CutWindows
from pipelines.verify.golden import _raw_cell
from tests.odd_files.series import dates, jittered, on_days

LOAD = LoadSeries("", "at", "y")
WEEKDAYS = st.sets(st.integers(0, 6), min_size=1, max_size=7).map(lambda days: tuple(sorted(days)))
TIME_OF_DAY = st.integers(0, DAY_SECONDS - 1)


@st.composite
def frames(draw):
    unit = draw(st.sampled_from(["second", "weekday", "month"]))
    if unit == "second":
        size = draw(st.sampled_from([1, 60, 900, 902, 3600, DAY_SECONDS, 7 * DAY_SECONDS]))
        calendar = Calendar(
            phase_seconds=draw(st.integers(0, size - 1)),
            early_seconds=draw(st.sampled_from([0, size // 2])),
        )
        return Frame("at", size, 3, calendar=calendar)
    if unit == "weekday":
        calendar = Calendar(
            unit, draw(TIME_OF_DAY), draw(st.sampled_from([0, DAY_SECONDS // 2])), draw(WEEKDAYS)
        )
        return Frame("at", DAY_SECONDS, 3, calendar=calendar)
    months = draw(st.sampled_from([1, 2, 3, 6, 12, 120]))
    calendar = Calendar(
        unit,
        draw(TIME_OF_DAY),
        weekdays=draw(st.sampled_from([(), (0, 1, 2, 3, 4)])),
        months=months,
        first_month=draw(st.integers(0, months - 1)),
        day=draw(st.integers(1, 31)),
    )
    return Frame("at", months * MONTH_SECONDS, 3, calendar=calendar)


@settings(max_examples=200, deadline=None)
@given(frames(), st.integers(-200, 4000))
def test_a_step_has_one_number_and_one_date(frame, first):
    frame.calendar.check(frame.step_seconds)
    numbers = np.arange(first, first + 40)
    found = frame.dates(numbers)
    assert (np.diff(found) > np.timedelta64(0)).all() and frame.has_step(found).all()
    np.testing.assert_array_equal(frame.numbers(found), numbers)
    np.testing.assert_array_equal(frame.ahead(found[4]), found[4:7])
    between = found[:-1] + (np.diff(found) // 2)
    assert (np.diff(frame.numbers(np.sort(np.concatenate([found, between])))) >= 0).all(), (
        "numbers rise with time"
    )


@pytest.mark.parametrize(
    "step_seconds, calendar",
    [
        (3600, Calendar("hour")),
        (3600, Calendar(phase_seconds=3600)),
        (3600, Calendar(phase_seconds=-1)),
        (3600, Calendar(early_seconds=3600)),
        (3600, Calendar(weekdays=(0,))),
        (DAY_SECONDS, Calendar("weekday")),
        (DAY_SECONDS, Calendar("weekday", weekdays=(1, 0))),
        (DAY_SECONDS, Calendar("weekday", weekdays=(7,))),
        (DAY_SECONDS, Calendar("weekday", DAY_SECONDS, weekdays=(1,))),
        (MONTH_SECONDS, Calendar("month")),
        (MONTH_SECONDS, Calendar("month", months=1, day=32)),
        (MONTH_SECONDS, Calendar("month", months=121, day=1)),
        (MONTH_SECONDS, Calendar("month", months=3, first_month=3, day=1)),
        (MONTH_SECONDS, Calendar("month", months=1, day=1, early_seconds=5)),
    ],
)
def test_a_calendar_without_steps_is_refused(step_seconds, calendar):
    with pytest.raises(ValueError, match="a calendar of"):
        calendar.check(step_seconds)


def shaped(stamps, **knobs):
    """The table of a wave at these stamps, its windows and their signature."""
    places = np.arange(len(stamps))
    table = pd.DataFrame({"at": stamps, "y": np.round(np.sin(places / 3) * 10 + places % 5, 3)})
    dataset, _ = replace(LOAD, **knobs).read(table)
    windows = CutWindows(window=6, horizon=3, origin_step=1).cut(split(dataset, SplitByTime()))
    encoders, encoded = fit_steps((FillGaps(), ScaleSeries()), windows.train)
    return table, windows, make_signature((), encoders, encoded)


STAMPS = {
    "months": dates("2000-01-01", 90, "MS"),
    "ends of months": dates("2000-01-31", 90, "ME"),
    "quarters": dates("2000-03-31", 80, "QE"),
    "last weekdays": dates("2000-01-31", 90, "BME"),
    "Sundays": dates("2020-01-05", 80, "7D"),
    "weekdays": on_days(0, 1, 2, 3, 4),
    "jitter": jittered(120),
    "half past": dates("2020-01-05 00:30", 90, "h", "%Y-%m-%d %H:%M"),
    "years": [str(year) for year in range(1940, 2020)],
}


@pytest.mark.parametrize("stamps", STAMPS.values(), ids=STAMPS)
def test_the_device_cuts_the_windows_of_training(stamps):
    table, windows, signature = shaped(stamps)
    for place in (0, len(windows.test) // 2, len(windows.test) - 1):
        origin = int(windows.test.ids[place])
        past = table.iloc[:origin]
        _, columns = newest_windows(
            signature, {name: past[name].astype(str).tolist() for name in past}
        )
        np.testing.assert_array_equal(columns["y"][0], windows.test.x["y"][place])
        assert columns["at"][0] == windows.test.x["at"][place]


class Zeros:
    """In the place of a model: every output is 0."""

    def __init__(self, signature):
        self.width = signature.output.shape[0]

    def run(self, inputs):
        return np.zeros((len(next(iter(inputs.values()))), self.width), np.float32)


def forecast_of(signature, rows):
    """The lines of CSV that `predict` writes, without the header."""
    sink = io.StringIO()
    runner = Runner(signature, Zeros(signature), form="float32")
    write_forecasts(
        runner,
        ["at", "y"],
        [list(map(str, row)) for row in rows],
        csv.writer(sink, lineterminator="\n"),
    )
    return list(csv.reader(io.StringIO(sink.getvalue())))[1:]


def timed(unit_stamps, **knobs):
    table, _, signature = shaped(unit_stamps, **knobs)
    return [line[0] for line in forecast_of(signature, table.to_numpy().tolist())]


def test_forecasts_are_dated_as_the_data_are():
    assert timed(dates("2000-01-31", 60, "ME")) == [
        "2005-01-31T00:00:00",
        "2005-02-28T00:00:00",
        "2005-03-31T00:00:00",
    ]
    assert timed(dates("2020-01-05", 60, "7D")) == [
        "2021-02-28T00:00:00",
        "2021-03-07T00:00:00",
        "2021-03-14T00:00:00",
    ]
    fridays_end = on_days(0, 1, 2, 3, 4)[:58]  # to a Friday
    assert timed(fridays_end) == [
        "2020-03-23T00:00:00",
        "2020-03-24T00:00:00",
        "2020-03-25T00:00:00",
    ]
    unix = [1_700_000_000 + 3600 * place for place in range(60)]
    assert timed(unix, kinds={"at": "date:unix"}) == ["1700216000", "1700219600", "1700223200"]


def test_a_weekend_in_a_series_of_weekdays_is_refused():
    _, _, signature = shaped(on_days(0, 1, 2, 3, 4))
    with pytest.raises(DeviceError, match="row 1: 2020-03-21T00:00:00 is on a day without a step"):
        newest_windows(signature, {"at": ["2020-03-20", "2020-03-21"], "y": ["1", "2"]})


def test_few_past_steps_are_named(capsys):
    table, _, signature = shaped(dates("2020-01-01", 60, "D"))
    rows = table.to_numpy().tolist()
    assert {line[-1] for line in forecast_of(signature, rows[-6:])} == {""}
    assert capsys.readouterr().err == ""
    assert {line[-1] for line in forecast_of(signature, rows[-2:])} == {
        "2 of the 6 past steps that the model reads are known"
    }
    assert capsys.readouterr().err == "1 of 1 answers has a note: see the column note\n"
    columns = {"y": np.array([[np.nan] * 4 + [1, 2], [1] * 6], np.float32)}
    assert known_steps(signature, columns).tolist() == [2, 6]


def test_rows_of_many_series_taken_as_one_are_named(capsys):
    table, _, signature = shaped(dates("2020-01-01", 60, "D"))
    signature = replace(signature, frame=replace(signature.frame, series="shop"))
    rows = [row for row in table.to_numpy().tolist()[-8:] for _ in range(5)]
    forecast_of(signature, rows)
    assert capsys.readouterr().err == (
        "note: 32 of 40 rows share their step with another row: their mean is read; "
        "there is no column 'shop', which separates the series\n"
    )


def test_a_table_has_dates_in_seconds_since_1970():
    table = pd.DataFrame(
        {"at": [1_700_000_000 + 86_400 * place for place in range(8)], "y": list("abababab")}
    )
    dataset, _ = load_table(LoadTable("", "y", kinds={"at": "date:unix"}), table)
    assert (
        str(dataset.x["at"][1]) == "2023-11-15T22:13:20"
        and dataset.schema.columns[0].format == "unix"
    )


def test_seconds_since_1970_are_dates():
    values, bad = read_column(
        ["0", 1_700_000_000.5, "", "1e9", "1700000000000"],
        Column("at", "date", "unix"),
        frozenset({""}),
    )
    assert values[:2].astype(np.int64).tolist() == [0, 1_700_000_000] and np.isnat(values[2:]).all()
    assert [each.reason for each in bad] == ["not a date of the format unix"] * 2


@pytest.mark.parametrize(
    "stamps, made",
    [
        (dates("2000-01-01", 90, "MS"), ["at month"]),
        (dates("2000-01-31", 90, "BME"), ["at month"]),
        ([str(year) for year in range(1940, 2020)], []),
        (on_days(0, 1, 2, 3, 4), ["at weekday"]),
        (dates("2020-01-05 00:30", 90, "h", "%Y-%m-%d %H:%M"), ["at hour", "at weekday"]),
    ],
)
def test_parts_of_dates_that_steps_of_that_length_have(stamps, made):
    _, windows, _ = shaped(stamps)
    steps, _ = fit_steps((EncodeDate(parts=("hour", "weekday"), harmonics=(3, 3)),), windows.train)
    assert [
        each.into for step in steps for each in step.primitives if isinstance(each, DatePart)
    ] == made


def test_golden_rows_hold_times_as_the_source_writes_them():
    time = np.datetime64("2023-11-14T22:13:20", "s")
    assert _raw_cell(time, "unix") == "1700000000" and _raw_cell(time, "%d.%m.%Y") == "14.11.2023"


def test_a_stream_of_months_is_refused_before_an_epoch():
    _, _, signature = shaped(dates("2000-01-01", 90, "MS"))
    with pytest.raises(RecipeError, match="the steps are months, which differ in length"):
        Tcn(depth=1, stream=True).build(signature)


@pytest.mark.parametrize(
    "frame, seasons",
    [
        (Frame("at", 3600, 1), (24, 168)),
        (Frame("at", 900, 1), (96, 672)),
        (Frame("at", DAY_SECONDS, 1), (7,)),
        (Frame("at", 7 * DAY_SECONDS, 1), (1, 52)),
        (Frame("at", 902, 1), (1,)),
        (Frame("at", DAY_SECONDS, 1, calendar=Calendar("weekday", weekdays=(0, 1, 2, 3, 4))), (5,)),
        (Frame("at", MONTH_SECONDS, 1, calendar=Calendar("month", months=1, day=1)), (12,)),
        (Frame("at", 3 * MONTH_SECONDS, 1, calendar=Calendar("month", months=3, day=1)), (4,)),
        (Frame("at", 12 * MONTH_SECONDS, 1, calendar=Calendar("month", months=12, day=1)), (1,)),
    ],
)
def test_seasons_that_steps_have(frame, seasons):
    assert usual_seasons(frame) == seasons


def hours_of_an_office(num_weeks=8):
    """A load by the hour that is high on weekdays alone, the holidays of the last weeks unlike any
    other.
    """
    at = pd.date_range("2024-01-01", periods=num_weeks * 168, freq="h")
    open_hours = (at.day_of_week < 5) & (at.hour >= 8) & (at.hour < 18)
    return pd.DataFrame(
        {"at": at, "y": open_hours * 50.0 + np.random.default_rng(0).normal(size=len(at))}
    )


def test_the_seasonal_naive_takes_the_week_where_it_is_better():
    steps = split(LOAD.read(hours_of_an_office())[0], SplitByTime())
    windows = CutWindows(window=24, horizon=24).cut(steps)
    week, day = (
        CutWindows(window=24, horizon=24, season=season).cut(steps) for season in (168, 24)
    )
    np.testing.assert_array_equal(
        windows.test.baselines["seasonal naive"], week.test.baselines["seasonal naive"]
    )
    scale = windows.train.schema.target.mase_scale
    assert scale == week.train.schema.target.mase_scale < day.train.schema.target.mase_scale / 2
    assert windows.notes[0].startswith(
        "The seasonal naive forecast and MASE repeat the value 168 steps before"
    )
    assert day.notes[0].endswith("--set frame.season=168") and not week.notes[0].startswith(
        "The seasonal"
    )


def test_the_season_is_chosen_on_training_steps_alone():
    table = hours_of_an_office()
    later = table.copy()
    later.loc[920:, "y"] = (
        np.random.default_rng(1).normal(size=len(table) - 920) * 100
    )  # after the training steps
    seasons = []
    for each in (table, later):
        windows = CutWindows(window=24, horizon=24).cut(split(LOAD.read(each)[0], SplitByTime()))
        seasons.append(windows.notes[0])
    assert seasons[0] == seasons[1]


def test_a_series_that_repeats_itself_has_no_mase():
    """What is left of it is rounding, by which no error may be divided."""
    hours = np.arange(400)
    table = pd.DataFrame(
        {"at": pd.date_range("2024-01-01", periods=400, freq="h"), "y": np.sin(hours * np.pi / 12)}
    )
    windows = CutWindows(window=24, horizon=4).cut(split(LOAD.read(table)[0], SplitByTime()))
    assert windows.train.schema.target.mase_scale == 0


def test_forecasts_that_all_start_at_one_hour_are_named():
    steps = split(LOAD.read(hours_of_an_office())[0], SplitByTime())
    windows = CutWindows(window=24, horizon=24).cut(steps)
    hour = str(windows.test.x["at"][0])[11:16]
    assert windows.notes[-1].startswith(f"All {len(windows.test)} test forecasts start at {hour}:")
    assert windows.notes[-1].endswith("--set frame.origin_step=25 lets them start everywhere")
    spread = CutWindows(window=24, horizon=24, origin_step=25).cut(steps)
    assert not any("test forecasts start" in note for note in spread.notes)
    months = Frame("at", MONTH_SECONDS, 12, calendar=Calendar("month", months=1, day=1))
    assert (
        common_start(np.array(["2020-03-01", "2021-03-01"], "datetime64[s]"), months)[0]
        == "in March"
    )
    days = Frame("at", DAY_SECONDS, 7)
    mondays = np.array(["2020-03-02", "2020-03-09"], "datetime64[s]")
    assert common_start(mondays, days) == ("on a Monday", "day of the week")
    assert common_start(np.array(["2020-03-02", "2020-03-10"], "datetime64[s]"), days) == ("", "")


def test_missing_is_the_share_of_training_steps():
    """Windows without a target are left out, and overlap: they say less of what is missing than the
    steps do.
    """
    table = hours_of_an_office()
    table.loc[100:399, "y"] = np.nan
    windows = CutWindows(window=24, horizon=24).cut(split(LOAD.read(table)[0], SplitByTime()))
    shares = _missing_shares(windows)
    assert (
        shares["y"] == pytest.approx(300 / len(windows.steps.train))
        and len(windows.steps.train) > 400
    )
    assert np.isnan(windows.train.x["y"]).mean() < shares["y"] - 0.02


def test_advice_where_the_gate_fails_is_of_the_task():
    _, _, signature = shaped(dates("2000-01-01", 90, "MS"))
    assert _gate_advice(signature) == (
        "train longer, or, where few test windows make the metric jump, --set judge.tolerance=0.03"
    )
    classes = replace(
        signature,
        frame=None,
        target=replace(signature.target, task="binary"),
        columns=(Column("x", "numeric"),),
    )
    assert "EncodeBins()" in _gate_advice(classes) and "few rows of a class" in _gate_advice(
        classes
    )
    pictures = replace(classes, columns=(Column("x", "picture", shape=(8, 8, 3)),))
    assert "EncodeBins" not in _gate_advice(pictures)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            ("table", "data/ItalyPowerDemand_TRAIN.ts.gz", "--target", "y"),
            "python -m pipelines series data/ItalyPowerDemand_TRAIN.ts.gz "
            "data/ItalyPowerDemand_TEST.ts.gz",
        ),
        (("table", "x.ts"), "python -m pipelines series x.ts"),
        (("table", "x.npz"), "'x.npz' holds arrays"),
        (("series", "x.ts", "--horizon", 3), "--horizon with whole series"),
        (("series", "data/nyc_weather.csv.gz"), "'temp', 'dewp'"),
        (("series", "x.csv", "--time", "at", "--target", "y"), "--horizon STEPS"),
        (
            ("series", "x.csv", "--time", "t", "--target", "y", "--horizon", 3, "--label", "z"),
            "--target and --label",
        ),
        (("series", "x.csv", "y.csv", "--time", "at"), "--id COLUMN"),
    ],
)
def test_what_a_command_lacks_is_named(arguments, words):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert isinstance(done.exception, PipelineError) and words in str(done.exception)


@pytest.mark.full
def test_months_from_a_file_to_a_forecast(tmp_path):
    """Ten years of month ends, whole: dated as they are, and what the report has to say of the
    baselines.
    """
    places = np.arange(120)
    table = pd.DataFrame(
        {"at": dates("2010-01-31", 120, "ME"), "y": np.sin(places * np.pi / 6) * 9 + places % 7}
    )
    recipe = tiny(series_recipe(LOAD, horizon=3, window=12, name="months"))
    bundle = run(
        replace(recipe, judge=replace(recipe.judge, beside=False, tolerance=1.0)),
        table,
        folder=tmp_path,
    )
    sink = io.StringIO()
    write_forecasts(
        bundle.runner(), ["at", "y"], table.astype(str).to_numpy().tolist(), csv.writer(sink)
    )
    assert [line.split(",")[0] for line in sink.getvalue().splitlines()[1:]] == [
        "2020-01-31T00:00:00",
        "2020-02-29T00:00:00",
        "2020-03-31T00:00:00",
    ]
    assert bundle.signature.frame.calendar == Calendar("month", months=1, day=31)
    assert "120 steps of 1 month" in (bundle.folder / "report.html").read_text(encoding="utf-8")
