"""The steps of all parts on one regular grid, from which windows are cut."""

import numpy as np

from ..errors import FrameError

MAX_WINDOW_BYTES = 4 * 2**30
PARTS = ("train", "valid", "test")


def refuse_too_large(num_windows: int, num_values: int) -> None:
    """Raises FrameError for windows of float32 values beyond MAX_WINDOW_BYTES."""
    size_bytes = num_windows * num_values * 4
    if size_bytes > MAX_WINDOW_BYTES:
        raise FrameError(
            f"{num_windows:,} windows of {num_values:,} values, {size_bytes / 2**30:.1f} GiB",
            expected=f"at most {MAX_WINDOW_BYTES / 2**30:.0f} GiB",
            fix="raise frame.stride, or shorten frame.window",
        )


def _in_order(rows, frame):
    """Sorts the rows of all parts by series and time.

    Returns:
        The time, the series (a code) and the part of every row, the names of the series, and the
        order of the rows.
    """
    has_times = all(each.time is not None for each in rows)
    if frame is None or not has_times:
        raise FrameError(
            "windows of rows without a regular time",
            expected="rows of LoadSeries",
            fix="load them with LoadSeries(source, time, target)",
        )
    time = np.concatenate([each.time.astype("datetime64[s]") for each in rows])
    series_names = np.concatenate([_series_names(each) for each in rows])
    names, series = np.unique(series_names, return_inverse=True)
    lengths = [len(each) for each in rows]
    part = np.repeat(np.arange(3), lengths)
    order = np.lexsort((time, series))
    time = time[order]
    series = series[order]
    part = part[order]
    is_earlier_part = np.diff(part) < 0
    is_same_series = np.diff(series) == 0
    if np.any(is_earlier_part & is_same_series):
        raise FrameError(
            "training steps after held-out ones",
            expected="parts that follow each other in time",
            fix="--set 'split=SplitByTime()'",
        )
    return time, series, part, names, order


def _series_names(rows):
    if rows.series is None:
        return np.full(len(rows), "")
    return rows.series


class _Places:
    """Where rows, sorted by series and time, lie on the grid.

    Attributes:
        places: of each row, int64 [rows].
        size: steps of the whole grid, margins included.
        codes: the series, int64 [series].
        firsts: the place of each series' first step.
        lengths: steps of each series.
        first_numbers: the number of each series' first step in the calendar.
    """

    def __init__(self, numbers, series, margin):
        num_rows = len(series)
        self.codes, starts = np.unique(series, return_index=True)
        ends = np.append(starts[1:], num_rows)
        self.first_numbers = numbers[starts]
        steps_in = numbers - np.repeat(self.first_numbers, ends - starts)
        self.lengths = steps_in[ends - 1] + 1
        sizes = self.lengths + margin
        self.firsts = np.cumsum(sizes) - sizes + margin
        self.size = int(sizes.sum())
        self.places = steps_in + self.firsts[np.searchsorted(self.codes, series)]

    def lay(self, values, empty):
        """Returns the values of rows laid on the grid, `empty` where there is no row."""
        laid = np.full(self.size, empty, values.dtype)
        laid[self.places] = values
        return laid

    def series_and_time(self, frame):
        """Returns the series (-1 in margins) and the time of every step of the grid."""
        series = np.full(self.size, -1)
        time = np.full(self.size, np.datetime64("NaT"), "datetime64[s]")
        for place, code in enumerate(self.codes):
            first = self.firsts[place]
            length = self.lengths[place]
            whole = slice(first, first + length)
            numbers = self.first_numbers[place] + np.arange(length)
            series[whole] = code
            time[whole] = frame.dates(numbers)
        return series, time


class StepGrid:
    """All steps of all parts, series after series, each on its regular grid.

    Attributes:
        x: columns by name, [steps].
        y: targets, float64 [steps], NaN where there is none.
        ids: of rows, int64 [steps], -1 where there is no row.
        time: datetime64[s] [steps].
        series: codes, int64 [steps], -1 in the margin before a series.
        part: 0, 1, 2 as in PARTS, -1 where there is no row.
        names: of the series, by code.
        first: the place where each step's series begins, int64 [steps].
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
        begins = np.diff(series, prepend=-2) != 0
        self.first = np.maximum.accumulate(np.where(begins, places, 0))

    @classmethod
    def of(cls, splits, *, margin):
        """Lays the steps of all parts on one grid, `margin` empty steps before each series.

        Raises:
            FrameError: For rows without a time, or of parts that do not follow each other.
        """
        rows = [splits.train, splits.valid, splits.test]
        frame = splits.train.schema.frame
        time, series, part, names, order = _in_order(rows, frame)
        grid = _Places(frame.numbers(time), series, margin)
        x = {}
        for name in splits.train.x:
            values = np.concatenate([each.x[name] for each in rows])
            empty = np.nan
            if values.dtype.kind == "O":
                empty = None
            x[name] = grid.lay(values[order], empty)
        y = np.concatenate([each.y for each in rows])
        ids = np.concatenate([each.ids for each in rows])
        whole_series, whole_time = grid.series_and_time(frame)
        return cls(
            x,
            grid.lay(y[order], np.nan),
            grid.lay(ids[order], -1),
            whole_time,
            whole_series,
            grid.lay(part, -1),
            names,
        )

    def origins(self, part, horizon, stride, *, whole_past):
        """Returns the places from which `horizon` steps of a part follow each other, int64.

        Each has `whole_past` steps of its series before it.
        """
        found = []
        for start, end in self._runs(part):
            first_with_past = self.first[start] + whole_past
            first = max(start, first_with_past)
            last = end - horizon
            found.append(np.arange(first, last + 1, stride))
        if found:
            return np.concatenate(found)
        return np.zeros(0, np.int64)

    def longest(self, part):
        """Returns the number of steps in the longest run of a part."""
        lengths = [end - start for start, end in self._runs(part)]
        return max(lengths, default=0)

    def _runs(self, part):
        inside = np.concatenate([[False], self.part == part, [False]])
        edges = np.flatnonzero(np.diff(inside.astype(np.int8)))
        starts = edges[::2]
        ends = edges[1::2]
        runs = []
        for start, end in zip(starts, ends, strict=True):
            changes = np.flatnonzero(np.diff(self.series[start:end]))
            bounds = [start, *(start + 1 + changes), end]
            runs += list(zip(bounds[:-1], bounds[1:], strict=True))
        return runs

    def season_before(self, name, steps, season):
        """Returns the values `season` steps before, float32, like `steps` [rows, steps].

        They are NaN before the first step of a series.
        """
        places = steps - season
        same_series = self.series[places] == self.series[steps]
        values = np.where(same_series, self.x[name][places], np.nan)
        return values.astype(np.float32)

    def seasonal_error(self, season):
        """Returns the mean absolute error of the value one season before, on steps before the test.

        It is 0.0 where no pair is known, or where all are equal but for the rounding of float32.
        """
        later = np.arange(season, len(self.y))
        earlier = np.arange(len(self.y) - season)
        same_series = self.series[later] == self.series[earlier]
        part = self.part[later]
        before_test = (part >= 0) & (part < 2)
        error = np.abs(self.y[later] - self.y[earlier])
        error = error[before_test & same_series]
        error = error[~np.isnan(error)]
        if not len(error):
            return 0.0
        mean = float(error.mean())
        is_known = (self.part < 2) & ~np.isnan(self.y)
        known = self.y[is_known]
        largest = np.abs(known).max(initial=0.0)
        rounding = 2 * np.finfo(np.float32).eps * largest
        if mean > rounding:
            return mean
        return 0.0

    def season_errors(self, seasons):
        """Returns season → mean absolute error of the value one season before.

        It is taken over the training steps of which all seasons know one; NaN where there is none.
        """
        places = np.flatnonzero(self.part == 0)
        errors = {}
        for season in seasons:
            before = np.maximum(places - season, 0)
            same_series = self.series[before] == self.series[places]
            exists = (places >= season) & same_series
            error = np.abs(self.y[places] - self.y[before])
            errors[season] = np.where(exists, error, np.nan)
        unknown = np.any([np.isnan(error) for error in errors.values()], axis=0)
        if unknown.all():
            return dict.fromkeys(errors, np.nan)
        return {season: float(error[~unknown].mean()) for season, error in errors.items()}

    def baselines(self, origins, ahead, season):
        """Returns name → what is known before the origin, carried on, float64 [rows, horizon].

        Args:
            origins: The place of the first step ahead, int64 [rows].
            ahead: The places of the steps ahead, int64 [rows, horizon].
            season: Steps of a season.
        """
        places = np.arange(len(self.y))
        known = np.where(np.isnan(self.y), self.first, places)
        last_known = np.maximum.accumulate(known)
        filled = self.y[last_known]  # NaN before the first value of a series
        steps_ahead = ahead - origins[:, None] + 1
        seasons_back = -(-steps_ahead // season)  # rounded up
        first = self.first[origins][:, None]
        one_season_before = np.maximum(ahead - season * seasons_back, first)
        last = filled[origins - 1]
        return {
            "last value": np.repeat(last[:, None], ahead.shape[1], axis=1),
            "seasonal naive": filled[one_season_before],
        }
