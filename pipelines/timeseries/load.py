"""Series to a Dataset of steps on a regular grid: one row a step, one column a quantity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..device.calendar import DAY_NAMES, DAY_SECONDS, MONTH, WEEKDAY
from ..device.cells import KINDS, Column, is_missing, read_column, read_numbers, shorten
from ..device.frame import Frame
from ..device.target import Target
from ..errors import LoadError
from ..rows.parts import Dataset, Inferred, Schema
from ..rows.sketch import DataSketch
from ..sources.files import describe_memory, fingerprint
from ..sources.given_kinds import check_given_kinds
from ..sources.kinds import infer_column
from ..sources.precision import numbers_as_float32
from ..sources.row_numbers import counts_rows
from ..sources.spellings import refuse_spellings
from ..sources.table import Reading, check_names, find_table, marks_of, read_source
from ..sources.words import describe_words, refuse_lost_series
from ..tasks import TASKS, AnomalyTask, ForecastTask
from .draw import Drawn
from .find_step import find_pace
from .grid import from_zone, mean_by_place, read_stamps, to_grid
from .shared_steps import check_shared, refuse_shared

MIN_STEPS = 10


@dataclass(frozen=True)
class LoadSeries(Drawn):
    """A table whose rows are steps in time.

    source: path of a .csv, .csv.gz, .parquet or .jsonl file. time: the column of time stamps.
    target: the column to forecast; without one nothing is, and anomalies are looked for
    (`CutSegments`), of which `label`, a column of truth values, may mark the steps: empty where
    nobody knows. series: a column that separates many series, and only: those of its values to
    keep (empty: all). columns: what else a window holds (empty: every numeric column; one that is
    the same all through each series, of numbers or words, may be named in frame.static). drop:
    columns to leave out. kinds: overrides of inferred kinds; of the time a format, "date:%d.%m.%Y"
    or "date:unix" for seconds since 1970. step: the distance of two steps, such as "5min", or
    "weekday", "month", "quarter", "year" (empty: found). zone: where local times are of; steps of a
    day or more stay in local time. shared: "mean" takes the mean of rows that share a step however
    many there are.
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
        return DataSketch(
            tuple(task for task in framed if task.looks_ahead == bool(self.target)),
            frozenset(KINDS),
            is_steps=True,
            has_groups=False,
            may_name_parts=False,
        )

    def read(self, source: object = None) -> tuple[Dataset, tuple[Inferred, ...]]:
        """The Dataset, and what was found. `source`, a DataFrame or a dict of arrays, stands in for
        the file. A few rows that share a step become their mean; a step without a row is one whose
        values are missing. Raises LoadError.
        """
        self.reading.check()
        check_given_kinds(self.kinds)
        check_shared(self.shared)
        table, found = read_source(self.source, self.reading, source)
        missing = frozenset(self.reading.missing_words)
        self._check_names(table)
        marks = marks_of(table, self.source, self.reading, source)
        rows = np.arange(len(table[self.time]))
        counting = {name: counts_rows(name, cells, rows) for name, cells in table.items()}
        notes = [*found, *self._nameless(table, missing)]
        table, names, codes = self._of_series(table, missing)
        columns, inferred = self._columns(table, marks, counting)
        times, pace, written, place = self._times(table, codes, names, missing)
        grid = to_grid(times, codes, pace)
        if self.shared != "mean":
            roles = (self.time, self.target, self.label, self.series)
            refuse_shared(table, times, codes, grid, roles=roles, step=self.step)
        if len(grid.time) < MIN_STEPS:
            raise LoadError(
                f"{len(grid.time)} steps of {pace.step_seconds:,} s",
                expected=f"at least {MIN_STEPS}",
                fix="provide a longer series",
            )
        x = {}
        for column in columns:
            x[column.name] = self._on_grid(table[column.name], column, grid, missing)
        y, target = self._truth(x, table, grid, missing)
        notes += [Inferred(self.time, "time", _in_words(grid, place)), *inferred]
        frame = Frame(
            self.time,
            pace.step_seconds,
            1,
            self.series,
            format=written or "ISO8601",
            calendar=pace.calendar,
        )
        dataset = Dataset(
            x=x,
            y=y,
            ids=np.arange(len(y)),
            schema=Schema(tuple(columns), target, self.reading.missing_words, frame),
            time=grid.time,
            series=names[grid.series],
        )
        return dataset, tuple(notes)

    def _truth(self, x, table, grid, missing):
        """(y float64 [steps], the target): values to forecast, or labels of anomalies."""
        if self.target:
            y = x[self.target].astype(np.float64)
            self._check_target(y)
            return y, Target(self.target, ForecastTask.name)
        y = self._labels(table, grid, missing)
        self._check_signals(x)
        return y, Target(self.label or AnomalyTask.name, AnomalyTask.name)

    def _nameless(self, table, missing):
        """A line of the schema if rows have no series."""
        if not self.series:
            return []
        nameless = sum(is_missing(cell, missing) for cell in table[self.series])
        if not nameless:
            return []
        return [Inferred(self.series, "series", f"{nameless:,} rows without it are left out")]

    def _times(self, table, codes, names, missing):
        """Time stamps datetime64[s] [rows], their Pace, the format that they are written in, and
        where they are of. A day of a zone may have 23 hours: steps of days are counted in local
        time, as the device reads it too.
        """
        times, written = read_stamps(
            table[self.time], self.time, self.zone, missing, given=self.kinds.get(self.time, "")
        )
        if self.zone:
            in_utc = from_zone(times, self.time, self.zone)
        else:
            in_utc = times
        pace = find_pace(times, codes, step=self.step, name=self.time, names=names)
        if not self.zone or pace.step_seconds >= DAY_SECONDS:
            return times, pace, written, "local time" if self.zone else "UTC"
        pace = find_pace(in_utc, codes, step=self.step, name=self.time, names=names)
        return (
            in_utc,
            pace,
            written,
            "UTC, which `predict` takes and gives too: give it UTC, not local time",
        )

    def describe(self, source: object = None) -> dict[str, str]:
        """The source's name and sha256, for the report."""
        if source is not None:
            return describe_memory(source)
        return {"name": Path(self.source).name, "sha256": fingerprint(find_table(self.source))}

    def _check_names(self, table):
        if self.target and self.label:
            raise LoadError(
                f"a column to forecast, {shorten(self.target)}, and one that marks anomalies, "
                f"{shorten(self.label)}",
                expected="one of them",
                fix="leave load.target or load.label empty",
            )
        check_names(
            table,
            {
                "load.time": (self.time,),
                "load.target": (self.target,) if self.target else (),
                "load.label": (self.label,) if self.label else (),
                "load.columns": self.columns,
                "load.drop": self.drop,
                "load.series": (self.series,) if self.series else (),
                "load.kinds": tuple(self.kinds),
            },
        )
        roles = [name for name in (self.time, self.target, self.label, self.series) if name]
        if len(set(roles)) < len(roles):
            raise LoadError(
                "one column as two of time, target, label and series: "
                f"{', '.join(map(shorten, roles))}",
                expected="one role a column",
                fix="name another one",
            )

    def _of_series(self, table, missing):
        """The rows of the series to keep, the names of these, and int64 [rows] the series
        of each.
        """
        num_rows = len(table[self.time])
        if not self.series:
            return table, np.array([""]), np.zeros(num_rows, np.int64)
        refuse_lost_series(self.series, table[self.series], missing, self.reading.named_words())
        names, bad = read_column(table[self.series], Column(self.series, "categorical"), missing)
        refuse_spellings(
            self.series, [name for name in names if name is not None], self.reading.spelling
        )
        kept = np.array(
            [name is not None and (not self.only or name in self.only) for name in names]
        )
        unknown = [name for name in self.only if name not in set(names)]
        if bad or unknown or not kept.any():
            raise LoadError(
                f"load.only={self.only}: no series {', '.join(map(shorten, unknown))}"
                if unknown
                else f"the column {shorten(self.series)} names no series",
                expected=", ".join(
                    sorted({shorten(name) for name in names if name is not None})[:20]
                ),
                fix="write the names as they stand in the source",
            )
        places = np.flatnonzero(kept)
        table = {
            name: cells[places]
            if isinstance(cells, np.ndarray)
            else [cells[place] for place in places]
            for name, cells in table.items()
        }
        return table, *np.unique(names[places].astype(str), return_inverse=True)

    def _columns(self, table, marks, counting):
        missing = frozenset(self.reading.missing_words)
        columns = []
        inferred = []
        # A role that is not given is "", which may as well be the name of a column.
        apart = {role for role in (self.time, self.label) if role} | set(self.drop)
        apart |= {self.series} - {"", *self.columns}
        for name in self.columns or table:
            if name in apart:
                continue
            if counting[name] and name not in (self.target, *self.columns, *self.kinds):
                inferred.append(Inferred(name, "ignored", counting[name]))
                continue
            if name == self.target:
                given = "numeric"
            else:
                given = self.kinds.get(name, "")
            asked = name in self.columns or name in self.kinds
            column, why = infer_column(
                name, table[name], given, marks=marks, missing=missing, dates=asked
            )
            if column and column.kind != "numeric" and not asked:
                column, why = (
                    None,
                    f"{column.kind}: only numbers make series; name it in load.columns and "
                    "frame.static",
                )
            if name == self.target:
                why = why.replace("given", "the target", 1)
            if column:
                why += describe_words(table[name], column, missing, self.reading.named_words())
            inferred.append(Inferred(name, column.kind if column else "ignored", why))
            if column:
                columns += [column]
        if self.target and self.target not in {column.name for column in columns}:
            column, why = infer_column(
                self.target, table[self.target], "numeric", marks=marks, missing=missing
            )
            columns.append(column)
            inferred.append(Inferred(self.target, "numeric", why.replace("given", "the target", 1)))
        return columns, inferred

    def _on_grid(self, cells, column, grid, missing):
        is_numeric = column.kind == "numeric"
        if is_numeric:
            values, bad = read_numbers(cells, column, missing)
        else:
            values, bad = read_column(cells, column, missing)
        if bad:
            raise LoadError(
                f"the column {shorten(column.name)}, row {bad[0].row}: {bad[0].reason}: "
                f"{bad[0].value}" + (f" (and {len(bad) - 1:,} more cells)" if len(bad) > 1 else ""),
                expected=f"a {column.kind} value or a missing one",
                fix="fix the cell, name the word as missing (--read missing=WORD), or leave the "
                f"column out (--drop '{column.name}')",
            )
        if is_numeric:
            values = numbers_as_float32(column.name, cells, values)
            return mean_by_place(values.astype(np.float64), grid.places, len(grid.time)).astype(
                np.float32
            )
        return _the_one_value(values, column, grid)

    def _labels(self, table, grid, missing):
        """float64 [grid rows]: 1.0 of a step with a row that is marked, 0.0 of others with a known
        label, NaN.
        """
        y = np.full(len(grid.time), np.nan)
        if not self.label:
            return y
        cells, bad = read_column(table[self.label], Column(self.label, "boolean"), missing)
        if bad:
            raise LoadError(
                f"the label {shorten(self.label)}, row {bad[0].row}: {bad[0].reason}: "
                f"{bad[0].value}",
                expected="true or false, yes or no, 1 or 0, or a missing one",
                fix="fix the cell",
            )
        for word, value in (("false", 0.0), ("true", 1.0)):  # one row in a step suffices
            y[grid.places[cells == word]] = value
        return y

    def _check_signals(self, x):
        numbers = [column[~np.isnan(column)] for column in x.values() if column.dtype.kind == "f"]
        if not any(len(column) and np.any(column != column[0]) for column in numbers):
            raise LoadError(
                f"{len(numbers)} columns of numbers, each without a value or the same in all steps",
                expected="a column that changes",
                fix="provide more of the source, or name other columns: load.columns",
            )

    def _check_target(self, y):
        known = y[~np.isnan(y)]
        if not len(known) or np.all(known == known[0]):
            if len(known):
                what = f"is {known[0]:g} in all steps"
            else:
                what = "is missing in all steps"
            raise LoadError(
                f"the target {shorten(self.target)} {what}",
                expected="at least two values",
                fix="choose another target, or another step with --set load.step=1h",
            )


def _the_one_value(values, column, grid):
    """A column that is the same all through each series, laid on its whole grid."""
    laid = np.full(len(grid.time), None, object)
    for code in np.unique(grid.series):
        there = grid.series == code
        of_series = [value for value in values[there[grid.places]] if value is not None]
        if len(set(of_series)) > 1:
            raise LoadError(
                f"the {column.kind} column {shorten(column.name)} has {len(set(of_series))} values "
                "in one series",
                expected="one value all through a series, or numbers",
                fix=f"--drop '{column.name}'",
            )
        if of_series:
            laid[there] = of_series[0]
        else:
            laid[there] = None
    return laid


def _in_words(grid, place):
    steps = len(grid.time)
    series = len(np.unique(grid.series))
    parts = [
        f"{steps:,} steps of {_duration(grid.pace)}, {grid.time.min()} to {grid.time.max()} {place}"
    ]
    parts += [f"{series:,} series"] * (series > 1)
    for number, words in (
        (grid.num_absent, "steps without a row"),
        (grid.num_shared, "rows share their step with others: their mean"),
        (grid.num_unordered, "rows were out of order"),
    ):
        parts += [f"{number:,} {words}"] * (number > 0)
    parts += [grid.pace.note] * bool(grid.pace.note)
    return "; ".join(parts)


def _duration(pace):
    calendar = pace.calendar
    seconds = pace.step_seconds
    if calendar.unit == MONTH:
        if calendar.months % 12 == 0:
            return _count(calendar.months // 12, "year")
        return _count(calendar.months, "month")
    if calendar.unit == WEEKDAY:
        return "a day, on " + ", ".join(DAY_NAMES[day] for day in calendar.weekdays)
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return _count(seconds // size, name)
    return f"{seconds} s"


def _count(number, name):
    return f"{number} {name}{'s' * (number > 1)}"
