"""Steps for series [rows, steps]: gaps, marks of them, and one unit for all.

Gaps are filled from the steps of the same row, which are all known when an answer is asked for.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import SERIES
from ..device.primitives import Affine, Clip, Missing
from ..device.primitives.series import (
    FILLS,
    OWN_OFFSETS,
    FillSteps,
    OwnScale,
    SeasonMean,
    SinceSeen,
)
from ..device.units import SERIES_INTERVAL, SERIES_STANDARD
from ..errors import StepError
from ..spec import knob
from ..tasks import task_of
from ..tasks.seasons import MOST_AVERAGED, usual_seasons
from .scale import few_steps
from .step import ColumnStep, FittedStep, as_float32, is_series, kind_of, present

BASES = ("offset", "season")


class _SeriesStep(ColumnStep):
    reads: ClassVar[tuple[str, ...]] = (SERIES,)

    def _suits(self, x):
        return is_series(x)

    def chosen(self, train):
        """Returns, without `columns`, the source's own series, but for those in their own scale
        already.
        """
        names = super().chosen(train)
        if self.columns:
            return names
        of_source = {column.name for column in train.schema.columns}
        chosen = []
        for name in names:
            has_own_scale = own_offset(name) in train.x
            if name in of_source and not has_own_scale:
                chosen.append(name)
        return chosen


@dataclass(frozen=True)
class FillGaps(_SeriesStep):
    """Fills missing steps. Steps before the first known value get the training median.

    Attributes:
        how: "previous", the last value known; "line", on the line between the neighbours known;
            "season", the value one season before.
        season: Steps of a season; 0 is the longest usual one (a week, a day) that a window of the
            frame holds twice, else 1.
    """

    how: str = "previous"
    season: int = knob(1, 0, 100_000, unit="steps")

    def _fit(self, train):
        if self.how not in FILLS:
            raise StepError(
                f"FillGaps(how={self.how!r})", expected=", ".join(FILLS), fix="name one of these"
            )
        primitives = []
        for name in self.chosen(train):
            median = as_float32(np.median(present(train, name, self)))
            season = self.season or _usual_season(train, name)
            primitives.append(FillSteps(name, self.how, season, median))
        return FittedStep("FillGaps", tuple(primitives))


def _usual_season(train, name):
    """Returns the steps of the longest usual season that a series holds twice, else 1."""
    frame = train.schema.frame
    if frame is None:
        return 1
    num_steps = train.x[name].shape[1]
    held = [season for season in usual_seasons(frame) if 2 * season <= num_steps]
    return max(held, default=1)


@dataclass(frozen=True)
class FlagGaps(_SeriesStep):
    """Adds a series of 1.0 and 0.0 for each series with missing steps in training: the mask of Che
    et al. 2018 (https://arxiv.org/abs/1606.01865). Put it before FillGaps.
    """

    def _fit(self, train):
        primitives = []
        for name in _with_gaps(self, train):
            flag = free_name(train, f"{name} is missing")
            primitives.append(Missing(name, flag))
        return FittedStep("FlagGaps", tuple(primitives), unit=SERIES_INTERVAL)


@dataclass(frozen=True)
class CountSinceSeen(_SeriesStep):
    """Adds, for each series with missing steps in training, how long ago a value was known, as a
    share of `most` steps (the time interval of Che et al. 2018). Put it before FillGaps.

    Attributes:
        most: Where counting ends: longer ago is 1.
    """

    most: int = knob(24, 1, 100_000, unit="steps")

    def _fit(self, train):
        primitives = []
        for name in _with_gaps(self, train):
            count = free_name(train, f"{name} since seen")
            primitives.append(SinceSeen(name, count, self.most))
        return FittedStep("CountSinceSeen", tuple(primitives), unit=SERIES_INTERVAL)


def _with_gaps(step, train):
    """Returns the series of a step that have missing steps in training."""
    return [name for name in step.chosen(train) if np.isnan(train.x[name]).any()]


@dataclass(frozen=True)
class ScaleSeries(_SeriesStep):
    """Scales series by (x - mean) / standard deviation over all training steps, cut to ±`clip`.

    Attributes:
        clip: How far from the mean a value is cut.
    """

    clip: float = knob(4.0, 0.1, 1000, unit="standard deviations")

    def flattens(self, x):
        is_known = ~np.isnan(x)
        spread = 0.0
        if is_known.any():
            spread = float(np.nanstd(x.astype(np.float64)))
        return few_steps(x, spread, 2 * self.clip)

    def _fit(self, train):
        primitives = []
        for name in self.chosen(train):
            x = present(train, name, self)
            primitives += self._to_unit(name, x.mean(), x.std())
        return FittedStep("ScaleSeries", tuple(primitives), unit=SERIES_STANDARD)

    def _to_unit(self, name, mean, spread):
        # A series without spread becomes 0 everywhere instead of a division by nothing.
        factor = 0.0
        if spread > 0 and np.isfinite(np.float32(1 / spread)):
            factor = 1 / spread
        affine = Affine(name, as_float32(mean), as_float32(factor))
        return [affine, Clip(name, -self.clip, self.clip)]


@dataclass(frozen=True)
class ScaleByItself(ScaleSeries):
    """Subtracts from each window its own `offset`; then scales to the standard deviations that
    training rows have after this. The forecast of a series so treated is turned back (reversible
    instance normalization: Kim et al. 2022, https://openreview.net/forum?id=cGDAkQo1C0p; the last
    value alone: Zeng et al. 2023, https://arxiv.org/abs/2205.13504).

    Attributes:
        columns: Names of the series to work on; empty: the series of a forecast's target, else
            every series.
        offset: What is subtracted: "last", the newest value of the window; "mean"; or "none".
        scaled: Whether the window is divided by its own mean distance from the offset too.
        level: Whether the series as it was stays as another one in addition.
        base: What a forecast is added to: "offset"; or "season", the mean of up to four weeks
            before at the time of each step ahead, or of the longest usual season that the window
            holds. A rhythm then needs no digits of the model's output.
    """

    offset: str = "last"
    scaled: bool = False
    level: bool = False
    base: str = "offset"

    def flattens(self, x):
        # Each window has a scale of its own.
        return ""

    def _fit(self, train):
        if self.offset not in OWN_OFFSETS:
            raise StepError(
                f"ScaleByItself(offset={self.offset!r})",
                expected=", ".join(OWN_OFFSETS),
                fix="name one of these",
            )
        if self.base not in BASES:
            raise StepError(
                f"ScaleByItself(base={self.base!r})",
                expected=", ".join(BASES),
                fix="name one of these",
            )
        primitives = []
        for name in self._names(train):
            x = train.x[name]
            if np.isnan(x).any():
                raise StepError(
                    f"the series {name!r} has missing steps before ScaleByItself",
                    expected="none",
                    fix="put FillGaps() before it",
                )
            if self.base == "season" and name == train.schema.target.name:
                primitives += _season_mean(train, name)
            if self.level:
                primitives += self._keep_level(train, name)
            primitives += self._scale(train, name)
        return FittedStep("ScaleByItself", tuple(primitives), unit=SERIES_STANDARD)

    def _names(self, train):
        """Returns the series to work on. Raises StepError if the target is no series."""
        series = self.chosen(train)
        target = train.schema.target
        if self.columns or not task_of(target).looks_ahead:
            return series
        if target.name not in series:
            raise StepError(
                f"ScaleByItself without columns, and the target {target.name!r} is no series",
                expected="the series of a forecast's target",
                fix="name the columns",
            )
        return [target.name]

    def _keep_level(self, train, name):
        """Returns what copies a series as it was and scales the copy."""
        x = train.x[name]
        copy = free_name(train, f"{name} level")
        # A copy: nothing taken away, divided by one.
        keep = OwnScale(
            name,
            "none",
            False,
            1.0,
            f"{copy} offset",
            f"{copy} factor",
            copy,
        )
        return [keep, *self._scale_values(copy, x)]

    def _scale(self, train, name):
        """Returns what scales each window by itself, and then all of them alike."""
        x = train.x[name]
        least = max(float(x.std(dtype=np.float64)) / 100, 1e-6)
        own = OwnScale(
            name,
            self.offset,
            self.scaled,
            as_float32(least),
            free_name(train, own_offset(name)),
            free_name(train, f"{name} own factor"),
            name,
        )
        columns = {name: x}
        own.run(columns)
        return [own, *self._scale_values(name, columns[name])]

    def _scale_values(self, name, x):
        """Returns what scales a column to the mean and the spread of its training values."""
        mean = x.mean(dtype=np.float64)
        spread = x.std(dtype=np.float64)
        return self._to_unit(name, mean, spread)


def _season_mean(train, name):
    """Returns what makes the base of a forecast from seasons, if the window holds one."""
    frame = train.schema.frame
    if frame is None:
        return []
    num_steps = train.x[name].shape[1]
    held = [season for season in usual_seasons(frame) if 1 < season <= num_steps]
    if not held:
        return []
    season = max(held)
    num_seasons = min(num_steps // season, MOST_AVERAGED)
    into = free_name(train, f"{name} own base")
    return [SeasonMean(name, into, season, num_seasons, frame.horizon)]


def own_offset(name: str) -> str:
    """Returns the column that holds what ScaleByItself took away."""
    return f"{name} own offset"


def free_name(train, name: str) -> str:
    """Returns the name of a column that a step makes.

    Raises:
        StepError: If the data set has it already.
    """
    if name in train.x:
        raise StepError(
            f"the data set has a {kind_of(train.x[name])} column {name!r} already",
            expected="a free name for what the step makes",
            fix="rename that column in the source",
        )
    return name
