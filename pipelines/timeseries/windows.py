"""Steps of series → windows, after the split: Splits of rows in time → Splits whose rows are
windows.

`CutWindows` forecasts what comes after a window, `CutSegments` has windows judged by themselves.

A window's targets lie in one part. What it looks back on are the steps before them, which are of
the same part or of an earlier one, so that no window of training rows holds a later value; steps
that the split left out for its gap are missing to all.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..device.cells import BOOLEAN, CATEGORICAL, DATE, NUMERIC, SERIES, Column, shorten
from ..errors import FrameError
from ..rows.parts import HeldOut, Splits, TrainSet
from ..rows.sketch import DataSketch
from ..slots import Frame
from ..spec import Refusal, check_knobs, knob
from ..tasks import ForecastTask, task_of
from ..tasks.seasons import common_start, usual_seasons
from .step_grid import PARTS, TEST, TRAIN, StepGrid, refuse_too_large
from .window_length import note_few_windows, usual_window, window_of_horizons

CLEARLY_BETTER = 0.95  # of the error of another season, for which the usual one is left


@dataclass(frozen=True)
class CutWindows(Frame):
    """Cuts windows of past steps of every numeric column, to forecast the steps of the target after
    them (quantiles by the pinball loss: Koenker and Bassett 1978, https://doi.org/10.2307/1913643).

    Attributes:
        window: How many past steps a window holds; 0 is as many horizons as `horizons` states, or
            four weeks, or as many whole seasons as the training steps allow (see `usual_window`).
        horizon: How many steps ahead are forecast.
        stride: How many steps one training or validation window starts after another.
        origin_step: How many steps one test window starts after another, from the first step of its
            part; 0 is the horizon.
        quantiles: Which quantiles are forecast: (0.5,) is the median, () the mean.
        season: Steps of a season, for the seasonal naive forecast and MASE; 0 is those of a day or
            a week, whichever is better on training steps, of a year if steps are months, else one.
        known: Columns whose values are known beforehand (a holiday, a planned price): of these the
            window holds the steps that are forecast.
        static: Columns of which the window holds one value, that of its series.
        horizons: If `window` is 0, how many horizons a window holds, less where training steps are
            few (see `window_of_horizons`); 0 is weeks.
    """

    window: int = knob(48, 0, 20_000, unit="steps")
    horizon: int = knob(12, 1, 2_000, unit="steps")
    stride: int = knob(1, 1, 100_000, unit="steps")
    origin_step: int = knob(0, 0, 100_000, unit="steps")
    quantiles: tuple[float, ...] = knob((0.1, 0.5, 0.9), 0.001, 0.999)
    season: int = knob(0, 0, 100_000, unit="steps")
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    horizons: int = knob(0, 0, 1_000)

    def check(self) -> None:
        """Raises FrameError where no window could be cut."""
        check_knobs(self, "frame.")
        if list(self.quantiles) != sorted(set(self.quantiles)):
            raise FrameError(
                f"frame.quantiles={self.quantiles}",
                expected="rising numbers between 0 and 1",
                fix="--set 'frame.quantiles=(0.1, 0.5, 0.9)'",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why no windows can be cut to forecast from, or ""."""
        if sketch.is_read or sketch.may_be(lambda task: not task.gives_back):
            return super().suits(sketch)
        return Refusal(
            "windows to forecast from, of series without a target",
            expected="a column to forecast",
            fix="name it: load.target; or, to find anomalies, --set 'frame=CutSegments()'",
        )

    def sketch(self, sketch: DataSketch) -> DataSketch:
        """Returns what is known of the windows."""
        kinds = {DATE, SERIES}
        if self.static:
            kinds |= {NUMERIC, CATEGORICAL, BOOLEAN}
        return replace(
            sketch.only(lambda task: task.looks_ahead),
            kinds=frozenset(kinds),
            is_steps=False,
            window_steps=self.window,
            horizon=self.horizon,
        )

    def cut(self, splits: Splits) -> Splits:
        """Cuts steps to windows.

        Args:
            splits: Splits of steps.

        Returns:
            Splits of windows. Their ids are those of the first step of the forecast, their y is
            float64 [rows, horizon], NaN where it is unknown, and the column of time holds that
            first step's. `baselines` of held-out windows, float64 [rows, horizon]: the last value
            known, and the value one season before.

        Raises:
            FrameError: For steps of which no windows can be cut.
        """
        self.check()
        if not self.window:
            return replace(self, window=self._window_for(splits.train)).cut(splits)
        grid = StepGrid.of(splits, margin=self.window)
        season, notes = self._season(grid, splits.train.schema.frame)
        schema = self._schema(splits, grid, season)
        train = self._windows(grid, PARTS.index("train"), schema, season)
        valid = self._windows(grid, PARTS.index("valid"), schema, season)
        test = self._windows(grid, PARTS.index("test"), schema, season)
        test_times = test["x"][schema.frame.time]
        notes += self._note_on_starts(test_times, schema.frame)
        notes += note_few_windows(
            len(train["y"]),
            splits.train,
            window=self.window,
            horizon=self.horizon,
            stride=self.stride,
        )
        return Splits(
            TrainSet(**train),
            HeldOut(**valid),
            HeldOut(**test),
            steps=splits,
            notes=notes,
        )

    def _window_for(self, train):
        """Returns the steps of a window that training steps allow."""
        if self.horizons:
            return window_of_horizons(train, self.horizon, self.horizons)
        return usual_window(train, self.horizon)

    def _season(self, grid, frame):
        """Chooses the season of the seasonal naive forecast: of the usual ones the first, unless a
        longer one is clearly better on training steps.

        Returns:
            Its steps, and notes on it.
        """
        candidates = usual_seasons(frame)
        season = self.season or candidates[0]
        if season not in candidates:
            candidates = (season, *candidates)
        errors = grid.season_errors(candidates)
        better = min(errors, key=errors.get)
        is_clear = errors[better] < CLEARLY_BETTER * errors[season]
        if self.season and not is_clear:
            return season, ()
        if self.season:
            note = _note_on_season(season, errors)
            return season, (f"{note}: --set frame.season={better}",)
        if is_clear:
            season = better
        return season, (_note_on_season(season, errors),)

    def _note_on_starts(self, times, frame):
        start, cycle = common_start(times, frame)
        if not start or self.horizon < 2:
            return ()
        note = (
            f"All {len(times):,} test forecasts start {start}: an error by step is an error by "
            f"{cycle} as well; "
            f"--set frame.origin_step={self.horizon + 1} lets them start everywhere"
        )
        return (note,)

    def _schema(self, splits, grid, season):
        schema = splits.train.schema
        if task_of(schema.target).gives_back:
            raise FrameError(
                "windows to forecast from, of series without a target",
                expected="a column to forecast",
                fix="name it: load.target; or, to find anomalies, --set 'frame=CutSegments()'",
            )
        self._check_columns(schema)
        time = Column(schema.frame.time, "date", schema.frame.format)
        columns = [time, *(self._column(column) for column in schema.columns)]
        target = replace(
            schema.target,
            task=ForecastTask.name,
            quantiles=self.quantiles,
            mase_scale=grid.seasonal_error(season),
        )
        frame = replace(schema.frame, horizon=self.horizon, known=self.known)
        return replace(schema, columns=tuple(columns), target=target, frame=frame)

    def _check_columns(self, schema):
        """Raises FrameError for a column in frame.known or frame.static that does not exist."""
        names = [column.name for column in schema.columns]
        unknown = [name for name in (*self.known, *self.static) if name not in names]
        if unknown:
            raise FrameError(
                f"frame names the column {shorten(unknown[0])}, which is not there",
                expected=", ".join(shorten(name) for name in names),
                fix="correct frame.known or frame.static",
            )

    def _column(self, column):
        """Returns the windows' column of a column of steps."""
        if column.name in self.static:
            return column
        if column.kind != "numeric":
            raise FrameError(
                f"the {column.kind} column {shorten(column.name)} in windows",
                expected="numbers by step",
                fix=f"name it in frame.static, or leave it out: --drop '{column.name}'",
            )
        num_steps = self.window
        if column.name in self.known:
            num_steps = self.horizon
        return replace(column, kind=SERIES, shape=(num_steps,))

    def _origins(self, grid, part):
        """Returns the places of the first step ahead of a part's windows, int64 [rows]."""
        stride = self.stride
        if part == TEST:
            stride = self.origin_step or self.horizon
        # The past of a held-out window may lie in the part before it.
        num_past = 1
        if part == TRAIN:
            num_past = self.window
        return grid.origins(part, self.horizon, stride, whole_past=num_past)

    def _windows(self, grid, part, schema, season):
        origins = self._origins(grid, part)
        sizes = [np.prod(column.shape or (1,)) for column in schema.columns]
        refuse_too_large(len(origins), sum(sizes) + self.horizon)
        ahead = origins[:, None] + np.arange(self.horizon)
        is_unknown = np.isnan(grid.y[ahead])
        has_target = ~is_unknown.all(axis=1)
        if not has_target.any():
            self._refuse_short(grid, part)
        origins = origins[has_target]
        ahead = ahead[has_target]
        behind = origins[:, None] + np.arange(-self.window, 0)
        x = {schema.frame.time: grid.time[origins]}
        for column in schema.columns[1:]:
            name = column.name
            if column.kind != SERIES:
                places = origins
            elif name in self.known:
                places = ahead
            else:
                places = behind
            x[name] = grid.x[name][places]
        baselines = None
        if part != TRAIN:
            baselines = grid.baselines(origins, ahead, season)
        codes = grid.series[origins]
        return {
            "x": x,
            "y": grid.y[ahead],
            "ids": grid.ids[origins],
            "schema": schema,
            "series": grid.names[codes],
            "baselines": baselines,
        }

    def _refuse_short(self, grid, part):
        num_steps = self.horizon
        if part == TRAIN:
            num_steps += self.window
        raise FrameError(
            f"no {PARTS[part]} window of {self.window} steps with {self.horizon} to forecast: "
            f"{grid.longest(part):,} steps follow each other in that part",
            expected=f"at least {num_steps:,} steps with a target among them",
            fix="shorten frame.window or frame.horizon, or provide longer series",
        )


def _note_on_season(season, errors):
    note = f"The seasonal naive forecast and MASE repeat the value {season:,} steps before"
    others = []
    for other, error in errors.items():
        if other != season and np.isfinite(error):
            others.append(f"{error:.4g} of {other:,} steps before")
    if others:
        listed = ", ".join(others)
        note += (
            f", whose mean absolute error on training steps is {errors[season]:.4g}; "
            f"that is {listed}"
        )
    return note
