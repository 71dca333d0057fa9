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
from .window_length import note_few_windows

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

    window: int = knob(24, 1, 20_000, unit="steps")
    stride: int = knob(1, 1, 100_000, unit="steps")
    test_stride: int = knob(0, 0, 100_000, unit="steps")
    season: int = knob(1, 1, 100_000, unit="steps")
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
        step_schema = splits.train.schema
        schema = self._schema(step_schema)
        windows, num_left_out = self._cut_parts(grid, schema, step_schema.target)
        train = windows["train"]
        valid = windows["valid"]
        test = windows["test"]
        means, spreads, changes = _spreads(train.x, train.before)
        if self.faults is not None:
            test = test.with_faults(self.faults, means, spreads)
        baselines = test.baselines(means, spreads, changes)
        return Splits(
            TrainSet(**train.columns(schema)),
            HeldOut(**valid.columns(schema)),
            HeldOut(**test.columns(schema), baselines=baselines),
            steps=splits,
            notes=(
                *self._notes(num_left_out, test),
                *note_few_windows(
                    len(train.y), splits.train, window=self.window, stride=self.stride
                ),
            ),
        )

    def _cut_parts(self, grid, schema, target):
        """Returns the windows of each part, and how many training windows are left out."""
        windows: dict[str, _Segments] = {}
        num_left_out = 0
        for place, part in enumerate(PARTS):
            starts = self._starts(grid, place, schema)
            steps = self._steps(starts)
            y = _label_of_windows(grid.y[steps], target)
            is_anomaly = y == 1
            if part != "test" and is_anomaly.all():
                raise FrameError(
                    f"all {part} windows hold an anomaly",
                    expected=f"{part} windows of what is normal",
                    fix="shorten frame.window, or move the split: split.test, split.valid",
                )
            if part == "train":
                num_left_out = int(is_anomaly.sum())
                starts = starts[~is_anomaly]
                y = y[~is_anomaly]
            windows[part] = self._windows(grid, starts, y, schema)
        return windows, num_left_out

    def _steps(self, starts):
        """Returns the places of the steps of windows, int64 [rows, steps]."""
        return starts[:, None] + np.arange(self.window)

    def _stride_of_test(self):
        return self.test_stride or self.stride

    def _notes(self, num_left_out, test):
        notes = []
        if num_left_out:
            notes.append(
                f"{num_left_out:,} training windows hold a labelled anomaly: left out of training"
            )
        if self._stride_of_test() < self.window:
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
        frame = schema.frame
        time = Column(frame.time, "date", frame.format)
        series = [self._series_of(column) for column in schema.columns]
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

    def _series_of(self, column):
        """Returns the windows' column of a column of steps."""
        if column.kind != "numeric":
            raise FrameError(
                f"the {column.kind} column {shorten(column.name)} in windows",
                expected="numbers by step",
                fix=f"leave it out: --drop '{column.name}'",
            )
        return replace(column, kind=SERIES, shape=(self.window,))

    def _starts(self, grid, part, schema):
        """Returns the first steps of a part's windows that hold a value, int64 [rows]."""
        part_name = PARTS[part]
        stride = self.stride
        if part_name == "test":
            stride = self._stride_of_test()
        starts = grid.origins(part, self.window, stride, whole_past=0)
        series = schema.columns[1:]
        num_windows = 2 * len(starts)  # and as many of the season before
        refuse_too_large(num_windows, self.window * len(series))
        steps = self._steps(starts)
        has_value = np.zeros(len(starts), bool)
        for column in series:
            values = grid.x[column.name][steps]
            is_empty = np.isnan(values).all(axis=1)
            has_value |= ~is_empty
        if not has_value.any():
            raise FrameError(
                f"no {part_name} window of {self.window} steps: {grid.longest(part):,} steps "
                "follow each other in that part",
                fix="shorten frame.window, or provide longer series",
                expected=f"at least {self.window:,} steps with values among them",
            )
        return starts[has_value]

    def _windows(self, grid, starts, y, schema):
        steps = self._steps(starts)
        newest = steps[:, -1]
        codes = grid.series[starts]
        x = {}
        before = {}
        for column in schema.columns[1:]:
            name = column.name
            x[name] = grid.x[name][steps]
            before[name] = grid.season_before(name, steps, self.season)
        return _Segments(
            time=grid.time[newest],
            x=x,
            before=before,
            y=y,
            ids=grid.ids[starts],
            series=grid.names[codes],
        )


@dataclass(frozen=True, eq=False)
class _Segments:
    """Windows of one part.

    Attributes:
        time: Of the newest step, datetime64[s] [rows].
        x: Series by name, float32 [rows, steps].
        before: The same one season before.
        y: Labels, float64 [rows], NaN where unknown.
        ids: Of the first step, int64 [rows].
        series: Names, text [rows].
        num_faulty: How many of the last rows are copies with a fault.
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
        is_normal = self.y != 1
        copied = np.flatnonzero(is_normal)
        num_normal = len(copied)
        if num_normal:
            chosen = faults.places(num_normal)
            copied = copied[chosen]
        copies = {name: x[copied] for name, x in self.x.items()}
        spoiled = faults.spoil(copies, means, spreads)
        is_unknown = np.isnan(self.y)
        y_of_originals = np.where(is_unknown, 0.0, self.y)
        y_of_copies = np.ones(len(copied))

        def with_copies(array):
            return np.concatenate([array, array[copied]])

        x_with_faults = {}
        for name, x in self.x.items():
            x_with_faults[name] = np.concatenate([x, spoiled[name]])
        return _Segments(
            time=with_copies(self.time),
            x=x_with_faults,
            before={name: with_copies(x) for name, x in self.before.items()},
            y=np.concatenate([y_of_originals, y_of_copies]),
            ids=with_copies(self.ids),
            series=with_copies(self.series),
            num_faulty=len(copied),
        )

    def baselines(self, means, spreads, changes):
        """Returns the scores of plain rules; missing values count for nothing.

        Args:
            means: Of each series in training windows, in its unit.
            spreads: The standard deviation of each series in training windows.
            changes: The standard deviation of each series' change in a season.

        Returns:
            Rule → score, float64 [rows].
        """
        num_rows = len(self.y)
        largest = np.zeros(num_rows)
        total_change = np.zeros(num_rows)
        num_changes = np.zeros(num_rows)
        for name, values in self.x.items():
            x = values.astype(np.float64)
            if spreads[name] > 0:
                distance = np.abs(x - means[name]) / spreads[name]
                is_unknown = np.isnan(distance)
                distance = np.where(is_unknown, 0, distance)
                largest = np.maximum(largest, distance.max(axis=1))
            if changes[name] > 0:
                change = np.abs(x - self.before[name]) / changes[name]
                is_known = ~np.isnan(change)
                change = np.where(is_known, change, 0)
                total_change += change.sum(axis=1)
                num_changes += is_known.sum(axis=1)
        mean_change = total_change / np.maximum(num_changes, 1)
        return {
            "largest distance from the mean": largest,
            "difference from the season before": mean_change,
        }


def _label_of_windows(labels, target):
    """Returns labels of windows, float64 [rows], from those of their steps [rows, steps]."""
    if not task_of(target).gives_back:
        return np.full(len(labels), np.nan)  # y is a quantity, not a label
    is_unknown_step = np.isnan(labels)
    is_anomalous_step = labels == 1
    is_unknown = is_unknown_step.all(axis=1)
    has_anomaly = is_anomalous_step.any(axis=1)
    return np.where(is_unknown, np.nan, has_anomaly.astype(np.float64))


def _spreads(x, before):
    """Measures each series of training windows.

    Returns:
        By name: the mean, the standard deviation, and that of the change in a season; each 0 of a
        series without a known value.
    """
    means = {}
    spreads = {}
    changes = {}
    for name, windows in x.items():
        values = windows.astype(np.float64)
        known = _known(values)
        known_changes = _known(values - before[name])
        means[name] = 0.0
        spreads[name] = 0.0
        changes[name] = 0.0
        if len(known):
            means[name] = known.mean()
            spreads[name] = known.std()
        if len(known_changes):
            changes[name] = known_changes.std()
    return means, spreads, changes


def _known(values):
    is_known = ~np.isnan(values)
    return values[is_known]
