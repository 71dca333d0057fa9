"""The steps of all parts on one regular grid, from which windows are cut."""

import numpy as np

from ..errors import FrameError

MAX_WINDOW_BYTES = 4 * 2**30
PARTS = ("train", "valid", "test")


def refuse_too_large(num_windows, num_values):
    if num_windows * num_values * 4 > MAX_WINDOW_BYTES:
        raise FrameError(
            f"{num_windows:,} windows of {num_values:,} values, "
            f"{num_windows * num_values * 4 / 2**30:.1f} GiB",
            expected=f"at most {MAX_WINDOW_BYTES / 2**30:.0f} GiB",
            fix="raise frame.stride, or shorten frame.window",
        )


def _in_order(rows, frame):
    """The time, series and part of every row, series after series, the names of the series, and the
    order of the rows.
    """
    if frame is None or any(each.time is None for each in rows):
        raise FrameError(
            "windows of rows without a regular time",
            expected="rows of LoadSeries",
            fix="load them with LoadSeries(source, time, target)",
        )
    time = np.concatenate([each.time.astype("datetime64[s]") for each in rows])
    named = [np.full(len(each), "") if each.series is None else each.series for each in rows]
    names, series = np.unique(np.concatenate(named), return_inverse=True)
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
    return time, series, part, names, order


class StepGrid:
    """All steps of all parts, series after series, each on its regular grid with `margin` empty
    steps before it.
    """

    def __init__(self, x, y, ids, time, series, part, names):
        self.x = x
        self.y = y
        self.ids = ids
        self.time = time
        self.series = series
        self.part = part
        self.names = names
        places = np.arange(len(series))  # `first`: of each step, where its series begins
        self.first = np.maximum.accumulate(np.where(np.diff(series, prepend=-2) != 0, places, 0))

    @classmethod
    def of(cls, splits, *, margin):
        """Lays the steps of all parts on one grid. Raises FrameError for rows without a time."""
        rows = [splits.train, splits.valid, splits.test]
        frame = splits.train.schema.frame
        time, series, part, names, order = _in_order(rows, frame)
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
            empty = None if values.dtype.kind == "O" else np.nan
            return laid(values, empty)

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
        """Returns the places from which `horizon` steps of a part follow each other, int64.

        Each has `whole_past` steps of its series before it.
        """
        found = []
        for start, end in self._runs(part):
            first = max(start, self.first[start] + whole_past)
            found.append(np.arange(first, end - horizon + 1, stride))
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
        runs = []
        for start, end in zip(edges[::2], edges[1::2], strict=True):
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
        before_test = (self.part[later] >= 0) & (self.part[later] < 2)
        error = np.abs(self.y[later] - self.y[earlier])
        error = error[before_test & same_series]
        error = error[~np.isnan(error)]
        if not len(error):
            return 0.0
        mean = float(error.mean())
        known = self.y[(self.part < 2) & ~np.isnan(self.y)]
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
        unknown = np.any([np.isnan(each) for each in errors.values()], axis=0)
        if unknown.all():
            return dict.fromkeys(errors, np.nan)
        return {season: float(each[~unknown].mean()) for season, each in errors.items()}

    def baselines(self, origins, ahead, season):
        """Returns name → what is known before the origin, carried on, float64 [rows, horizon]."""
        places = np.arange(len(self.y))
        known = np.where(np.isnan(self.y), self.first, places)
        last_known = np.maximum.accumulate(known)
        filled = self.y[last_known]  # NaN before the first value of a series
        seasons_back = -(-(ahead - origins[:, None] + 1) // season)
        first = self.first[origins][:, None]
        one_season_before = np.maximum(ahead - season * seasons_back, first)
        last = filled[origins - 1]
        return {
            "last value": np.repeat(last[:, None], ahead.shape[1], axis=1),
            "seasonal naive": filled[one_season_before],
        }
