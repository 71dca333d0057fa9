"""Small windows of steps in time, to be forecast and to be given back; and texts to be spelled."""

import numpy as np
import pandas as pd

from pipelines.device.target import Target
from pipelines.rows.sketch import sketch_of
from pipelines.rows.split import SplitByTime, split
from pipelines.steps import FillGaps, ScaleSeries
from pipelines.tasks import task_of
from pipelines.timeseries import CutSegments, CutWindows, LoadSeries
from tests.contracts.samples import NUM_ROWS, SAMPLES, texts

NUM_STEPS = 500
WINDOW = 24


class FramedSample:
    """Windows of two series, with the encoding that makes inputs of them.

    Attributes:
        frame: How the windows were cut.
        parts: Splits of windows.
    """

    encode = (FillGaps(), ScaleSeries())

    def __init__(self, frame, target):
        self.frame = frame
        hours = np.arange(NUM_STEPS)
        random = np.random.default_rng(0)
        rhythm = np.sin(hours * 2 * np.pi / WINDOW)
        heat = 20 + 5 * rhythm + random.normal(size=NUM_STEPS)
        flow = 3 + 0.2 * heat + random.normal(size=NUM_STEPS)
        times = pd.date_range("2024-01-01", periods=NUM_STEPS, freq="h").astype(str)
        rows = pd.DataFrame({"time": times, "heat": heat, "flow": flow})
        load = LoadSeries("", "time", target, columns=("heat", "flow"))
        dataset, _ = load.read(rows)
        self.parts = frame.cut(split(dataset, SplitByTime()))

    def splits(self):
        """Returns the parts, cut to windows."""
        return self.parts

    def sketch(self):
        """Returns what is known of the windows."""
        schema = self.parts.train.schema
        return sketch_of(schema, task_of(schema.target))


def forecast():
    """Windows with the four steps that follow each."""
    return FramedSample(CutWindows(window=WINDOW, horizon=4, season=WINDOW), "heat")


def segments():
    """Windows to be judged themselves."""
    return FramedSample(CutSegments(window=WINDOW), "")


def spelled():
    """Texts whose answers are other texts."""
    target = Target("y", "spelled", characters="abc", positions=4)
    y = np.random.default_rng(0).integers(0, 4, (NUM_ROWS, 4))
    return texts(y=y, target=target)


EVERY_SAMPLE = (*SAMPLES, forecast, segments, spelled)
