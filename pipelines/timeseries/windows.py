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
from .step_grid import PARTS, StepGrid, refuse_too_large

CLEARLY_BETTER = 0.95  # of the error of another season, for which the usual one is left


@dataclass(frozen=True)
class CutWindows(Frame):
    """Cuts windows of past steps of every numeric column, to forecast the steps of the target after
    them (quantiles by the pinball loss: Koenker and Bassett 1978, https://doi.org/10.2307/1913643).

    Attributes:
        window: How many past steps a window holds.
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
        """Splits of steps → Splits of windows; their ids are those of the first step of the
        forecast, their y float64 [rows, horizon], NaN where it is unknown, and the column of time
        holds that first step's. `baselines` of held-out windows: the last value known, and the
        value one season before. Raises FrameError.
        """
        self.check()
        grid = StepGrid.of(splits, margin=self.window)
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
        if task_of(schema.target).gives_back:
            raise FrameError(
                "windows to forecast from, of series without a target",
                expected="a column to forecast",
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
            task=ForecastTask.name,
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
        refuse_too_large(len(origins), num_values)
        ahead = origins[:, None] + np.arange(self.horizon)
        known = ~np.isnan(grid.y[ahead]).all(axis=1)
        origins = origins[known]
        ahead = ahead[known]
        if not len(origins):
            raise FrameError(
                f"no {PARTS[part]} window of {self.window} steps with {self.horizon} to forecast: "
                f"{grid.longest(part):,} steps follow each other in that part",
                expected=f"at least {self.horizon + (self.window if part == 0 else 0):,} steps "
                "with a target among them",
                fix="shorten frame.window or frame.horizon, or provide longer series",
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
