"""The steps of all parts on one regular grid, from which windows are cut."""

import numpy as np

from ..errors import FrameError

MAX_WINDOW_BYTES = 4 * 2**30
PARTS = ("train", "valid", "test")
TRAIN = PARTS.index("train")
TEST = PARTS.index("test")


def refuse_too_large(num_windows: int, num_values: int) -> None:
    """Raises FrameError for windows of float32 values beyond MAX_WINDOW_BYTES."""
    size_bytes = num_windows * num_values * 4
    if size_bytes > MAX_WINDOW_BYTES:
        size_gib = size_bytes / 2**30
        most_gib = MAX_WINDOW_BYTES / 2**30
        raise FrameError(
            f"{num_windows:,} windows of {num_values:,} values, {size_gib:.1f} GiB",
            expected=f"at most {most_gib:.0f} GiB",
            fix="raise frame.stride, or shorten frame.window",
        )


def _in_order(rows, frame):
    """Sorts the rows of all parts by series and time.

    Returns:
        The time, the series (a code) and the part of every row, the names of the series, and the
        order of the rows.
    """
    lacks_times = any(each.time is None for each in rows)
    if frame is None or lacks_times:
        raise FrameError(
            "windows of rows without a regular time",
            expected="rows of LoadSeries",
            fix="load them with LoadSeries(source, time, target)",
        )
    times = [each.time.astype("datetime64[s]") for each in rows]
    time = np.concatenate(times)
    names_of_rows = np.concatenate([_series_names(each) for each in rows])
    names, series = np.unique(names_of_rows, return_inverse=True)
    lengths = [len(each) for each in rows]
    part = np.repeat(np.arange(len(PARTS)), lengths)
    order = np.lexsort((time, series))
    sorted_series = series[order]
    sorted_part = part[order]
    _refuse_mixed_parts(sorted_part, sorted_series)
    return time[order], sorted_series, sorted_part, names, order


def _refuse_mixed_parts(part, series):
    """Raises FrameError if a step of a series is of an earlier part than the step before it."""
    is_earlier_part = np.diff(part) < 0
    is_same_series = np.diff(series) == 0
    if np.any(is_earlier_part & is_same_series):
        raise FrameError(
            "training steps after held-out ones",
            expected="parts that follow each other in time",
            fix="--set 'split=SplitByTime()'",
        )


def _series_names(rows):
    if rows.series is None:
        return np.full(len(rows), "")
    return rows.series


class _Layout:
    """Where rows, sorted by series and time, lie on the grid.

    Attributes:
        places: Of each row, int64 [rows].
        size: Steps of the whole grid, margins included.
        codes: The series, int64 [series].
        firsts: The place of each series' first step, int64 [series].
        lengths: Steps of each series, int64 [series].
        first_numbers: The number of each series' first step in the calendar, int64 [series].
    """

    def __init__(self, numbers, series, margin):
        codes, starts = np.unique(series, return_index=True)
        ends = np.append(starts[1:], len(series))
        num_rows = ends - starts
        first_numbers = numbers[starts]
        steps_in_series = numbers - np.repeat(first_numbers, num_rows)
        lengths = steps_in_series[ends - 1] + 1
        sizes = margin + lengths
        firsts = np.cumsum(sizes) - lengths
        self.codes = codes
        self.firsts = firsts
        self.lengths = lengths
        self.first_numbers = first_numbers
        self.size = int(sizes.sum())
        self.places = np.repeat(firsts, num_rows) + steps_in_series

    def lay(self, values, empty):
        """Returns the values of rows on the grid, `empty` where there is no row."""
        laid = np.full(self.size, empty, values.dtype)
        laid[self.places] = values
        return laid

    def series_and_time(self, frame):
        """Returns the series (-1 in margins) and the time of every step of the grid."""
        series = np.full(self.size, -1)
        time = np.full(self.size, np.datetime64("NaT"), "datetime64[s]")
        for place, code in enumerate(self.codes):
            length = self.lengths[place]
            start = self.firsts[place]
            end = start + length
            numbers = self.first_numbers[place] + np.arange(length)
            series[start:end] = code
            time[start:end] = frame.dates(numbers)
        return series, time


class StepGrid:
    """All steps of all parts, series after series, each on its regular grid.

    Attributes:
        x: Columns by name, [steps].
        y: Targets, float64 [steps], NaN where there is none.
        ids: Of rows, int64 [steps], -1 where there is no row.
        time: datetime64[s] [steps].
        series: Codes, int64 [steps], -1 in the margin before a series.
        part: 0, 1, 2 as in PARTS, int64 [steps], -1 where there is no row.
        names: Of the series, by code.
        first: The place where each step's series begins, int64 [steps].
    """

    def __init__(self, x, y, ids, time, series, part, names):
        self.x = x
        self.y = y
        self.ids = ids
        self.time = time
        self.series = series
        self.part = part
        self.names = names
        places = np.arange(len(series))
        is_first = np.diff(series, prepend=-2) != 0
        first_places = np.where(is_first, places, 0)
        self.first = np.maximum.accumulate(first_places)

    @classmethod
    def of(cls, splits, *, margin):
        """Lays the steps of all parts on one grid.

        Args:
            splits: Splits of steps.
            margin: How many empty steps lie before each series.

        Raises:
            FrameError: For rows without a time, or of parts that do not follow each other.
        """
        rows = [splits.train, splits.valid, splits.test]
        frame = splits.train.schema.frame
        time, series, part, names, order = _in_order(rows, frame)
        numbers = frame.numbers(time)
        layout = _Layout(numbers, series, margin)
        x = {}
        for name in splits.train.x:
            values = np.concatenate([each.x[name] for each in rows])
            empty = np.nan
            if values.dtype.kind == "O":
                empty = None
            x[name] = layout.lay(values[order], empty)
        y = np.concatenate([each.y for each in rows])
        ids = np.concatenate([each.ids for each in rows])
        series_on_grid, time_on_grid = layout.series_and_time(frame)
        return cls(
            x,
            layout.lay(y[order], np.nan),
            layout.lay(ids[order], -1),
            time_on_grid,
            series_on_grid,
            layout.lay(part, -1),
            names,
        )

    def origins(self, part, horizon, stride, *, whole_past):
        """Returns the places from which `horizon` steps of a part follow each other, int64.

        Args:
            part: As in `StepGrid.part`.
            horizon: How many steps follow each other.
            stride: How many steps one place lies after another.
            whole_past: How many steps of its series each place has before it.
        """
        origins = [np.zeros(0, np.int64)]
        for start, end in self._runs(part):
            first_with_past = self.first[start] + whole_past
            first = max(start, first_with_past)
            last = end - horizon
            origins.append(np.arange(first, last + 1, stride))
        return np.concatenate(origins)

    def longest(self, part):
        """Returns the number of steps in the longest run of a part."""
        lengths = [end - start for start, end in self._runs(part)]
        return max(lengths, default=0)

    def _runs(self, part):
        """Returns the first place of each run of a part in one series, and the place behind it."""
        is_in_part = self.part == part
        padded = np.concatenate([[False], is_in_part, [False]])
        edges = np.flatnonzero(np.diff(padded.astype(np.int8)))
        starts = edges[::2]
        ends = edges[1::2]
        runs = []
        for start, end in zip(starts, ends, strict=True):
            # Without a margin, one series begins where another ends.
            changes = np.flatnonzero(np.diff(self.series[start:end]))
            next_starts = start + 1 + changes
            run_starts = [start, *next_starts]
            run_ends = [*next_starts, end]
            runs += zip(run_starts, run_ends, strict=True)
        return runs

    def season_before(self, name, steps, season):
        """Returns the values of a column one season before, float32 [rows, steps].

        They are NaN before the first step of a series.

        Args:
            name: Of the column.
            steps: The places of the steps, int64 [rows, steps].
            season: Steps of a season.
        """
        places = steps - season
        column = self.x[name]
        is_same_series = self.series[places] == self.series[steps]
        values = np.where(is_same_series, column[places], np.nan)
        return values.astype(np.float32)

    def seasonal_error(self, season):
        """Returns the mean absolute error of the value one season before, on steps before the test.

        It is 0.0 where no pair is known, or where all are equal but for the rounding of float32.
        """
        num_steps = len(self.y)
        later = np.arange(season, num_steps)
        earlier = np.arange(num_steps - season)
        is_same_series = self.series[later] == self.series[earlier]
        part = self.part[later]
        is_before_test = (part >= 0) & (part < TEST)
        error = np.abs(self.y[later] - self.y[earlier])
        is_known_error = ~np.isnan(error)
        error = error[is_before_test & is_same_series & is_known_error]
        if not len(error):
            return 0.0
        mean = float(error.mean())
        if mean > self._rounding():
            return mean
        return 0.0

    def _rounding(self):
        """Returns by how much float32 may part two equal targets before the test."""
        is_known = ~np.isnan(self.y)
        is_before_test = self.part < TEST
        known = self.y[is_before_test & is_known]
        largest = np.abs(known).max(initial=0.0)
        return 2 * np.finfo(np.float32).eps * largest

    def season_errors(self, seasons):
        """Returns season → mean absolute error of the value one season before.

        It is taken over the training steps of which all seasons know one; NaN where there is none.
        """
        is_training = self.part == TRAIN
        places = np.flatnonzero(is_training)
        is_known = np.ones(len(places), bool)
        errors = {}
        for season in seasons:
            before = np.maximum(places - season, 0)
            is_same_series = self.series[before] == self.series[places]
            exists = (places >= season) & is_same_series
            error = np.abs(self.y[places] - self.y[before])
            is_known &= exists & ~np.isnan(error)
            errors[season] = error
        if not is_known.any():
            return dict.fromkeys(errors, np.nan)
        means = {}
        for season, error in errors.items():
            means[season] = float(error[is_known].mean())
        return means

    def baselines(self, origins, ahead, season):
        """Returns name → what is known before the origin, carried on, float64 [rows, horizon].

        Args:
            origins: The place of the first step ahead, int64 [rows].
            ahead: The places of the steps ahead, int64 [rows, horizon].
            season: Steps of a season.
        """
        horizon = ahead.shape[1]
        places = np.arange(len(self.y))
        is_missing = np.isnan(self.y)
        known = np.where(is_missing, self.first, places)
        last_known = np.maximum.accumulate(known)
        filled = self.y[last_known]  # NaN before the first value of a series
        last_values = filled[origins - 1]
        steps_ahead = ahead - origins[:, None] + 1
        seasons_back = -(-steps_ahead // season)  # rounded up
        same_season = ahead - season * seasons_back
        first = self.first[origins]
        same_season = np.maximum(same_season, first[:, None])
        return {
            "last value": np.repeat(last_values[:, None], horizon, axis=1),
            "seasonal naive": filled[same_season],
        }
