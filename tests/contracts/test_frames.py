"""Every frame: windows of each part alone, whatever is in the other parts, the same ones each
time."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import slots
from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.rows.split import SplitByTime, split
from pipelines.timeseries import CutWindows, LoadSeries
from tests.contracts.framed_samples import NUM_STEPS, WINDOW
from tests.contracts.samples import members, name_of

FRAMES = members(slots.Frame)
BY_KIND = pytest.mark.parametrize("kind", FRAMES, ids=name_of)


def steps_of(kind):
    """Splits of steps in time: to be forecast, or to be judged themselves."""
    random = np.random.default_rng(0)
    times = pd.date_range("2024-01-01", periods=NUM_STEPS, freq="h").astype(str)
    heat = random.normal(20, 5, NUM_STEPS)
    heat[100:103] = np.nan
    rows = pd.DataFrame({"time": times, "heat": heat, "flow": random.normal(3, 1, NUM_STEPS)})
    target = "heat" if issubclass(kind, CutWindows) else ""
    dataset, _ = LoadSeries("", "time", target, columns=("heat", "flow")).read(rows)
    return split(dataset, SplitByTime())


def frame_of(kind):
    return kind(window=WINDOW)


def altered(rows):
    """The same steps with other values."""
    return replace(rows, x={name: x + 1000 for name, x in rows.x.items()})


def assert_same_windows(one, other):
    assert one.x.keys() == other.x.keys() and len(one) == len(other)
    np.testing.assert_array_equal(one.ids, other.ids)
    np.testing.assert_array_equal(one.y, other.y)
    for name, x in one.x.items():
        np.testing.assert_array_equal(x, other.x[name])


@BY_KIND
def test_gives_windows_of_the_parts_that_it_was_given(kind):
    splits = steps_of(kind)
    windows = frame_of(kind).cut(splits)
    assert type(windows.train) is TrainSet
    assert type(windows.valid) is HeldOut and type(windows.test) is HeldOut
    for part in ("train", "valid", "test"):
        cut = vars(windows)[part]
        assert len(cut)
        assert all(cut.x[name].shape[1] == WINDOW for name in ("heat", "flow"))
        assert set(cut.ids) <= set(vars(splits)[part].ids)


@BY_KIND
def test_the_same_steps_give_the_same_windows(kind):
    first, second = (frame_of(kind).cut(steps_of(kind)) for _ in range(2))
    for part in ("train", "valid", "test"):
        assert_same_windows(vars(first)[part], vars(second)[part])


@BY_KIND
@pytest.mark.parametrize("part", ["valid", "test"])
def test_held_out_steps_reach_no_training_window(kind, part):
    splits = steps_of(kind)
    before = frame_of(kind).cut(splits)
    after = frame_of(kind).cut(replace(splits, **{part: altered(vars(splits)[part])}))
    assert_same_windows(before.train, after.train)


@BY_KIND
def test_a_part_without_a_whole_window_is_refused(kind):
    from pipelines.errors import FrameError

    with pytest.raises(FrameError) as caught:
        kind(window=NUM_STEPS - 1).cut(steps_of(kind))
    assert caught.value.expected and caught.value.fix
