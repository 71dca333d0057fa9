"""The net that all steps ahead share: what it reads of each, and its calendar."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import steps
from pipelines.device.primitives import run_primitives
from pipelines.rows.split import SplitByTime, split
from pipelines.timeseries import CutWindows, LoadSeries, StepNet
from pipelines.timeseries.step_calendar import PLACES, calendar_port, turning_weights
from pipelines.timeseries.step_net import NUM_ANSWERS
from pipelines.timeseries.window_length import usual_window

WEEK = 168
ENCODE = (
    steps.FlagGaps(),
    steps.FillGaps(how="season", season=0),
    steps.ScaleByItself(level=True),
    steps.ScaleSeries(),
)
CALENDAR = steps.EncodeDate(parts=("hour", "weekday"), harmonics=(2, 1))


def steps_of(num_steps=2000, freq="h", gaps=True):
    """Splits of steps with a rhythm, and missing ones."""
    random = np.random.default_rng(0)
    heat = np.arange(num_steps) % WEEK + random.normal(size=num_steps)
    if gaps:
        heat[random.random(num_steps) < 0.1] = np.nan
    times = pd.date_range("2024-01-01", periods=num_steps, freq=freq).astype(str)
    rows = pd.DataFrame({"time": times, "heat": heat, "flow": random.normal(size=num_steps)})
    dataset, _ = LoadSeries("", "time", "heat", columns=("heat", "flow")).read(rows)
    return split(dataset, SplitByTime())


def encoded(frame, prepare=(CALENDAR,), **more):
    """A signature, and the rows of its ports."""
    parts = frame.cut(steps_of(**more))
    prepared, between = steps.fit_steps(prepare, parts.train)
    fitted, rows = steps.fit_steps(ENCODE, between)
    signature = steps.make_signature(prepared, fitted, rows)
    return signature, steps.to_ports(signature, parts.train)


def layer_output(model, name, rows):
    """What a layer gives for rows."""
    import keras

    part = keras.Model(model.inputs, model.get_layer(name).output)
    named = {each.name: rows.x[each.name] for each in model.inputs}
    return part.predict(named, verbose=0)


@pytest.fixture(scope="module")
def hourly():
    signature, rows = encoded(CutWindows(window=0, horizon=30), num_steps=4000)
    return signature, rows.take(np.arange(3))


def test_each_step_ahead_reads_days_and_weeks_before_it(hourly):
    signature, rows = hourly
    model = StepNet().build(signature, seed=0)
    ahead = layer_output(model, "member0_known_joined", rows)
    target = layer_output(model, "member0_target_joined", rows)
    num_steps = target.shape[1]
    assert num_steps == 4 * WEEK and target.shape[2] == 2
    for step in (0, 5, 23, 24, 29):
        in_day = step % 24
        one_day = target[:, num_steps - 24 + in_day]
        two_days = target[:, num_steps - 48 + in_day]
        weeks = [target[:, num_steps - number * WEEK + step] for number in (1, 2, 3, 4)]
        expected = np.concatenate([one_day, two_days, np.mean(weeks, axis=0)], axis=1)
        np.testing.assert_allclose(ahead[:, step], expected, atol=1e-5)


def test_the_mean_of_a_steps_answers_begins_in_its_unit(hourly):
    signature, rows = hourly
    model = StepNet().build(signature, seed=0)
    answers = layer_output(model, "member0_answers_flat", rows)
    named = {each.name: rows.x[each.name] for each in model.inputs}
    outputs = model.predict(named, verbose=0)[:, 0]
    factors = np.repeat(signature.target.step_factors, 3)
    means = answers.reshape(3, -1, NUM_ANSWERS).mean(axis=2)
    assert means.shape == outputs.shape
    np.testing.assert_allclose(outputs * factors / np.mean(factors), means, atol=1e-4)


def test_the_calendar_is_joined_with_nothing(hourly):
    """What is joined shares one int8 scale: next to outliers an hour of the day would be rounded
    to a sixteenth of its range.
    """
    import keras

    signature, _ = hourly
    model = StepNet(num_members=2).build(signature, seed=0)
    calendar = calendar_port(signature).name
    joins = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert joins
    for layer in joins:
        read = [tensor.name for tensor in layer.input]
        assert calendar not in read


def test_what_is_known_beforehand_is_read_at_its_own_step():
    frame = CutWindows(window=48, horizon=6, known=("flow",))
    signature, rows = encoded(frame, num_steps=600)
    model = StepNet().tiny().build(signature, seed=0)
    rows = rows.take(np.arange(2))
    ahead = layer_output(model, "member0_known_joined", rows)
    (port,) = [port for port in signature.inputs if port.shape == (6, 1)]
    np.testing.assert_array_equal(ahead[:, :, -1:], rows.x[port.name])


def test_a_season_of_its_own_is_read_with_the_usual_ones():
    signature, rows = encoded(CutWindows(window=48, horizon=6), num_steps=600)
    model = StepNet(season=8).tiny().build(signature, seed=0)
    rows = rows.take(np.arange(2))
    ahead = layer_output(model, "member0_known_joined", rows)
    target = layer_output(model, "member0_target_joined", rows)
    np.testing.assert_allclose(ahead[:, :, :2], target[:, 40:46], atol=1e-6)


@pytest.mark.parametrize("freq", ["h", "6h", "D"])
def test_the_calendar_of_each_step_is_that_of_its_date(freq):
    signature, rows = encoded(CutWindows(window=24, horizon=9), freq=freq, num_steps=600)
    port = calendar_port(signature)
    kernel, bias = turning_weights(signature, port.shape[0])
    first = rows.x[port.name]
    turned = (first @ kernel + bias).reshape(len(first), 9, -1)[:, :, :-PLACES]
    np.testing.assert_allclose(turned[:, 0], first, atol=1e-6)
    width = turned.shape[2]
    # A weekday alone moves on evenly, not at midnight: of hours only their own part is exact.
    exact = slice(0, 4)
    if freq == "D":
        exact = slice(0, width)
    np.testing.assert_allclose(turned[:-8, 8, exact], first[8:, exact], atol=1e-5)


def test_steps_are_named_without_a_calendar():
    frame = CutWindows(window=24, horizon=4)
    signature, rows = encoded(frame, prepare=(steps.DropColumns(("time",)),))
    assert calendar_port(signature) is None
    model = StepNet().tiny().build(signature, seed=0)
    named = layer_output(model, "calendar_ahead_steps", rows.take(np.arange(2)))
    expected = [[0, 1], [1 / 3, 1 / 2], [2 / 3, 1 / 3], [1, 1 / 4]]
    np.testing.assert_allclose(named, [expected] * 2, atol=1e-6)


@pytest.mark.parametrize(
    ("freq", "num_steps", "horizon", "expected"),
    [
        ("h", 4000, 24, 672),
        ("h", 1500, 24, 168),
        ("h", 400, 24, 48),
        ("5min", 4000, 12, 576),
        ("30min", 6000, 48, 672),
        ("D", 1000, 14, 28),
        ("MS", 300, 6, 48),
        ("D", 60, 14, 14),
        ("D", 150, 14, 20),
    ],
)
def test_the_usual_window_holds_whole_seasons(freq, num_steps, horizon, expected):
    train = steps_of(num_steps=num_steps, freq=freq).train
    assert usual_window(train, horizon) == expected


def test_a_window_that_was_named_is_kept():
    parts = steps_of()
    named = CutWindows(window=30, horizon=4).cut(parts)
    assert named.train.x["heat"].shape[1] == 30


def test_gaps_are_filled_from_the_longest_season_that_the_window_holds_twice():
    parts = CutWindows(window=400, horizon=4).cut(steps_of())
    step = steps.FillGaps(how="season", season=0)
    (fitted,), _ = steps.fit_steps((replace(step, columns=("heat",)),), parts.train)
    (primitive,) = fitted.primitives
    assert primitive.season == WEEK
    filled = run_primitives((primitive,), parts.train.x)["heat"]
    raw = parts.train.x["heat"]
    missing = np.isnan(raw[:, WEEK:]) & ~np.isnan(raw[:, :-WEEK])
    assert missing.any()
    np.testing.assert_array_equal(filled[:, WEEK:][missing], raw[:, :-WEEK][missing])
