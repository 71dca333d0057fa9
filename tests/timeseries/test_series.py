"""Series: time stamps to a grid, steps to windows, windows to forecasts; and that no window learns
from later ones.
"""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import run, timeseries
from pipelines.device import Runner
from pipelines.device.__main__ import write_forecasts
from pipelines.device.cells import Column, read_column
from pipelines.device.primitives import (
    primitive_from_json,
    primitive_to_json,
    run_primitives,
)
from pipelines.device.primitives.series import FillSteps, OwnScale, SeasonMean, SinceSeen
from pipelines.device.signature import Signature
from pipelines.device.tasks.forecast import from_own_scale
from pipelines.errors import (
    DeviceError,
    FrameError,
    LoadError,
    PipelineError,
    RecipeError,
    StepError,
)
from pipelines.recipe import tiny
from pipelines.rows.parts import HeldOut, Splits
from pipelines.rows.split import SplitByTime, SplitRandom, split
from pipelines.run import settle
from pipelines.steps import (
    CountSinceSeen,
    EncodeDate,
    FillGaps,
    FlagGaps,
    ScaleByItself,
    ScaleSeries,
    fit_steps,
    make_signature,
    to_ports,
)
from pipelines.studies.backtest import backtest
from pipelines.tasks.conformal import conformal_offsets
from pipelines.tasks.metrics import score_forecasts
from pipelines.timeseries import LoadSeries, series_recipe
from pipelines.timeseries.windows import CutWindows
from pipelines.verify.ladder import answer_all
from tests.learned import learn
from tests.targets.c.alone import assert_rows_alone
from tests.test_run import check_bundle

DAY = pd.date_range("2024-01-01", periods=400, freq="1h")


def waves(num_steps=400, **columns):
    """A table of hours: a daily wave, with what else is asked for."""
    hours = np.arange(num_steps)
    noise = np.random.default_rng(0).normal(size=num_steps)
    return pd.DataFrame(
        {
            "when": DAY[:num_steps].astype(str)
            if num_steps <= len(DAY)
            else pd.date_range(DAY[0], periods=num_steps, freq="1h").astype(str),
            "load": np.sin(hours * 2 * np.pi / 24) * 10 + noise,
            **columns,
        }
    )


LOAD = LoadSeries("", "when", "load")


def cut(frame, table, *, load=LOAD, how=SplitByTime()):
    return frame.cut(split(load.read(table)[0], how))


def small(**frame):
    """The recipe for any series, tiny, and its gate open: two epochs make a poor model."""
    recipe = tiny(series_recipe(LOAD, horizon=4, window=12, name="waves"))
    return replace(
        recipe,
        frame=replace(recipe.frame, **frame),
        judge=replace(recipe.judge, beside=False, tolerance=1.0),
    )


def test_stamps_are_put_on_a_grid():
    table = waves(40)
    table["when"] = [
        stamp[:14] + "07:31" for stamp in table["when"]
    ]  # every hour, at minutes of its own
    messy = pd.concat([table.drop(index=[5, 6, 20]), table.iloc[[3]].assign(load=100.0)]).sample(
        frac=1, random_state=0
    )
    dataset, notes = LoadSeries("", "when", "load", step="1h").read(messy)
    assert len(dataset) == 40 and dataset.time[0] == np.datetime64("2024-01-01T00:07:31")
    assert np.flatnonzero(np.isnan(dataset.y)).tolist() == [5, 6, 20]
    assert dataset.y[3] == pytest.approx((table["load"][3] + 100) / 2, rel=1e-6)
    assert (
        "3 steps without a row" in notes[0].why
        and "1 rows share" in notes[0].why
        and "out of order" in notes[0].why
    )


@pytest.mark.parametrize(
    "zone, stamps, utc",
    [
        (
            "",
            ["2024-03-31T01:30+01:00", "2024-03-31T03:30+02:00"],
            ["2024-03-31T00:30", "2024-03-31T01:30"],
        ),
        (
            "Europe/Berlin",
            ["2024-03-31 01:30", "2024-03-31 03:30"],
            ["2024-03-31T00:30", "2024-03-31T01:30"],
        ),
        (
            "Europe/Berlin",
            ["2024-10-27 01:30", "2024-10-27 02:30", "2024-10-27 02:30", "2024-10-27 03:30"],
            ["2024-10-26T23:30", "2024-10-27T00:30", "2024-10-27T01:30", "2024-10-27T02:30"],
        ),
        ("", ["27.10.2024 01:30", "27.10.2024 02:30"], ["2024-10-27T01:30", "2024-10-27T02:30"]),
        ("", ["1700000000", "1700003600"], ["2023-11-14T22:13:20", "2023-11-14T23:13:20"]),
    ],
)
def test_zones_and_formats(zone, stamps, utc):
    from pipelines.timeseries.grid import read_zoned_times

    if stamps[0].isdigit():
        given = "date:unix"
    else:
        given = ""
    read, _ = read_zoned_times(stamps, "when", zone, frozenset(), given=given)
    np.testing.assert_array_equal(read, np.array(utc, "datetime64[s]"))


def broken(**changes):
    table = waves(60)
    for name, values in changes.items():
        table[name] = values
    return table


@pytest.mark.parametrize(
    "table, load, words",
    [
        (waves(60).iloc[:2], LOAD, "2 steps"),
        (waves(60).iloc[:1], LOAD, "no two different times"),
        (broken(load=3.5), LOAD, "is 3.5 in all steps"),
        (broken(load=[None] * 60), LOAD, "is missing in all steps"),
        (broken(when=["0024-01-01 00:00", *waves(60)["when"][1:]]), LOAD, "another century"),
        (
            broken(when=["2024-01-01T00:00Z", *waves(60)["when"][1:]]),
            LOAD,
            "1 time stamps .* with an offset from UTC, 59",
        ),
        (broken(when=[""] + list(waves(60)["when"][1:])), LOAD, "1 rows without a time"),
        (broken(when=["yesterday"] * 60), LOAD, "no one format"),
        (broken(load=["1.5"] * 59 + ["much"]), LOAD, "much"),
        (broken(load=[float("inf")] + [1.0] * 59), LOAD, "infinite"),
        (waves(60), replace(LOAD, time="then"), "load.time names the column 'then'"),
        (waves(60), replace(LOAD, time="load"), "one column as two"),
        (waves(60), replace(LOAD, zone="Mars/Olympus"), "load.zone='Mars/Olympus'"),
        (waves(60), replace(LOAD, step="soon"), "load.step='soon'"),
        (waves(60, site="a"), replace(LOAD, series="site", only=("b",)), "no series 'b'"),
    ],
)
def test_tables_without_an_honest_series(table, load, words):
    with pytest.raises(LoadError, match=words):
        load.read(table)


@pytest.mark.parametrize(
    "frame, how, words",
    [
        (CutWindows(window=24, horizon=500), SplitByTime(), "no train window"),
        (CutWindows(window=300, horizon=4), SplitByTime(), "no train window"),
        (CutWindows(window=12, horizon=100), SplitByTime(), "no valid window"),
        (
            CutWindows(window=12, horizon=4, known=("price",)),
            SplitByTime(),
            "names the column 'price'",
        ),
        (CutWindows(window=12, horizon=4), SplitRandom(), "training steps after held-out ones"),
        (CutWindows(quantiles=(0.9, 0.1)), SplitByTime(), "rising"),
    ],
)
def test_windows_that_cannot_be_cut(frame, how, words):
    with pytest.raises(PipelineError, match=words):
        cut(frame, waves(), how=how)


def test_windows_need_steps_and_steps_need_windows(birds_splits):
    with pytest.raises(FrameError, match="without a regular time"):
        CutWindows().cut(birds_splits)
    with pytest.raises(RecipeError, match="without windows"):
        settle(replace(small(), frame=None), LOAD.read(waves())[0].schema)


def test_memory_is_counted_before_it_is_taken(monkeypatch):
    from pipelines.timeseries import step_grid

    monkeypatch.setattr(step_grid, "MAX_WINDOW_BYTES", 1000)
    with pytest.raises(FrameError, match="raise frame.stride"):
        cut(CutWindows(window=24, horizon=4), waves())


@settings(max_examples=40, deadline=None)
@given(
    window=st.integers(1, 20),
    horizon=st.integers(1, 9),
    stride=st.integers(1, 5),
    origin_step=st.integers(0, 7),
    gap=st.integers(0, 5),
    holes=st.integers(0, 60),
    seed=st.integers(0, 9),
)
def test_windows_are_what_a_loop_would_cut(window, horizon, stride, origin_step, gap, holes, seed):
    table = waves(200, other=np.arange(200.0))
    random = np.random.default_rng(seed)
    table.loc[random.permutation(200)[:holes], "load"] = np.nan
    steps = split(LOAD.read(table)[0], SplitByTime(gap=gap * 3600.0))
    made = CutWindows(
        window=window, horizon=horizon, stride=stride, origin_step=origin_step, season=24
    ).cut(steps)
    there = {
        int(place): part
        for part, rows in (("train", steps.train), ("valid", steps.valid), ("test", steps.test))
        for place in rows.ids
    }
    y = table["load"].to_numpy().astype(np.float32).astype(np.float64)
    for part, rows in (("train", made.train), ("valid", made.valid), ("test", made.test)):
        own = sorted(place for place, where in there.items() if where == part)
        first = max(own[0], window if part == "train" else 1)
        origins = [
            place
            for place in range(
                first, own[-1] + 2 - horizon, stride if part != "test" else origin_step or horizon
            )
            if not np.isnan(y[place : place + horizon]).all()
        ]
        assert rows.ids.tolist() == origins
        for row, place in enumerate(origins):
            np.testing.assert_array_equal(rows.y[row], y[place : place + horizon])
            past = [y[step] if step in there else np.nan for step in range(place - window, place)]
            np.testing.assert_array_equal(rows.x["load"][row], np.array(past, np.float32))
            assert rows.x["when"][row] == steps.train.time[0] + np.timedelta64(place, "h")
    visible = np.array([y[place] if place in there else np.nan for place in range(200)])
    for row, place in enumerate(made.test.ids):
        known = pd.Series(visible[:place]).ffill().to_numpy()
        assert made.test.baselines["last value"][row, 0] == known[-1] or np.isnan(known[-1])
        naive = [known[place + step - 24 * (step // 24 + 1)] for step in range(horizon)]
        np.testing.assert_array_equal(made.test.baselines["seasonal naive"][row], naive)


def test_known_columns_and_static_ones():
    table = pd.concat(
        [
            waves(200, holiday=np.arange(200.0) % 2, site=site, kind=kind)
            for site, kind in (("b", "roof"), ("a", "field"))
        ]
    )
    load = LoadSeries("", "when", "load", series="site", columns=("load", "holiday", "kind"))
    made = cut(
        CutWindows(window=8, horizon=8, known=("holiday",), static=("kind",)), table, load=load
    )
    assert set(made.test.series) == {"a", "b"}
    assert set(made.test.x["kind"][made.test.series == "a"]) == {"field"}
    hour = made.test.x["when"].astype("datetime64[h]").astype(int) % 2
    np.testing.assert_array_equal(made.test.x["holiday"][:, 0] % 2, hour)
    from pipelines.steps import EncodeOnehot

    prepared, rows = fit_steps((EncodeDate(),), made.train)
    encoders, encoded = fit_steps(
        (FillGaps(), ScaleByItself(), ScaleSeries(), EncodeOnehot()), rows
    )
    signature = make_signature(prepared, encoders, encoded)
    assert {port.name: port.shape for port in signature.inputs if len(port.shape) == 2} == {
        "series": (8, 1),
        "series1": (8, 1),
    }, "known steps stand apart from past ones, as many as they are"
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature


def test_a_series_that_ends_before_the_split():
    early = waves(150, site="early")
    table = pd.concat([waves(400, site="long"), early])
    made = cut(
        CutWindows(window=12, horizon=4), table, load=LoadSeries("", "when", "load", series="site")
    )
    assert set(made.train.series) == {"early", "long"} and set(made.test.series) == {"long"}


def altered_later(recipe, num):
    """The windows of a series, so many times, each with other values after the split's end, holes
    among them.
    """
    table = waves(300, other=np.cos(np.arange(300) / 5))
    table.loc[40:44, "load"] = np.nan
    steps = split(LOAD.read(table)[0], recipe.split)
    later = steps.test
    for seed in range(num):
        random = np.random.default_rng(seed)
        x = {
            name: (values * random.normal() * 50 + seed).astype(np.float32)
            for name, values in later.x.items()
        }
        if seed:
            x["load"][::3] = np.nan
        test = HeldOut(
            x=x,
            y=x["load"].astype(np.float64),
            ids=later.ids,
            schema=later.schema,
            time=later.time,
            series=later.series,
        )
        yield recipe.frame.cut(Splits(steps.train, steps.valid, test))


def test_what_comes_later_is_in_no_window_to_learn_from():
    """Not a bit of a training or validation window moves, nor of what steps learn."""
    recipe = small()
    one, *others = altered_later(recipe, 3)
    assert one.test.x["load"].tobytes() != others[0].test.x["load"].tobytes()
    learned = [fit_steps(recipe.encode, each.train)[0] for each in (one, *others)]
    assert all(each == learned[0] for each in learned)
    for other in others:
        for part in ("train", "valid"):
            first, second = vars(one)[part], vars(other)[part]
            assert first.x.keys() == second.x.keys() and first.schema == second.schema
            for name, x in first.x.items():
                np.testing.assert_array_equal(x, second.x[name])
            np.testing.assert_array_equal(first.y, second.y)
            np.testing.assert_array_equal(first.ids, second.ids)


@pytest.mark.full  # the rows are the same: what is learned of the same rows is in `test_leak`
def test_what_comes_later_changes_no_fitted_number():
    recipe = small()
    one, two = (
        learn(settle(recipe, each.train.schema), each.train, each.valid)
        for each in altered_later(recipe, 2)
    )
    assert one.tflite == two.tflite and one.signature == two.signature


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(
            st.one_of(st.just(float("nan")), st.floats(-100, 100, width=32)), min_size=7, max_size=7
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["previous", "line", "season"]),
    st.integers(1, 8),
)
def test_gaps_are_filled_as_pandas_does(rows, how, season):
    x = np.array(rows, np.float32)
    columns = {"x": x}
    FillSteps("x", how, season, -5.0).run(columns)
    frame = pd.DataFrame(x.astype(np.float64).T)
    if how == "season":
        wanted = frame.to_numpy().copy()
        for step in range(7):
            gone = np.isnan(wanted[step])
            if step >= season:
                wanted[step, gone] = wanted[step - season, gone]
            elif step:
                wanted[step, gone] = wanted[step - 1, gone]
            else:
                wanted[step, gone] = -5.0
    else:
        wanted = (
            (frame.interpolate(limit_area="inside") if how == "line" else frame)
            .ffill()
            .fillna(-5.0)
            .to_numpy()
        )
    np.testing.assert_allclose(columns["x"], wanted.T, rtol=1e-5, atol=1e-4)
    known = ~np.isnan(x)
    np.testing.assert_array_equal(columns["x"][known], x[known])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["none", "last", "mean"]), st.booleans(), st.integers(0, 99))
def test_own_scale_turns_back(offset, scaled, seed):
    x = np.random.default_rng(seed).normal(size=(5, 9)).astype(np.float32) * 10
    columns = {"x": x}
    step = OwnScale("x", offset, scaled, 0.5, "o", "f", "x")
    step.run(columns)
    np.testing.assert_allclose(
        columns["x"] * columns["f"][:, None] + columns["o"][:, None], x, rtol=1e-4, atol=1e-4
    )
    assert primitive_from_json(primitive_to_json(step)) == step and (columns["f"] >= 0.5).all()


def test_the_mean_of_seasons_before_each_step_ahead():
    x = np.arange(10, dtype=np.float32)[None]
    columns = {"x": x}
    SeasonMean("x", "base", 3, 2, 5).run(columns)
    # Of the newest six: 4 5 6 and 7 8 9; of a step beyond a season, the same again.
    assert columns["base"].tolist() == [[5.5, 6.5, 7.5, 5.5, 6.5]]


def test_a_forecast_is_added_to_its_season():
    train = cut(CutWindows(window=48, horizon=4), waves(400)).train  # two days
    steps = (FillGaps(), ScaleByItself(base="season"), ScaleSeries())
    fitted, encoded = fit_steps(steps, train)
    signature = make_signature((), fitted, encoded)
    assert signature.target.base == "load own base" and signature.base_steps() == 4
    assert [port.name for port in signature.inputs] == ["series"]
    ports = to_ports(signature, train)
    days = train.x["load"].reshape(-1, 2, 24)
    np.testing.assert_allclose(ports.y, train.y - days.mean(axis=1)[:, :4], atol=1e-4)
    columns = run_primitives(signature.primitives, train.x)
    back = from_own_scale(ports.y, signature.target, columns)
    np.testing.assert_allclose(back, train.y, atol=1e-4)


def test_without_a_season_in_the_window_the_base_is_the_offset():
    windows = cut(CutWindows(window=12, horizon=4), waves(300))
    fitted, encoded = fit_steps((FillGaps(), ScaleByItself(base="season")), windows.train)
    signature = make_signature((), fitted, encoded)
    assert signature.target.base == "load own offset" and signature.base_steps() == 0


def test_a_base_that_does_not_exist_is_refused():
    windows = cut(CutWindows(window=12, horizon=4), waves(300))
    with pytest.raises(StepError, match="base='week'"):
        fit_steps((FillGaps(), ScaleByItself(base="week")), windows.train)


def test_marks_tell_since_when():
    columns = {"x": np.array([[np.nan, 1, np.nan, np.nan, np.nan, 2]], np.float32)}
    SinceSeen("x", "since", 2).run(columns)
    assert columns["since"].tolist() == [[1, 0, 0.5, 1, 1, 0]]
    table = waves(300)
    table.loc[::7, "load"] = np.nan
    windows = cut(CutWindows(window=12, horizon=4), table)
    _, rows = fit_steps(
        (FlagGaps(), CountSinceSeen(most=3), FillGaps(how="line"), ScaleSeries()), windows.train
    )
    gone = np.isnan(windows.train.x["load"])
    np.testing.assert_array_equal(rows.x["load is missing"], gone.astype(np.float32))
    assert (rows.x["load since seen"][gone] > 0).all() and not np.isnan(rows.x["load"]).any()


def test_series_cells():
    column = Column("x", "series", shape=(4,))
    read, bad = read_column(
        ["1 2;3", [1, None, 3, 4, 5], None, "1 two", 7, np.array([1.0, 2.0])],
        column,
        frozenset({"", "NA"}),
    )
    assert [(each.row, each.reason) for each in bad] == [
        (3, "step 2: not a number"),
        (4, "not a series but a int"),
    ]
    np.testing.assert_array_equal(
        read[[0, 1, 2, 5]],
        [[np.nan, 1, 2, 3], [np.nan, 3, 4, 5], [np.nan] * 4, [np.nan, np.nan, 1, 2]],
    )


def test_scores_pass_over_what_nobody_knows():
    y = np.array([[1.0, np.nan], [3.0, 5.0]])
    quantiles = np.array([[[0, 1, 2], [9, 9, 9]], [[0, 1, 2], [4, 5, 6]]], float)
    from pipelines.device.target import Target

    target = Target("y", "forecast", quantiles=(0.1, 0.5, 0.9), mase_scale=2.0)
    scores = score_forecasts(y, quantiles[:, :, 1], quantiles, target)
    assert scores["mae"] == pytest.approx(2 / 3) and scores["mase"] == pytest.approx(1 / 3)
    assert scores["coverage"] == pytest.approx(2 / 3)
    assert np.isnan(score_forecasts(np.full((1, 2), np.nan), y[:1], None, target)["mase"])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.2, 5))
def test_conformal_intervals_cover(seed, spread):
    """Whatever the width that a net gives, the interval holds what it should of rows of the same
    kind.
    """
    random = np.random.default_rng(seed)
    y = random.normal(size=(1500, 2))
    outputs = np.tile([-spread, 0.0, spread], (1500, 2))
    moved = (outputs + conformal_offsets(outputs[:750], y[:750], (0.1, 0.5, 0.9))).reshape(
        1500, 2, 3
    )
    inside = ((y >= moved[:, :, 0]) & (y <= moved[:, :, 2]))[750:].mean()
    assert 0.74 < inside < 0.86


@pytest.fixture(scope="module")
def glucose(tmp_path_factory):
    """A tiny run on the last fortnight of the glucose monitor."""
    table = pd.read_csv("data/cgm_glucose.csv.gz").iloc[-4000:]
    recipe = tiny(timeseries.GLUCOSE)
    recipe = replace(recipe, judge=replace(recipe.judge, tolerance=1.0))
    return run(recipe, table, folder=tmp_path_factory.mktemp("models")), table


def test_the_c_of_a_window_alone(glucose, tmp_path):
    bundle, _ = glucose
    printed = assert_rows_alone(bundle, tmp_path, compiler="g++")
    assert printed.count("value: ") == 5 * 12 * 3


def test_report_of_a_forecast(glucose):
    bundle, _ = glucose
    check_bundle(bundle)
    report = bundle.report
    page = (bundle.folder / "report.html").read_text(encoding="utf-8")
    assert [line["what"].split("(")[0] for line in report["baselines"]] == [
        "this model, int8",
        "NLinear",
        "last value",
        "seasonal naive",
    ]
    for title in (
        "forecasts over time",
        "a bad one",
        "error by step",
        "residuals by step",
        "coverage by step",
        "gaps",
    ):
        assert title in page
    assert "conformalized" in page and 'id="baselines"' in page
    scores = {line["what"]: line["scores"]["mase"] for line in report["baselines"]}
    assert scores["last value"] < scores["seasonal naive"]


def test_predict_foretells_what_the_runner_foretells(glucose):
    bundle, table = glucose
    runner = Runner.load(bundle.folder)
    steps = split(timeseries.GLUCOSE.load.read(table)[0], timeseries.GLUCOSE.split)
    windows = replace(timeseries.GLUCOSE.frame, origin_step=1).cut(steps).test
    last = str(windows.x["datetime"][-1]).replace("T", " ")
    recent = table[table["datetime"] < last]
    sink = io.StringIO()
    write_forecasts(
        runner, list(recent), recent.astype(str).values.tolist()[-200:], csv.writer(sink)
    )
    lines = [line.split(",") for line in sink.getvalue().split()]
    answers = answer_all(runner, windows)
    assert sink.getvalue().startswith("datetime,glucose,quantile 0.1,quantile 0.5,quantile 0.9")
    np.testing.assert_allclose(
        [float(line[1]) for line in lines[-12:]], answers.scores[-1], rtol=1e-5
    )
    with pytest.raises(DeviceError, match="no column 'glucose'"):
        write_forecasts(runner, ["datetime"], [["2010-01-01"]], csv.writer(sink))
    with pytest.raises(DeviceError, match="has no value"):
        write_forecasts(runner, ["datetime", "glucose"], [["2010-01-01", ""]], csv.writer(sink))
    with pytest.raises(DeviceError, match="not a date"):
        write_forecasts(runner, ["datetime", "glucose"], [["soon", "5"]], csv.writer(sink))


# Others are like it, an EncoderDecoder is two of it; a Tcn of `convert/test_stream` is converted
# too, and attention for texts.
QUICK = {timeseries.SeriesLstm}
NETS = (
    timeseries.NLinear(),
    timeseries.DLinear(),
    timeseries.NBeats(),
    timeseries.Tcn(),
    timeseries.SeriesLstm(),
    timeseries.SeriesGru(),
    timeseries.SeriesRnn(),
    timeseries.PatchTransformer(patch=4),
    timeseries.EncoderDecoder(),
)


@pytest.mark.parametrize(
    "net",
    [pytest.param(net, marks=[] if type(net) in QUICK else pytest.mark.full) for net in NETS],
    ids=lambda net: type(net).__name__,
)
def test_every_net_reaches_int8(net, tmp_path):
    table = waves(300, other=np.cos(np.arange(300) / 5))
    table.loc[100:104, "other"] = np.nan
    recipe = replace(small(horizon=3), build=net.tiny())
    bundle = run(recipe, table, folder=tmp_path)
    errors = {form: scores["mae"] for form, scores in bundle.report["scores"].items()}
    assert max(errors.values()) <= 1.05 * min(errors.values()), errors


@pytest.mark.full
def test_backtest():
    table = waves(360)
    once = backtest(small(), table, num_folds=2, refit=False)
    assert once["windows"].tolist() == [9, 9] and once["from"].tolist() == [DAY[288], DAY[324]]
    later = table.copy()
    later.loc[324:, "load"] += 1000
    changed = backtest(small(), later, num_folds=2)
    assert changed["mae"][0] == once["mae"][0] and changed["mae"][1] > 50, (
        "a fold knows nothing of those after it"
    )
    with pytest.raises(FrameError, match="40 folds of 1 steps"):
        backtest(small(), table, num_folds=40)


def test_unrolled_layers_have_a_budget():
    windows = cut(CutWindows(window=80, horizon=4), waves())
    prepared, rows = fit_steps((EncodeDate(),), windows.train)
    encoders, encoded = fit_steps((FillGaps(), ScaleSeries()), rows)
    signature = make_signature(prepared, encoders, encoded)
    with pytest.raises(RecipeError, match="80 steps of about 1,550 bytes") as refused:
        timeseries.SeriesGru().build(signature)
    assert "SeriesLstm" in str(refused.value) and "frame.window=64" in str(refused.value)


def test_mostly_missing_and_long_gaps(tmp_path):
    """Nine in ten steps missing, and a gap longer than the window, still make a forecast."""
    table = waves(400)
    table.loc[np.random.default_rng(0).permutation(400)[:360], "load"] = np.nan
    bundle = run(small(), table, folder=tmp_path)
    assert np.isfinite(bundle.report["scores"]["litert_int8"]["mae"])
    gap = waves(400)
    gap.loc[100:140, "load"] = np.nan
    windows = cut(CutWindows(window=12, horizon=4), gap)
    assert not np.isnan(windows.train.y).all(axis=1).any()
