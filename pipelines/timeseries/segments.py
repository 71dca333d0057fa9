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
    """Windows of `window` steps of every column, to tell anomalies from what training rows hold;
    nothing is forecast.

    Windows start every `stride` steps, of the test part every `test_stride` (0: the stride), and
    each lies whole in one part. `season`: steps of a season, for the plain rule that looks at what
    has changed since the season before. `faults`: what is put into copies of test windows, to be
    judged on where anomalies are unlabelled.
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
        """Splits of steps → Splits of windows; their ids are those of their first step, the column
        of time holds the newest, and their y is float64 [rows]: 1 where some step is labelled as an
        anomaly, 0 where all known labels say none, NaN where unknown. Training windows with an
        anomaly are left out, which `notes` tell, and all windows without a single known value. Test
        rows end with the copies that have a fault, y 1, and the windows of unknown label next to
        these are taken as normal. `baselines` of test windows, float64 [rows]: the largest distance
        of a value from its mean, and the mean difference from the value one season before, both in
        standard deviations of training windows. Raises FrameError.
        """
        self.check()
        grid = StepGrid.of(splits, margin=self.season)
        schema = self._schema(splits.train.schema)
        made: dict[str, _Segments] = {}
        left_out = 0
        for place, part in enumerate(PARTS):
            starts = self._starts(grid, place, schema)
            y = _label_of_windows(
                grid.y[starts[:, None] + np.arange(self.window)], splits.train.schema.target
            )
            if part == "train":
                left_out = int((y == 1).sum())
                starts = starts[y != 1]
                y = y[y != 1]
            if part != "test" and not (y != 1).any():
                raise FrameError(
                    f"all {part} windows hold an anomaly",
                    expected=f"{part} windows of what is normal",
                    fix="shorten frame.window, or move the split: split.test, split.valid",
                )
            made[part] = self._windows(grid, starts, y, schema)
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
        other = next((column for column in schema.columns if column.kind != "numeric"), None)
        if other is not None:
            raise FrameError(
                f"the {other.kind} column {shorten(other.name)} in windows",
                expected="numbers by step",
                fix=f"leave it out: --drop '{other.name}'",
            )
        series = tuple(
            replace(column, kind=SERIES, shape=(self.window,)) for column in schema.columns
        )
        target = replace(
            schema.target,
            task=AnomalyTask.name,
            labels=(NORMAL, ANOMALY),
            name=schema.target.name if task_of(schema.target).gives_back else ANOMALY,
        )
        return replace(
            schema,
            columns=(Column(schema.frame.time, "date", schema.frame.format), *series),
            target=target,
            frame=replace(schema.frame, horizon=0),
        )

    def _starts(self, grid, part, schema):
        if part == 2:
            stride = self.test_stride or self.stride
        else:
            stride = self.stride
        starts = grid.origins(part, self.window, stride, whole_past=0)
        refuse_too_large(2 * len(starts), self.window * (len(schema.columns) - 1))
        steps = starts[:, None] + np.arange(self.window)
        known = np.zeros(len(starts), bool)
        for column in schema.columns[1:]:
            known |= ~np.isnan(grid.x[column.name][steps]).all(axis=1)
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
    """Windows of one part: the time of their newest step, their series, the same one season before,
    labels, ids; the last `num_faulty` are copies with a fault.
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
        normal = np.flatnonzero(self.y != 1)
        if len(normal):
            copied = normal[faults.places(len(normal))]
        else:
            copied = normal
        spoiled = faults.spoil({name: x[copied] for name, x in self.x.items()}, means, spreads)

        def longer(array):
            return np.concatenate([array, array[copied]])

        return _Segments(
            longer(self.time),
            {name: np.concatenate([x, spoiled[name]]) for name, x in self.x.items()},
            {name: longer(x) for name, x in self.before.items()},
            np.concatenate([np.where(np.isnan(self.y), 0.0, self.y), np.ones(len(copied))]),
            longer(self.ids),
            longer(self.series),
            len(copied),
        )

    def baselines(self, means, spreads, changes):
        """Name → float64 [rows]; what is missing speaks for nothing."""
        largest = np.zeros(len(self.y))
        changed = np.zeros(len(self.y))
        counted = np.zeros(len(self.y))
        for name, x in self.x.items():
            if spreads[name] > 0:
                distance = np.abs(x.astype(np.float64) - means[name]) / spreads[name]
                largest = np.maximum(largest, np.where(np.isnan(distance), 0, distance).max(axis=1))
            if changes[name] > 0:
                change = np.abs(x.astype(np.float64) - self.before[name]) / changes[name]
                changed += np.where(np.isnan(change), 0, change).sum(axis=1)
                counted += (~np.isnan(change)).sum(axis=1)
        return {
            "largest distance from the mean": largest,
            "difference from the season before": changed / np.maximum(counted, 1),
        }


def _label_of_windows(labels, target):
    """float64 [rows] of the labels of their steps [rows, steps]."""
    if not task_of(target).gives_back:
        return np.full(len(labels), np.nan)  # y is a quantity, not a label
    unknown = np.isnan(labels).all(axis=1)
    return np.where(unknown, np.nan, (labels == 1).any(axis=1).astype(np.float64))


def _spreads(x, before):
    """Of each series of training windows: mean, standard deviation, and that of its change in a
    season; 0 of a series without a known value.
    """
    means = {}
    spreads = {}
    changes = {}
    for name in x:
        known = x[name][~np.isnan(x[name])].astype(np.float64)
        change = x[name].astype(np.float64) - before[name]
        change = change[~np.isnan(change)]
        means[name], spreads[name] = (known.mean(), known.std()) if len(known) else (0.0, 0.0)
        if len(change):
            changes[name] = change.std()
        else:
            changes[name] = 0.0
    return means, spreads, changes
