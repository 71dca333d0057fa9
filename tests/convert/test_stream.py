"""The streaming form of temporal convolutions: one step a call says what the net for
windows says.
"""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import run, timeseries
from pipelines.convert.stream import streaming_form, streaming_rows, with_streaming
from pipelines.device import Runner, Stream
from pipelines.device.history import newest_windows
from pipelines.device.signature import Signature
from pipelines.errors import DeviceError, ExportError, RecipeError
from pipelines.recipe import tiny
from pipelines.rows.split import SplitByTime, split
from pipelines.steps import (
    CountSinceSeen,
    EncodeDate,
    EncodeOnehot,
    FillGaps,
    FlagGaps,
    ScaleByItself,
    ScaleSeries,
    fit_steps,
    make_signature,
    to_ports,
)
from pipelines.targets.streams import raw_steps
from pipelines.timeseries import LoadSeries, Tcn
from pipelines.timeseries.windows import CutWindows
from pipelines.training.members import average_members
from pipelines.verify.ladder import Rung
from pipelines.verify.tolerance import failed_step
from tests.altered import alter, copy_of
from tests.targets.c.alone import assert_rows_alone, run_alone

WINDOW = 16
HORIZON = 3


def shaped(*encode, window=WINDOW, known=("holiday",)):
    """Windows of two series with holes, what is known beforehand and what is one value, and their
    signature.
    """
    random = np.random.default_rng(0)
    hours = np.arange(160)
    parts = []
    for site in ("roof", "field"):
        load = np.where(
            random.random(160) < 0.2, np.nan, np.sin(hours / 4) + random.normal(size=160) / 9
        )
        when = pd.date_range("2024-01-01", periods=160, freq="1h").astype(str)
        parts.append(
            pd.DataFrame(
                {
                    "when": when,
                    "site": site,
                    "load": load,
                    "wind": random.normal(size=160),
                    "holiday": hours // 24 % 2 * 1.0,
                }
            )
        )
    load = LoadSeries(
        "", "when", "load", series="site", columns=("load", "wind", "holiday", "site")
    )
    frame = CutWindows(window=window, horizon=HORIZON, known=known, static=("site",))
    windows = frame.cut(split(load.read(pd.concat(parts))[0], SplitByTime()))
    prepared, rows = fit_steps((EncodeDate(parts=("hour",)),), windows.train)
    encoders, encoded = fit_steps((*encode, EncodeOnehot()), rows)
    return windows, make_signature(prepared, encoders, encoded)


class KerasSteps:
    """A streaming form in Keras behind what `Stream` and `with_streaming` ask of a file."""

    def __init__(self, model, out=0.0):
        self.model, self.out = model, out

    def call(self, inputs):
        return {name: np.asarray(x) for name, x in self.model(dict(inputs), training=False).items()}

    def inputs(self):
        return {name: ((1, *x.shape[1:]), "float32") for name, x in self.model.input.items()}

    def quantization(self):
        return {name: (0.0, 0) for name in (*self.model.input, "output")}

    def output_quantization(self):
        return {name: (self.out if name == "state0" else 0.0, 0) for name in self.model.output}


def untrained(build, signature):
    """The Keras model of a net, its weights and biases drawn."""
    model = average_members(build.build(signature))
    random = np.random.default_rng(1)
    model.set_weights(
        [random.normal(size=array.shape).astype(np.float32) / 4 for array in model.get_weights()]
    )
    return model


@pytest.mark.parametrize(
    "depth, kernel, num_members, known",
    [
        (1, 2, 1, ("holiday",)),
        (3, 2, 2, ()),
        (2, 4, 1, ("holiday",)),
        (3, 3, 1, ("holiday",)),
        (1, 16, 1, ()),
    ],
)
def test_a_stream_says_what_the_window_says(depth, kernel, num_members, known):
    """Raw steps one by one, after other steps and a reset, against the net for windows on the same
    steps; holes, marks of holes and what is known beforehand among them.
    """
    windows, signature = shaped(
        CountSinceSeen(most=5), FlagGaps(), FillGaps(), ScaleSeries(), known=known
    )
    build = Tcn(width=5, depth=depth, kernel=kernel, num_members=num_members, stream=True)
    model = untrained(build, signature)
    streaming = KerasSteps(streaming_form(model))
    signature = with_streaming(signature, streaming, num_steps=build.num_steps())
    assert len(signature.stream.states) == depth * num_members
    assert sum(port.shape[0] for port in signature.stream.states) == num_members * (
        build.num_steps() - 1
    )
    wanted = model.predict(to_ports(signature, windows.test).x, verbose=0)
    stream = Stream(signature, streaming, form="float32")
    for place in (0, len(windows.test) // 2, len(windows.test) - 1):
        stream.reset()
        said = [stream.push(row) for row in raw_steps(signature, windows.test, place)]
        assert [each is None for each in said] == [
            step < build.num_steps() - 1 for step in range(WINDOW)
        ]
        np.testing.assert_allclose(said[-1].raw[0], wanted[place], atol=1e-5)
    assert Signature.from_json(json.loads(json.dumps(signature.to_json()))) == signature


def test_calibration_rows_are_those_of_the_windows():
    """The activations that a streaming form has on its calibration rows are as large as those of
    the windows.
    """
    windows, signature = shaped(FillGaps(), ScaleSeries())
    model = untrained(Tcn(width=5, depth=3, kernel=3), signature)
    streaming = streaming_form(model)
    ports = to_ports(signature, windows.train).x
    rows = streaming_rows(model, ports)
    assert {name: x.shape[1:] for name, x in rows.items()} == {
        name: tuple(x.shape[1:]) for name, x in streaming.input.items()
    }
    import keras

    convolutions = [layer.input for layer in model.layers if layer.name.endswith("_conv")]
    for place, x in enumerate(keras.Model(model.input, convolutions).predict(ports, verbose=0)):
        new = keras.Model(streaming.input, streaming.get_layer(f"member0_block{place}_conv").input)
        read = new.predict(rows, verbose=0)  # the state and the new step
        np.testing.assert_allclose([read.min(), read.max()], [x.min(), x.max()], rtol=1e-5)


@pytest.mark.parametrize(
    "build, encode, words",
    [
        (Tcn(depth=4), (FillGaps(),), "frame.window=31"),
        (Tcn(depth=2), (FillGaps(), ScaleByItself()), "'load' is scaled by itself"),
        (Tcn(depth=2), (FillGaps(how="line"),), "filled by 'line'"),
        (Tcn(depth=2), (FillGaps(how="season", season=24),), "filled by 'season'"),
    ],
)
def test_what_no_stream_can_equal_is_refused_before_an_epoch(build, encode, words):
    _, signature = shaped(*encode, ScaleSeries())
    build.build(signature)
    with pytest.raises(RecipeError, match=words) as refused:
        replace(build, stream=True).build(signature)
    assert "--set" in str(refused.value)


def test_states_must_go_back_in_as_they_came_out():
    _, signature = shaped(FillGaps(), ScaleSeries())
    model = streaming_form(untrained(Tcn(width=3, depth=2), signature))
    with pytest.raises(ExportError, match="takes state0 with .* gives"):
        with_streaming(signature, KerasSteps(model, out=0.5), num_steps=7)


@pytest.fixture(scope="module")
def weather(tmp_path_factory):
    """A tiny net on two months of weather, with its streaming form."""
    table = pd.read_csv("data/nyc_weather.csv.gz")
    table = table[table["origin"] == "EWR"].iloc[:1500]
    recipe = timeseries.WEATHER
    recipe = tiny(
        replace(
            recipe,
            load=replace(recipe.load, columns=("temp", "dewp", "pressure")),
            build=Tcn(width=8, stream=True),
            frame=replace(recipe.frame, window=24, horizon=4),
            encode=(FlagGaps(), FillGaps(), ScaleSeries()),
            prepare=(EncodeDate(parts=("hour",)),),
            judge=replace(recipe.judge, beside=False, tolerance=1.0),
        )
    )
    return run(recipe, table, folder=tmp_path_factory.mktemp("models")), table


@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_the_c_of_a_stream_alone(weather, tmp_path, compiler):
    bundle, _ = weather
    assert_rows_alone(bundle, tmp_path, compiler=compiler)
    printed = run_alone(bundle.folder / "c" / "stream", tmp_path / "stream", compiler)
    assert printed.endswith("5 of 5 steps as verified\n")


def test_the_bundle_proves_its_streaming_form(weather):
    bundle, _ = weather
    rungs = {rung["form"]: rung for rung in bundle.report["ladder"]}
    forms = ["stream_float32", "stream_int8", "stream_micro_int8", "stream_c_int8"]
    assert list(rungs)[-4:] == forms
    c = rungs["stream_c_int8"]
    assert (c["int8_steps"], c["runner_agreement"], c["compared_with"]) == (0, 1.0, "TFLM")
    assert c["scores"] == rungs["stream_micro_int8"]["scores"] and c["num_rows"] >= 10
    assert rungs["stream_float32"]["largest_difference"] < 1e-5
    assert rungs["stream_int8"]["int8_steps"] <= 2 and rungs["stream_micro_int8"]["int8_steps"] <= 2
    assert rungs["stream_micro_int8"]["arena_bytes"] < rungs["micro_int8"]["arena_bytes"]
    stream = bundle.signature.stream
    assert [port.shape for port in stream.states] == [(2, 8), (4, 8)] and all(
        port.scale for port in stream.states
    )
    assert (
        stream.num_steps == 7
        and "state of the streaming form" in bundle.signature.to_json()["rules"]
    )
    assert "model_stream_int8.tflite" in (bundle.folder / "README.md").read_text(encoding="utf-8")
    assert "one step a call" in (bundle.folder / "report.html").read_text(encoding="utf-8")
    too_far = [
        Rung(**{**rung, "int8_steps": 3 if rung["form"] == "stream_int8" else rung["int8_steps"]})
        for rung in rungs.values()
    ]
    assert "stream_int8 differs from litert_int8 by 3" in failed_step(too_far, "mase", 1.0)


@pytest.mark.parametrize("form, most", [("float32", 1e-5), ("int8", 2)])
def test_a_long_stream_with_gaps(weather, form, most):
    """Rows of a table one by one, some cells empty and some rows left out, against windows cut from
    the same table.
    """
    bundle, table = weather
    table = table.iloc[-120:].drop(index=table.index[[-100, -99, -90, -50, -20]]).astype(object)
    table.iloc[30:34, table.columns.get_loc("dewp")] = ""
    runner = Runner.load(bundle.folder, form=form)
    stream = Stream.load(bundle.folder, form=form)
    signature = runner.signature
    if form == "int8":
        step = signature.output.scale
    else:
        step = 1.0
    for place, row in enumerate(table.to_dict("records")):
        said = stream.push(row)
        assert (said is None) == (place < 6), "seven steps are looked back on"
        if place in (6, 25, 29, 33, 39, 62, 63, 98, 114):
            past = table.iloc[: place + 1]
            _, columns = newest_windows(signature, {name: past[name].tolist() for name in past})
            wanted = runner.predict_columns(columns)
            difference = signature.stream.output.to_float(said.raw) - signature.output.to_float(
                wanted.raw
            )
            assert np.abs(difference).max() <= most * step


def test_a_stream_begins_anew(weather):
    """After a reset, and after a gap as long as the window, nothing of before is left."""
    bundle, table = weather
    rows = table.iloc[-60:].to_dict("records")
    stream = Stream.load(bundle.folder)
    fresh = Stream.load(bundle.folder)
    for row in rows[:20]:
        stream.push(row)
    stream.reset()
    for row in rows[30:50]:
        one = stream.push(row)
        other = fresh.push(row)
        assert (one is None) == (other is None) and (
            one is None or np.array_equal(one.raw, other.raw)
        )
    late = [{**row, "time_hour": row["time_hour"].replace("2013", "2014")} for row in rows[:7]]
    assert [stream.push(row) is None for row in late] == [True] * 6 + [False]


def test_steps_without_an_honest_answer(weather, tmp_path):
    bundle, table = weather
    rows = table.iloc[-9:].to_dict("records")
    stream = Stream.load(bundle.folder)
    other = Stream.load(bundle.folder)
    for row in rows[:8]:
        stream.push(row)
        other.push(row)
    for row, words in (
        (rows[7], "not in a later step"),
        (rows[0], "not in a later step"),
        ({}, "without the column"),
        ({**rows[8], "temp": "warm"}, "not a number"),
        ({**rows[8], "time_hour": ""}, "without a time"),
        ([1, 2], "without the column"),
    ):
        with pytest.raises(DeviceError, match=words):
            stream.push(row)
    assert np.array_equal(stream.push(rows[8]).raw, other.push(rows[8]).raw), (
        "a refused row changes nothing"
    )
    broken = copy_of(bundle, tmp_path / "broken")
    with pytest.raises(DeviceError, match="form 'uint8'"):
        Stream.load(broken, form="uint8")
    values = json.loads((broken / "signature.json").read_text(encoding="utf-8"))
    values["stream"]["states"][0]["scale"] *= 2
    alter(broken, "signature.json", json.dumps(values))
    with pytest.raises(DeviceError, match="not of one bundle"):
        Stream.load(broken)
    values["stream"]["num_steps"] = 1000
    alter(broken, "signature.json", json.dumps(values))
    with pytest.raises(DeviceError, match="damaged"):
        Stream.load(broken)
    values["stream"] = None
    alter(broken, "signature.json", json.dumps(values))
    with pytest.raises(DeviceError, match="no streaming form"):
        Stream.load(broken)
