"""Series to a Dataset of steps on a regular grid: one row a step, one column a quantity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..device.calendar import DAY_SECONDS
from ..device.cells import KINDS, Column, is_missing, read_column, shorten
from ..device.frame import Frame
from ..device.target import Target
from ..errors import LoadError
from ..rows.parts import ColumnNote, Dataset, Schema
from ..rows.sketch import DataSketch
from ..sources.files import describe_memory, file_digest
from ..sources.given_kinds import check_given_kinds
from ..sources.header import describe_names
from ..sources.row_numbers import counts_rows
from ..sources.spellings import refuse_spellings
from ..sources.table import Reading, check_names, find_table, marks_of, read_source
from ..sources.words import refuse_lost_series
from ..tasks import TASKS, AnomalyTask, ForecastTask
from .draw import SeriesLoader
from .find_step import find_pace
from .grid import from_zone, read_stamps, to_grid
from .grid_words import grid_in_words
from .shared_steps import check_shared, refuse_shared
from .step_columns import column_on_grid, infer_columns, labels_on_grid

MIN_STEPS = 10
MOST_SERIES_SHOWN = 20


@dataclass(frozen=True)
class LoadSeries(SeriesLoader):
    """Loads a table whose rows are steps in time.

    With a `target` it is forecast; without one, anomalies are looked for (`CutSegments`).

    Attributes:
        source: Path of a .csv, .csv.gz, .parquet or .jsonl file.
        time: The column of time stamps.
        target: The column to forecast; if empty, anomalies are looked for.
        series: The column that separates many series; if empty, all rows are one series.
        only: Those values of `series` to keep; if empty, all.
        columns: The columns that a window holds; if empty, every numeric one. A column that is the
            same all through each series, of numbers or words, may be named in frame.static.
        drop: Columns to leave out.
        kinds: Kinds of columns that override the inferred ones; of the time a format,
            "date:%d.%m.%Y", or "date:unix" for seconds since 1970.
        step: The distance of two steps, such as "5min", or "weekday", "month", "quarter", "year";
            if empty, it is found.
        zone: The time zone of local times, such as Europe/Berlin; steps of a day or more stay in
            local time. If empty, times are taken as UTC.
        label: The column of truth values that marks anomalous steps, empty cells where that is
            unknown; not together with `target`.
        shared: "mean" takes the mean of rows that share a step however many there are; if empty,
            many of them are refused.
        reading: How text is read.
    """

    source: str
    time: str
    target: str = ""
    series: str = ""
    only: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    step: str = ""
    zone: str = ""
    label: str = ""
    shared: str = ""
    reading: Reading = Reading()

    def sketch(self) -> DataSketch:
        """Returns what the knobs alone show of the steps."""
        framed = [task for task in TASKS.values() if task.needs_frame]
        is_forecast = bool(self.target)
        return DataSketch(
            tuple(task for task in framed if task.looks_ahead == is_forecast),
            frozenset(KINDS),
            is_steps=True,
            has_groups=False,
            may_name_parts=False,
        )

    def read(self, source: object = None) -> tuple[Dataset, tuple[ColumnNote, ...]]:
        """Reads the steps onto a regular grid.

        A few rows that share a step become their mean; the values of a step without a row are
        missing.

        Args:
            source: A DataFrame or a dict of arrays that stands in for the file.

        Returns:
            The Dataset, and what was found.

        Raises:
            LoadError: For what cannot be read as one table of steps.
        """
        self.reading.check()
        check_given_kinds(self.kinds)
        check_shared(self.shared)
        table, found, settled = read_source(self.source, self.reading, source)
        missing = frozenset(self.reading.missing_words)
        self._check_names(table)
        marks = marks_of(table, settled)
        counting = self._row_numbers(table)
        notes = [*found, *describe_names(table, settled.separator, missing)]
        notes += self._note_on_lost_rows(table, missing)
        table, names, codes = self._keep_series(table, missing)
        columns, inferred = infer_columns(self, table, marks, counting)
        times, pace, written, place = self._times(table, codes, names, missing)
        grid = to_grid(times, codes, pace)
        if self.shared != "mean":
            roles = (self.time, self.target, self.label, self.series)
            refuse_shared(table, times, codes, grid, roles=roles, step=self.step)
        _check_length(grid)
        x = {}
        for column in columns:
            x[column.name] = column_on_grid(table[column.name], column, grid, missing)
        y, target = self._truth(x, table, grid, missing)
        time_note = ColumnNote(self.time, "time", grid_in_words(grid, place))
        dataset = Dataset(
            x=x,
            y=y,
            ids=np.arange(len(y)),
            schema=self._schema(columns, target, pace, written),
            time=grid.time,
            series=names[grid.series],
        )
        return dataset, (*notes, time_note, *inferred)

    def describe(self, source: object = None) -> dict[str, str]:
        """Returns the source's name and sha256, for the report."""
        if source is not None:
            return describe_memory(source)
        path = find_table(self.source)
        return {"name": Path(self.source).name, "sha256": file_digest(path)}

    def _schema(self, columns, target, pace, written):
        frame = Frame(
            self.time,
            pace.step_seconds,
            1,
            self.series,
            format=written or "ISO8601",
            calendar=pace.calendar,
        )
        return Schema(tuple(columns), target, self.reading.missing_words, frame)

    def _row_numbers(self, table):
        """Returns why a column is a mere row number, by name; "" for any other."""
        rows = np.arange(len(table[self.time]))
        return {name: counts_rows(name, cells, rows) for name, cells in table.items()}

    def _truth(self, x, table, grid, missing):
        """Returns y, float64 [steps], and the target: of a forecast, or of anomalies."""
        if self.target:
            y = x[self.target].astype(np.float64)
            self._check_target(y)
            return y, Target(self.target, ForecastTask.name)
        name = self.label or AnomalyTask.name
        y = np.full(len(grid.time), np.nan)
        if self.label:
            y = labels_on_grid(table[self.label], self.label, grid, missing)
        _check_signals(x)
        return y, Target(name, AnomalyTask.name)

    def _note_on_lost_rows(self, table, missing):
        """Returns a line of the schema if rows have no series."""
        if not self.series:
            return []
        num_lost = sum(is_missing(cell, missing) for cell in table[self.series])
        if not num_lost:
            return []
        return [
            ColumnNote(
                self.series,
                "series",
                f"{num_lost:,} rows without it are left out",
            )
        ]

    def _times(self, table, codes, names, missing):
        """Reads the time stamps.

        Returns:
            Times datetime64[s] [rows], their Pace, the format that they are written in, and where
            they are of.
        """
        given = self.kinds.get(self.time, "")
        times, written = read_stamps(
            table[self.time],
            self.time,
            self.zone,
            missing,
            given=given,
        )
        in_utc = times
        if self.zone:
            in_utc = from_zone(times, self.time, self.zone)
        pace = find_pace(times, codes, step=self.step, name=self.time, names=names)
        if not self.zone:
            return times, pace, written, "UTC"
        # A day of a zone may have 23 hours: steps of days are counted in local time, as the device
        # reads it too.
        if pace.step_seconds >= DAY_SECONDS:
            return times, pace, written, "local time"
        pace = find_pace(in_utc, codes, step=self.step, name=self.time, names=names)
        place = "UTC, which `predict` takes and gives too: give it UTC, not local time"
        return in_utc, pace, written, place

    def _check_names(self, table):
        if self.target and self.label:
            raise LoadError(
                f"a column to forecast, {shorten(self.target)}, and one that marks anomalies, "
                f"{shorten(self.label)}",
                expected="one of them",
                fix="leave load.target or load.label empty",
            )
        named = {
            "load.time": (self.time,),
            "load.target": _if_given(self.target),
            "load.label": _if_given(self.label),
            "load.columns": self.columns,
            "load.drop": self.drop,
            "load.series": _if_given(self.series),
            "load.kinds": tuple(self.kinds),
        }
        check_names(table, named)
        roles = [name for name in (self.time, self.target, self.label, self.series) if name]
        if len(set(roles)) < len(roles):
            shown = ", ".join(shorten(role) for role in roles)
            raise LoadError(
                f"one column as two of time, target, label and series: {shown}",
                expected="one role a column",
                fix="name another one",
            )

    def _keep_series(self, table, missing):
        """Returns the rows of the series to keep, the series' names, and int64 [rows] the series
        of each row.
        """
        num_rows = len(table[self.time])
        if not self.series:
            return table, np.array([""]), np.zeros(num_rows, np.int64)
        cells = table[self.series]
        refuse_lost_series(self.series, cells, missing, self.reading.named_words())
        names, bad = read_column(cells, Column(self.series, "categorical"), missing)
        known = [name for name in names if name is not None]
        refuse_spellings(self.series, known, self.reading.spelling)
        wanted = set(self.only or known)
        places = [place for place, name in enumerate(names) if name in wanted]
        unknown = [name for name in self.only if name not in set(known)]
        if bad or unknown or not places:
            self._refuse_series(known, unknown)
        kept = {name: _take(each, places) for name, each in table.items()}
        series_names, codes = np.unique(names[places].astype(str), return_inverse=True)
        return kept, series_names, codes

    def _refuse_series(self, known, unknown):
        what = f"the column {shorten(self.series)} names no series"
        if unknown:
            shown = ", ".join(shorten(name) for name in unknown)
            what = f"load.only={self.only}: no series {shown}"
        choices = sorted({shorten(name) for name in known})
        raise LoadError(
            what,
            expected=", ".join(choices[:MOST_SERIES_SHOWN]),
            fix="write the names as they stand in the source",
        )

    def _check_target(self, y):
        known = y[~np.isnan(y)]
        if not len(known):
            what = "is missing in all steps"
        elif np.all(known == known[0]):
            what = f"is {known[0]:g} in all steps"
        else:
            return
        raise LoadError(
            f"the target {shorten(self.target)} {what}",
            expected="at least two values",
            fix="choose another target, or another step with --set load.step=1h",
        )


def _if_given(name):
    if name:
        return (name,)
    return ()


def _take(cells, places):
    """Returns the cells at some places, an array of an array and a list of a list."""
    if isinstance(cells, np.ndarray):
        return cells[places]
    return [cells[place] for place in places]


def _check_length(grid):
    if len(grid.time) < MIN_STEPS:
        raise LoadError(
            f"{len(grid.time)} steps of {grid.pace.step_seconds:,} s",
            expected=f"at least {MIN_STEPS}",
            fix="provide a longer series",
        )


def _check_signals(x):
    """Raises LoadError if no column of numbers changes."""
    numbers = [column for column in x.values() if column.dtype.kind == "f"]
    for column in numbers:
        known = column[~np.isnan(column)]
        if len(known) and np.any(known != known[0]):
            return
    raise LoadError(
        f"{len(numbers)} columns of numbers, each without a value or the same in all steps",
        expected="a column that changes",
        fix="provide more of the source, or name other columns: load.columns",
    )
