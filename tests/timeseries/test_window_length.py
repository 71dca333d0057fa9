"""A window that leaves enough of them to learn from; where there are few, a line that states it."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pipelines.rows.split import SplitByTime, split
from pipelines.timeseries import CutSegments, CutWindows, LoadSeries, series_recipe
from pipelines.timeseries.window_length import shortened, window_of_horizons


def series_of(*lengths):
    """Training steps of as many series."""
    names = np.repeat([f"s{place}" for place in range(len(lengths))], lengths)
    rows = list(range(len(names)))
    return SimpleNamespace(series=names, __len__=lambda: len(rows))


def splits_of(num_steps, target="heat"):
    times = pd.date_range("2024-01-01", periods=num_steps, freq="h").astype(str)
    heat = np.random.default_rng(0).normal(size=num_steps)
    rows = pd.DataFrame({"time": times, "heat": heat})
    dataset, _ = LoadSeries("", "time", target, columns=("heat",)).read(rows)
    return split(dataset, SplitByTime())


@pytest.mark.parametrize(
    ("lengths", "horizon", "window"),
    [
        ((180,), 12, 48),  # four horizons fit three times
        ((179,), 12, 47),
        ((80,), 12, 14),
        ((65,), 12, 12),  # a horizon at least
        ((10,), 12, 12),
        ((65,) * 30, 12, 48),  # many short series hold enough together
        ((65,) * 8, 12, 40),
        ((65,) * 2, 12, 20),
        ((5_000,), 200, 336),
        ((5_000,), 1, 16),
        ((30,), 1, 9),
    ],
)
def test_a_window_is_as_long_as_training_steps_allow(lengths, horizon, window):
    train = series_of(*lengths)
    assert window_of_horizons(train, horizon, 4) == window
    assert shortened(train, window, horizon) == window


def test_the_series_command_leaves_enough_windows(capsys):
    """Nine windows of 48 steps were left of 68."""
    frame = series_recipe(LoadSeries("", "time", "heat"), horizon=12).frame
    assert len(frame.cut(splits_of(100)).train) == 68 - 24 + 1
    assert "--set frame.window" not in capsys.readouterr().err
    named = series_recipe(LoadSeries("", "time", "heat"), horizon=12, window=48).frame
    cut = named.cut(splits_of(100))
    words = " ".join(capsys.readouterr().err.split())
    assert words.startswith("9 training windows of 48 steps with 12 to forecast, from 68 training")
    assert words.endswith("or leave more of them: --set frame.window=12"), words
    assert any(note.startswith("9 training windows") for note in cut.notes)


def test_plenty_of_windows_are_not_spoken_of(capsys):
    assert not any("few to" in note for note in CutWindows(48, 12).cut(splits_of(300)).notes)
    assert not capsys.readouterr().err


def test_windows_to_find_anomalies_in_are_counted_too(capsys):
    splits = splits_of(210, target="")
    cut = CutSegments(window=24, stride=8).cut(splits)
    assert any(note.startswith("15 training windows of 24 steps, from 143") for note in cut.notes)
    assert "--set frame.stride=1" in capsys.readouterr().err
    assert not any("few to" in note for note in CutSegments(window=24).cut(splits).notes)
