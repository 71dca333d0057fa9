"""Steps of series → windows, after the split: Splits of rows in time → Splits whose rows are
windows.

`CutWindows` foretells what comes after a window, `CutSegments` has windows judged by themselves.

A window's targets lie in one part. What it looks back on are the steps before them, which are of
the same part or of an earlier one, so that no window of training rows holds a later value; steps
that the split left out for its gap are missing to all.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import SERIES, Column, shorten
from ..errors import FrameError
from ..rows.parts import HeldOut, Splits, TrainSet
from ..spec import check_knobs, knob
from ..tasks.seasons import common_start, usual_seasons
from .faults import InjectFaults

MAX_WINDOW_BYTES = 4 * 2**30
CLEARLY_BETTER = 0.95  # of the error of another season, for which the usual one is left
PARTS = ("train", "valid", "test")
NORMAL = "normal"
ANOMALY = "anomaly"


@dataclass(frozen=True)
class CutWindows:
    """Windows of `window` past steps of every numeric column, to foretell the `horizon` steps of
    the target after them.

    Training and validation windows start every `stride` steps, test windows every `origin_step` (0:
    the horizon), from the first step of their part. `known`: columns whose values are known
    beforehand (a holiday, a planned price): of these the window holds the steps that are foretold.
    `static`: columns of which the window holds one value, that of its series. `quantiles` to
    foretell, by the pinball loss (Koenker and Bassett 1978, https://doi.org/10.2307/1913643):
    (0.5,) is the median, () the mean. `season`: steps of a season, for the seasonal naive forecast
    and MASE; 0: those of a day or a week, whichever is better on training steps, of a year where
    steps are months, else one.
    """

    window: int = knob(48, 1, 20_000)
    horizon: int = knob(12, 1, 2_000)
    stride: int = knob(1, 1, 100_000)
    origin_step: int = knob(0, 0, 100_000)
    quantiles: tuple[float, ...] = knob((0.1, 0.5, 0.9), 0.001, 0.999)
    season: int = knob(0, 0, 100_000)
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises FrameError where no window could be cut."""
        check_knobs(self, "frame.")
        if list(self.quantiles) != sorted(set(self.quantiles)):
            raise FrameError(
                f"frame.quantiles={self.quantiles}",
                expected="rising numbers between 0 and 1",
                fix="--set 'frame.quantiles=(0.1, 0.5, 0.9)'",
            )

    def cut(self, splits: Splits) -> Splits:
        """Splits of steps → Splits of windows; their ids are those of the first step foretold,
        their y float64 [rows, horizon], NaN where nobody knows it, and the column of time holds
        that first step's. `baselines` of held-out windows: the last value known, and the value one
        season before. Raises FrameError.
        """
        self.check()
        grid = _Grid.of(splits, margin=self.window)
        season, notes = self._season(grid, splits.train.schema.frame)
        schema = self._schema(splits, grid, season)
        made = {
            part: self._windows(grid, place, schema, season) for place, part in enumerate(PARTS)
        }
        notes += self._note_on_starts(made["test"]["x"][schema.frame.time], schema.frame)
        return Splits(
            TrainSet(**made["train"]),
            HeldOut(**made["valid"]),
            HeldOut(**made["test"]),
            steps=splits,
            notes=notes,
        )

    def _season(self, grid, frame):
        """The season of the seasonal naive forecast, and a note on it: of the usual ones the first,
        unless a longer one is clearly better on training steps.
        """
        usual = usual_seasons(frame)
        errors = grid.season_errors(usual if self.season in (0, *usual) else (self.season, *usual))
        season = self.season or usual[0]
        better = min(errors, key=errors.get)
        is_clear = errors[better] < CLEARLY_BETTER * errors[season]
        if is_clear and not self.season:
            season = better
        if self.season and not is_clear:
            return season, ()
        note = f"The seasonal naive forecast and MASE repeat the value {season:,} steps before"
        others = ", ".join(
            f"{error:.4g} of {each:,} steps before"
            for each, error in errors.items()
            if each != season and np.isfinite(error)
        )
        if others:
            note += (
                f", whose mean absolute error on training steps is {errors[season]:.4g}; "
                f"that is {others}"
            )
        return season, (f"{note}: --set frame.season={better}" if self.season else note,)

    def _note_on_starts(self, times, frame):
        start, cycle = common_start(times, frame)
        if not start or self.horizon < 2:
            return ()
        return (
            f"All {len(times):,} test forecasts start {start}: an error by step is an error by "
            f"{cycle} as well; "
            f"--set frame.origin_step={self.horizon + 1} lets them start everywhere",
        )

    def _schema(self, splits, grid, season):
        schema = splits.train.schema
        if schema.target.task == "anomaly":
            raise FrameError(
                "windows to foretell from, of series without a target",
                expected="a column to foretell",
                fix="name it: load.target; or, to find anomalies, --set 'frame=CutSegments()'",
            )
        names = [column.name for column in schema.columns]
        unknown = [name for name in (*self.known, *self.static) if name not in names]
        if unknown:
            raise FrameError(
                f"frame names the column {shorten(unknown[0])}, which is not there",
                expected=", ".join(map(shorten, names)),
                fix="correct frame.known or frame.static",
            )
        columns = [Column(schema.frame.time, "date", schema.frame.format)]
        for column in schema.columns:
            if column.name in self.static:
                columns.append(column)
            elif column.kind == "numeric":
                if column.name in self.known:
                    steps = self.horizon
                else:
                    steps = self.window
                columns.append(replace(column, kind=SERIES, shape=(steps,)))
            else:
                raise FrameError(
                    f"the {column.kind} column {shorten(column.name)} in windows",
                    expected="numbers by step",
                    fix=f"name it in frame.static, or leave it out: --drop '{column.name}'",
                )
        target = replace(
            schema.target,
            task="forecast",
            quantiles=self.quantiles,
            mase_scale=grid.seasonal_error(season),
        )
        frame = replace(schema.frame, horizon=self.horizon, known=self.known)
        return replace(schema, columns=tuple(columns), target=target, frame=frame)

    def _windows(self, grid, part, schema, season):
        if part == 2:
            stride = self.origin_step or self.horizon
        else:
            stride = self.stride
        origins = grid.origins(
            part, self.horizon, stride, whole_past=self.window if part == 0 else 1
        )
        num_values = sum(np.prod(column.shape or (1,)) for column in schema.columns) + self.horizon
        _refuse_too_large(len(origins), num_values)
        ahead = origins[:, None] + np.arange(self.horizon)
        known = ~np.isnan(grid.y[ahead]).all(axis=1)
        origins = origins[known]
        ahead = ahead[known]
        if not len(origins):
            raise FrameError(
                f"no {PARTS[part]} window of {self.window} steps with {self.horizon} to foretell: "
                f"{grid.longest(part):,} steps follow each other in that part",
                expected=f"at least {self.horizon + (self.window if part == 0 else 0):,} steps "
                "with a target among them",
                fix="shorten frame.window or frame.horizon, or bring longer series",
            )
        behind = origins[:, None] + np.arange(-self.window, 0)
        x = {schema.frame.time: grid.time[origins]}
        for column in schema.columns[1:]:
            if column.kind != SERIES:
                places = origins
            elif column.name in self.known:
                places = ahead
            else:
                places = behind
            x[column.name] = grid.x[column.name][places]
        return {
            "x": x,
            "y": grid.y[ahead],
            "ids": grid.ids[origins],
            "schema": schema,
            "series": grid.names[grid.series[origins]],
            "baselines": grid.baselines(origins, ahead, season) if part else None,
        }


@dataclass(frozen=True)
class CutSegments:
    """Windows of `window` steps of every column, to tell anomalies from what training rows hold;
    nothing is foretold.

    Windows start every `stride` steps, of the test part every `test_stride` (0: the stride), and
    each lies whole in one part. `season`: steps of a season, for the plain rule that looks at what
    has changed since the season before. `faults`: what is put into copies of test windows, to be
    judged on where nobody labelled an anomaly.
    """

    window: int = knob(24, 1, 20_000)
    stride: int = knob(1, 1, 100_000)
    test_stride: int = knob(0, 0, 100_000)
    season: int = knob(1, 1, 100_000)
    faults: InjectFaults | None = None

    def check(self) -> None:
        """Raises RecipeError where a knob is beyond its limits."""
        check_knobs(self, "frame.")

    def cut(self, splits: Splits) -> Splits:
        """Splits of steps → Splits of windows; their ids are those of their first step, the column
        of time holds the newest, and their y is float64 [rows]: 1 where some step is labelled as an
        anomaly, 0 where all known labels say none, NaN where nobody knows. Training windows with an
        anomaly are left out, which `notes` tell, and all windows without a single known value. Test
        rows end with the copies that have a fault, y 1, and the windows of unknown label beside
        these are taken as normal. `baselines` of test windows, float64 [rows]: the largest distance
        of a value from its mean, and the mean difference from the value one season before, both in
        standard deviations of training windows. Raises FrameError.
        """
        self.check()
        grid = _Grid.of(splits, margin=self.season)
        schema = self._schema(splits.train.schema)
        made = {}
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
        if left_out:
            notes = (
                f"{left_out:,} training windows hold a labelled anomaly: left out of training",
            )
        else:
            notes = ()
        if (self.test_stride or self.stride) < self.window:
            notes += (
                "Test windows overlap: intervals of their scores are narrower than of as many "
                "rows apart",
            )
        if self.faults is not None:
            test = made["test"]
            notes += (
                f"{test.num_faulty:,} of {len(test.y):,} test windows are copies of others, each "
                "with a fault that was injected",
            )
        rows = {part: each.columns(schema) for part, each in made.items()}
        return Splits(
            TrainSet(**rows["train"]),
            HeldOut(**rows["valid"]),
            HeldOut(**rows["test"], baselines=baselines),
            steps=splits,
            notes=notes,
        )

    def _schema(self, schema):
        odd = next((column for column in schema.columns if column.kind != "numeric"), None)
        if odd is not None:
            raise FrameError(
                f"the {odd.kind} column {shorten(odd.name)} in windows",
                expected="numbers by step",
                fix=f"leave it out: --drop '{odd.name}'",
            )
        series = tuple(
            replace(column, kind=SERIES, shape=(self.window,)) for column in schema.columns
        )
        target = replace(
            schema.target,
            task="anomaly",
            labels=(NORMAL, ANOMALY),
            name=schema.target.name if schema.target.task == "anomaly" else ANOMALY,
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
        _refuse_too_large(2 * len(starts), self.window * (len(schema.columns) - 1))
        steps = starts[:, None] + np.arange(self.window)
        known = np.zeros(len(starts), bool)
        for column in schema.columns[1:]:
            known |= ~np.isnan(grid.x[column.name][steps]).all(axis=1)
        if not known.any():
            raise FrameError(
                f"no {PARTS[part]} window of {self.window} steps: {grid.longest(part):,} steps "
                "follow each other in that part",
                fix="shorten frame.window, or bring longer series",
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
    if target.task != "anomaly":
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


def _refuse_too_large(num_windows, num_values):
    if num_windows * num_values * 4 > MAX_WINDOW_BYTES:
        raise FrameError(
            f"{num_windows:,} windows of {num_values:,} values, "
            f"{num_windows * num_values * 4 / 2**30:.1f} GiB",
            expected=f"at most {MAX_WINDOW_BYTES / 2**30:.0f} GiB",
            fix="raise frame.stride, or shorten frame.window",
        )


class _Grid:
    """All steps of all parts, series after series, each on its regular grid with `margin` empty
    steps before it.
    """

    def __init__(self, x, y, ids, time, series, part, names):
        self.x, self.y, self.ids, self.time = x, y, ids, time
        self.series, self.part, self.names = series, part, names
        places = np.arange(len(series))  # `first`: of each step, where its series begins
        self.first = np.maximum.accumulate(np.where(np.diff(series, prepend=-2) != 0, places, 0))

    @classmethod
    def of(cls, splits, *, margin):
        rows = [splits.train, splits.valid, splits.test]
        frame = splits.train.schema.frame
        if frame is None or any(each.time is None for each in rows):
            raise FrameError(
                "windows of rows without a regular time",
                expected="rows of LoadSeries",
                fix="load them with LoadSeries(source, time, target)",
            )
        time = np.concatenate([each.time.astype("datetime64[s]") for each in rows])
        names, series = np.unique(
            np.concatenate(
                [np.full(len(each), "") if each.series is None else each.series for each in rows]
            ),
            return_inverse=True,
        )
        part = np.repeat(np.arange(3), [len(each) for each in rows])
        order = np.lexsort((time, series))
        time = time[order]
        series = series[order]
        part = part[order]
        if np.any((np.diff(part) < 0) & (np.diff(series) == 0)):
            raise FrameError(
                "training steps after held-out ones",
                expected="parts that follow each other in time",
                fix="--set 'split=SplitByTime()'",
            )
        numbers = frame.numbers(time)
        codes, starts = np.unique(series, return_index=True)
        steps_in = numbers - np.repeat(numbers[starts], np.diff([*starts, len(time)]))
        lengths = np.array([steps_in[end - 1] + 1 for end in [*starts[1:], len(time)]])
        firsts = np.cumsum([0, *(lengths + margin)])[:-1] + margin
        places = steps_in + firsts[np.searchsorted(codes, series)]
        total = int((lengths + margin).sum())

        def laid(values, empty):
            array = np.full(total, empty, values.dtype)
            array[places] = values
            return array

        def joined(name):
            values = np.concatenate([each.x[name] for each in rows])[order]
            return laid(values, None if values.dtype.kind == "O" else np.nan)

        whole = np.full(total, -1)
        whole_time = np.full(total, np.datetime64("NaT"), "datetime64[s]")
        for code, first, length, start in zip(codes, firsts, lengths, starts, strict=True):
            whole[first : first + length] = code
            whole_time[first : first + length] = frame.dates(numbers[start] + np.arange(length))
        return cls(
            {name: joined(name) for name in splits.train.x},
            laid(np.concatenate([each.y for each in rows])[order], np.nan),
            laid(np.concatenate([each.ids for each in rows])[order], -1),
            whole_time,
            whole,
            laid(part, -1),
            names,
        )

    def origins(self, part, horizon, stride, *, whole_past):
        """int64: the places from which `horizon` steps of a part follow each other, with
        `whole_past` steps of the series before them.
        """
        found = []
        for start, end in self._runs(part):
            start = max(start, self.first[start] + whole_past)
            found.append(np.arange(start, end - horizon + 1, stride))
        if found:
            return np.concatenate(found)
        return np.zeros(0, np.int64)

    def longest(self, part):
        """Steps of the longest run of a part."""
        return max((end - start for start, end in self._runs(part)), default=0)

    def _runs(self, part):
        inside = np.concatenate([[False], self.part == part, [False]])
        edges = np.flatnonzero(np.diff(inside.astype(np.int8)))
        runs = []
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            cuts = start + 1 + np.flatnonzero(np.diff(self.series[start:end]))
            bounds = [start, *cuts, end]
            runs += list(zip(bounds[:-1], bounds[1:], strict=True))
        return runs

    def season_before(self, name, steps, season):
        """float32, like `steps` [rows, steps]: the values `season` steps before, NaN before the
        first of a series.
        """
        places = steps - season
        return np.where(
            self.series[places] == self.series[steps], self.x[name][places], np.nan
        ).astype(np.float32)

    def seasonal_error(self, season):
        """The mean absolute error of the value one season before, over the steps before the test;
        0.0 where no pair is known or all are equal but for the rounding of float32.
        """
        one = np.arange(season, len(self.y))
        other = np.arange(len(self.y) - season)
        before_test = (
            (self.part[one] >= 0) & (self.part[one] < 2) & (self.series[one] == self.series[other])
        )
        error = np.abs(self.y[one] - self.y[other])[before_test]
        error = error[~np.isnan(error)]
        if len(error):
            mean = float(error.mean())
        else:
            mean = 0.0
        known = self.y[(self.part < 2) & ~np.isnan(self.y)]
        largest = np.abs(known).max(initial=0.0)
        if mean > 2 * np.finfo(np.float32).eps * largest:
            return mean
        return 0.0

    def season_errors(self, seasons):
        """Season → the mean absolute error of the value one season before, over the training steps
        of which all seasons know one; NaN where there is none.
        """
        places = np.flatnonzero(self.part == 0)
        errors = {}
        for season in seasons:
            before = np.maximum(places - season, 0)
            same = (places >= season) & (self.series[before] == self.series[places])
            errors[season] = np.where(same, np.abs(self.y[places] - self.y[before]), np.nan)
        known = ~np.any([np.isnan(each) for each in errors.values()], axis=0)
        return {
            season: float(each[known].mean()) if known.any() else np.nan
            for season, each in errors.items()
        }

    def baselines(self, origins, ahead, season):
        """Name → float64 [rows, horizon]: what is known before the origin, carried on."""
        places = np.arange(len(self.y))
        seen = np.maximum.accumulate(np.where(np.isnan(self.y), self.first, places))
        filled = self.y[seen]  # NaN before the first value of a series
        seasons_back = -(-(ahead - origins[:, None] + 1) // season)
        same = np.maximum(ahead - season * seasons_back, self.first[origins][:, None])
        return {
            "last value": np.repeat(filled[origins - 1][:, None], ahead.shape[1], axis=1),
            "seasonal naive": filled[same],
        }
