"""Series as pandas has them → a table of steps with a column of time; times ahead → an index."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import EstimatorError
from .frames import frame_of

# Steps without times are counted in seconds from here.
_FIRST = np.datetime64("2000-01-01", "s")
_SECOND = np.timedelta64(1, "s")
_USUAL_TARGET = "y"


@dataclass(frozen=True)
class Steps:
    """A table of steps, and how their index was written.

    Attributes:
        frame: A DataFrame with a row a step in the order of time, its time and target among the
            columns.
        time: The column of time.
        target: The column to forecast.
        zone: Of its time stamps, or None.
        period: The frequency of a PeriodIndex, or None.
        is_counted: Whether steps are counted, and have no times.
    """

    frame: Any
    time: str
    target: str
    zone: Any = None
    period: Any = None
    is_counted: bool = False

    def index_of(self, times: np.ndarray) -> Any:
        """Returns times in UTC, datetime64[s] [steps], as an index like that of the steps given."""
        import pandas as pd

        if self.is_counted:
            places = (times - _FIRST) // _SECOND
            return pd.RangeIndex(int(places[0]), int(places[-1]) + 1)
        stamps = pd.DatetimeIndex(times)
        if self.period is not None:
            return stamps.to_period(self.period)
        if self.zone is not None:
            return stamps.tz_localize("UTC").tz_convert(self.zone)
        return stamps


def steps_of(X: Any, y: Any = None) -> Steps:
    """Returns series as a table of steps.

    Args:
        X: A Series, whose values are forecast; or with `y` the other columns, a DataFrame or an
            array [steps, columns].
        y: The values that are forecast, [steps], or None.

    Raises:
        EstimatorError: If X holds no single series.
    """
    import pandas as pd

    if y is None:
        values = _one_series(X)
        others = pd.DataFrame(index=values.index)
    else:
        others = frame_of(X)
        index = _index_of(X)
        if index is None:
            index = _index_of(y)
        if index is None:
            index = pd.RangeIndex(len(others))
        others.index = index
        values = pd.Series(np.asarray(y), index=index, name=_name_of(y))
    target = str(values.name)
    _refuse_twice(target, others)
    frame = others.reset_index(drop=True)
    frame[target] = values.to_numpy()
    time = _free("time", frame.columns)
    stamps, zone, period, is_counted = _stamps_of(values.index)
    frame[time] = stamps
    frame = frame.sort_values(time, kind="stable", ignore_index=True)
    return Steps(frame, time, target, zone=zone, period=period, is_counted=is_counted)


def _one_series(X):
    """Returns a Series with a name. Raises EstimatorError for anything of several columns."""
    import pandas as pd

    if isinstance(X, pd.DataFrame) and X.shape[1] == 1:
        X = X.iloc[:, 0]
    if not isinstance(X, pd.Series):
        values = np.asarray(X)
        if values.ndim != 1:
            raise EstimatorError(
                f"{type(X).__name__} of shape {values.shape} without y",
                expected="one series: a pandas Series, or the other columns and y",
                fix="fit(frame.drop(columns='load'), frame['load'])",
            )
        X = pd.Series(values)
    return X.rename(_name_of(X))


def _name_of(y):
    """Returns the name of a series, "y" if it has none."""
    import pandas as pd

    if isinstance(y, pd.Series) and y.name is not None:
        return str(y.name)
    return _USUAL_TARGET


def _index_of(rows):
    """Returns the index of a pandas object, or None."""
    import pandas as pd

    if isinstance(rows, (pd.Series, pd.DataFrame)):
        return rows.index
    return None


def _refuse_twice(target, others):
    if target in others.columns:
        raise EstimatorError(
            f"the column {target!r} in X, and y of that name",
            expected="the values to forecast in y alone",
            fix=f"fit(frame.drop(columns={target!r}), frame[{target!r}])",
        )


def _free(name, taken):
    while name in taken:
        name += "_"
    return name


def _stamps_of(index):
    """Returns time stamps without a zone; the zone; the frequency of periods; whether steps are
    counted.
    """
    import pandas as pd

    if isinstance(index, pd.PeriodIndex):
        return index.to_timestamp(), None, index.freq, False
    if isinstance(index, pd.DatetimeIndex):
        if index.tz is None:
            return index, None, None, False
        return index.tz_convert("UTC").tz_localize(None), index.tz, None, False
    if index.dtype.kind in "iu":
        return _FIRST + index.to_numpy() * _SECOND, None, None, True
    raise EstimatorError(
        f"an index of {index.dtype}",
        expected="a DatetimeIndex or a PeriodIndex; whole numbers count steps",
        fix="series.index = pandas.to_datetime(series.index)",
    )
