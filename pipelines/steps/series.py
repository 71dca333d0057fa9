"""Steps for series [rows, steps]: gaps, marks of them, and one unit for all.

Gaps are filled from the steps of the same row, which are all known when an answer is asked for.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..device.cells import SERIES
from ..device.primitives import Affine, Clip, Missing
from ..device.primitives.series import FILLS, OWN_OFFSETS, FillSteps, OwnScale, SinceSeen
from ..device.units import SERIES_INTERVAL, SERIES_STANDARD
from ..errors import StepError
from ..spec import knob
from ..tasks import task_of
from .scale import few_steps
from .step import ColumnStep, FittedStep, as_float32, is_series, kind_of, present


class _SeriesStep(ColumnStep):
    reads: ClassVar[tuple[str, ...]] = (SERIES,)

    def _suits(self, x):
        return is_series(x)

    def chosen(self, train):
        """Without `columns`: the source's own series, but for those in their own scale already."""
        names = {column.name for column in train.schema.columns}
        return [
            name
            for name in super().chosen(train)
            if self.columns or (name in names and own_offset(name) not in train.x)
        ]


@dataclass(frozen=True)
class FillGaps(_SeriesStep):
    """Fills missing steps. Steps before the first known value get the training median.

    Attributes:
        how: "previous", the last value known; "line", on the line between the neighbours known;
            "season", the value one season before.
        season: Steps of a season.
    """

    how: str = "previous"
    season: int = knob(1, 1, 100_000, unit="steps")

    def _fit(self, train):
        if self.how not in FILLS:
            raise StepError(
                f"FillGaps(how={self.how!r})", expected=", ".join(FILLS), fix="name one of these"
            )
        return FittedStep(
            "FillGaps",
            tuple(
                FillSteps(
                    name, self.how, self.season, as_float32(np.median(present(train, name, self)))
                )
                for name in self.chosen(train)
            ),
        )


@dataclass(frozen=True)
class FlagGaps(_SeriesStep):
    """Adds a series of 1.0 and 0.0 for each series with missing steps in training: the mask of Che
    et al. 2018 (https://arxiv.org/abs/1606.01865). Put it before FillGaps.
    """

    def _fit(self, train):
        names = [name for name in self.chosen(train) if np.isnan(train.x[name]).any()]
        return FittedStep(
            "FlagGaps",
            tuple(Missing(name, free_name(train, f"{name} is missing")) for name in names),
            unit=SERIES_INTERVAL,
        )


@dataclass(frozen=True)
class CountSinceSeen(_SeriesStep):
    """Adds, for each series with missing steps in training, how long ago a value was known, as a
    share of `most` steps (the time interval of Che et al. 2018). Put it before FillGaps.

    Attributes:
        most: Where counting ends: longer ago is 1.
    """

    most: int = knob(24, 1, 100_000, unit="steps")

    def _fit(self, train):
        names = [name for name in self.chosen(train) if np.isnan(train.x[name]).any()]
        return FittedStep(
            "CountSinceSeen",
            tuple(
                SinceSeen(name, free_name(train, f"{name} since seen"), self.most) for name in names
            ),
            unit=SERIES_INTERVAL,
        )


@dataclass(frozen=True)
class ScaleSeries(_SeriesStep):
    """(x - mean) / standard deviation over all training steps of a series, cut to ±`clip`.

    Attributes:
        clip: How far from the mean a value is cut.
    """

    clip: float = knob(4.0, 0.1, 1000, unit="standard deviations")

    def flattens(self, x):
        return few_steps(
            x, float(np.nanstd(x.astype(np.float64))) if np.any(x == x) else 0.0, 2 * self.clip
        )

    def _fit(self, train):
        primitives = []
        for name in self.chosen(train):
            x = present(train, name, self)
            primitives += self._to_unit(name, x.mean(), x.std())
        return FittedStep("ScaleSeries", tuple(primitives), unit=SERIES_STANDARD)

    def _to_unit(self, name, mean, spread):
        # A series without spread becomes 0 everywhere instead of a division by nothing.
        if spread > 0 and np.isfinite(np.float32(1 / spread)):
            factor = 1 / spread
        else:
            factor = 0.0
        return [
            Affine(name, as_float32(mean), as_float32(factor)),
            Clip(name, -self.clip, self.clip),
        ]


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
    """

    offset: str = "last"
    scaled: bool = False
    level: bool = False

    def flattens(self, x):
        return ""  # each window has a scale of its own

    def _fit(self, train):
        if self.offset not in OWN_OFFSETS:
            raise StepError(
                f"ScaleByItself(offset={self.offset!r})",
                expected=", ".join(OWN_OFFSETS),
                fix="name one of these",
            )
        primitives = []
        forecast = task_of(train.schema.target).looks_ahead
        for name in (
            [train.schema.target.name] if forecast and not self.columns else self.chosen(train)
        ):
            if name not in self.chosen(train):
                raise StepError(
                    f"ScaleByItself without columns, and the target {name!r} is no series",
                    expected="the series of a forecast's target",
                    fix="name the columns",
                )
            x = train.x[name]
            if np.isnan(x).any():
                raise StepError(
                    f"the series {name!r} has missing steps before ScaleByItself",
                    expected="none",
                    fix="put FillGaps() before it",
                )
            if self.level:
                copy = free_name(train, f"{name} level")
                # A copy: nothing taken away, divided by one.
                primitives.append(
                    OwnScale(name, "none", False, 1.0, f"{copy} offset", f"{copy} factor", copy)
                )
                primitives += self._to_unit(copy, x.mean(dtype=np.float64), x.std(dtype=np.float64))
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
            made = {name: x}
            own.run(made)
            after = made[name]
            primitives += [
                own,
                *self._to_unit(name, after.mean(dtype=np.float64), after.std(dtype=np.float64)),
            ]
        return FittedStep("ScaleByItself", tuple(primitives), unit=SERIES_STANDARD)


def own_offset(name: str) -> str:
    """The column that holds what ScaleByItself took away."""
    return f"{name} own offset"


def free_name(train, name: str) -> str:
    """The name of a column that a step makes. Raises StepError where the data set has it
    already.
    """
    if name in train.x:
        raise StepError(
            f"the data set has a {kind_of(train.x[name])} column {name!r} already",
            expected="a free name for what the step makes",
            fix="rename that column in the source",
        )
    return name
