"""Steps of series → windows that are judged by themselves, after the split: `CutSegments`."""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import DATE, SERIES, Column, shorten
from ..errors import FrameError
from ..rows.parts import HeldOut, Splits, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Frame
from ..spec import check_knobs, knob
from ..tasks import TASKS, AnomalyTask, task_of
from .faults import InjectFaults
from .step_grid import PARTS, StepGrid, refuse_too_large

NORMAL = "normal"
ANOMALY = "anomaly"


@dataclass(frozen=True)
class CutSegments(Frame):
    """Cuts windows of every column, to tell anomalies from what training rows hold; nothing is
    forecast.

    Each window lies whole in one part.

    Attributes:
        window: How many steps a window holds.
        stride: How many steps one window starts after another.
        test_stride: The same of the test part; 0 is the stride.
        season: Steps of a season, for the plain rule that looks at what has changed since the
            season before.
        faults: What is put into copies of test windows, to be judged on if anomalies are
            unlabelled; or None.
    """

    window: int = knob(24, 1, 20_000)
    stride: int = knob(1, 1, 100_000)
    test_stride: int = knob(0, 0, 100_000)
    season: int = knob(1, 1, 100_000)
    faults: InjectFaults | None = None

    def check(self) -> None:
        """Raises RecipeError where a knob is beyond its limits."""
        check_knobs(self, "frame.")

    def sketch(self, sketch: DataSketch) -> DataSketch:
        """Returns what is known of the windows."""
        return DataSketch(
            tuple(task for task in TASKS.values() if task.gives_back),
            frozenset({DATE, SERIES}),
            window_steps=self.window,
        )

    def cut(self, splits: Splits) -> Splits:
        """Cuts steps to windows.

        Training windows with an anomaly are left out, as `notes` report, and all windows without a
        single known value. Test rows end with the copies that have a fault, y 1; if there are any,
        windows of unknown label are taken as normal.

        Args:
            splits: Splits of steps.

        Returns:
            Splits of windows. Their ids are those of their first step, the column of time holds the
            newest, and y is float64 [rows]: 1 where some step is labelled as an anomaly, 0 where no
            known label is one, NaN where unknown. `baselines` of test windows, float64 [rows]: the
            largest distance of a value from its mean, and the mean difference from the value one
            season before, both in standard deviations of training windows.

        Raises:
            FrameError: For steps of which no windows can be cut.
        """
        self.check()
        grid = StepGrid.of(splits, margin=self.season)
        schema = self._schema(splits.train.schema)
        made, left_out = self._cut_parts(grid, schema, splits.train.schema.target)
        means, spreads, changes = _spreads(made["train"].x, made["train"].before)
        if self.faults is not None:
            made["test"] = made["test"].with_faults(self.faults, means, spreads)
        baselines = made["test"].baselines(means, spreads, changes)
        rows = {part: each.columns(schema) for part, each in made.items()}
        return Splits(
            TrainSet(**rows["train"]),
            HeldOut(**rows["valid"]),
            HeldOut(**rows["test"], baselines=baselines),
            steps=splits,
            notes=self._notes(left_out, made["test"]),
        )

    def _cut_parts(self, grid, schema, target):
        """Returns the windows of each part, and how many training windows are left out."""
        made: dict[str, _Segments] = {}
        left_out = 0
        for place, part in enumerate(PARTS):
            starts = self._starts(grid, place, schema)
            steps = starts[:, None] + np.arange(self.window)
            y = _label_of_windows(grid.y[steps], target)
            is_normal = y != 1
            if part == "train":
                left_out = int((~is_normal).sum())
                starts = starts[is_normal]
                y = y[is_normal]
            if part != "test" and not is_normal.any():
                raise FrameError(
                    f"all {part} windows hold an anomaly",
                    expected=f"{part} windows of what is normal",
                    fix="shorten frame.window, or move the split: split.test, split.valid",
                )
            made[part] = self._windows(grid, starts, y, schema)
        return made, left_out

    def _notes(self, left_out, test):
        notes = []
        if left_out:
            notes.append(
                f"{left_out:,} training windows hold a labelled anomaly: left out of training"
            )
        if (self.test_stride or self.stride) < self.window:
            notes.append(
                "Test windows overlap: intervals of their scores are narrower than of as many "
                "rows apart"
            )
        if self.faults is not None:
            notes.append(
                f"{test.num_faulty:,} of {len(test.y):,} test windows are copies of others, each "
                "with a fault that was injected"
            )
        return tuple(notes)

    def _schema(self, schema):
        series = []
        for column in schema.columns:
            if column.kind != "numeric":
                raise FrameError(
                    f"the {column.kind} column {shorten(column.name)} in windows",
                    expected="numbers by step",
                    fix=f"leave it out: --drop '{column.name}'",
                )
            series.append(replace(column, kind=SERIES, shape=(self.window,)))
        frame = schema.frame
        time = Column(frame.time, "date", frame.format)
        name = ANOMALY
        if task_of(schema.target).gives_back:
            name = schema.target.name
        target = replace(
            schema.target,
            task=AnomalyTask.name,
            labels=(NORMAL, ANOMALY),
            name=name,
        )
        return replace(
            schema,
            columns=(time, *series),
            target=target,
            frame=replace(frame, horizon=0),
        )

    def _starts(self, grid, part, schema):
        stride = self.stride
        if PARTS[part] == "test":
            stride = self.test_stride or self.stride
        starts = grid.origins(part, self.window, stride, whole_past=0)
        series = schema.columns[1:]
        refuse_too_large(2 * len(starts), self.window * len(series))
        steps = starts[:, None] + np.arange(self.window)
        known = np.zeros(len(starts), bool)
        for column in series:
            values = grid.x[column.name][steps]
            known |= ~np.isnan(values).all(axis=1)
        if not known.any():
            raise FrameError(
                f"no {PARTS[part]} window of {self.window} steps: {grid.longest(part):,} steps "
                "follow each other in that part",
                fix="shorten frame.window, or provide longer series",
                expected=f"at least {self.window:,} steps with values among them",
            )
        return starts[known]

    def _windows(self, grid, starts, y, schema):
        steps = starts[:, None] + np.arange(self.window)
        names = [column.name for column in schema.columns[1:]]
        return _Segments(
            grid.time[steps[:, -1]],
            {name: grid.x[name][steps] for name in names},
            {name: grid.season_before(name, steps, self.season) for name in names},
            y,
            grid.ids[starts],
            grid.names[grid.series[starts]],
        )


@dataclass(frozen=True, eq=False)
class _Segments:
    """Windows of one part.

    Attributes:
        time: of the newest step, datetime64[s] [rows].
        x: series by name, float32 [rows, steps].
        before: the same one season before.
        y: labels, float64 [rows], NaN where unknown.
        ids: of the first step, int64 [rows].
        series: names, text [rows].
        num_faulty: how many of the last rows are copies with a fault.
    """

    time: np.ndarray
    x: dict[str, np.ndarray]
    before: dict[str, np.ndarray]
    y: np.ndarray
    ids: np.ndarray
    series: np.ndarray
    num_faulty: int = 0

    def columns(self, schema):
        return {
            "x": {schema.columns[0].name: self.time, **self.x},
            "y": self.y,
            "ids": self.ids,
            "schema": schema,
            "series": self.series,
        }

    def with_faults(self, faults, means, spreads):
        """Returns these windows and copies of normal ones with a fault each."""
        copied = np.flatnonzero(self.y != 1)
        if len(copied):
            copied = copied[faults.places(len(copied))]
        copies = {name: x[copied] for name, x in self.x.items()}
        spoiled = faults.spoil(copies, means, spreads)
        known_y = np.where(np.isnan(self.y), 0.0, self.y)

        def longer(array):
            return np.concatenate([array, array[copied]])

        return _Segments(
            longer(self.time),
            {name: np.concatenate([x, spoiled[name]]) for name, x in self.x.items()},
            {name: longer(x) for name, x in self.before.items()},
            np.concatenate([known_y, np.ones(len(copied))]),
            longer(self.ids),
            longer(self.series),
            len(copied),
        )

    def baselines(self, means, spreads, changes):
        """Returns name → float64 [rows]; missing values count for nothing."""
        num_rows = len(self.y)
        largest = np.zeros(num_rows)
        changed = np.zeros(num_rows)
        counted = np.zeros(num_rows)
        for name, x in self.x.items():
            x = x.astype(np.float64)
            if spreads[name] > 0:
                distance = np.abs(x - means[name]) / spreads[name]
                known_distance = np.where(np.isnan(distance), 0, distance)
                largest = np.maximum(largest, known_distance.max(axis=1))
            if changes[name] > 0:
                change = np.abs(x - self.before[name]) / changes[name]
                unknown = np.isnan(change)
                changed += np.where(unknown, 0, change).sum(axis=1)
                counted += (~unknown).sum(axis=1)
        return {
            "largest distance from the mean": largest,
            "difference from the season before": changed / np.maximum(counted, 1),
        }


def _label_of_windows(labels, target):
    """Returns labels of windows, float64 [rows], from those of their steps [rows, steps]."""
    if not task_of(target).gives_back:
        return np.full(len(labels), np.nan)  # y is a quantity, not a label
    unknown = np.isnan(labels).all(axis=1)
    has_anomaly = (labels == 1).any(axis=1)
    return np.where(unknown, np.nan, has_anomaly.astype(np.float64))


def _spreads(x, before):
    """Measures each series of training windows.

    Returns:
        By name: the mean, the standard deviation, and that of the change in a season; each 0 of a
        series without a known value.
    """
    means = {}
    spreads = {}
    changes = {}
    for name, values in x.items():
        values = values.astype(np.float64)
        known = values[~np.isnan(values)]
        change = values - before[name]
        change = change[~np.isnan(change)]
        means[name] = 0.0
        spreads[name] = 0.0
        changes[name] = 0.0
        if len(known):
            means[name] = known.mean()
            spreads[name] = known.std()
        if len(change):
            changes[name] = change.std()
    return means, spreads, changes
