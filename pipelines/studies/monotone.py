"""Whether the answers of a bundle rise or fall with a column: a sweep on its int8 file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..device.primitives import missing_mask
from ..errors import BundleError
from .interpret.dependence import dependence
from .interpret.opened import OpenedBundle, open_bundle

MOST_ROWS = 200
NUM_VALUES = 41
HEADINGS = ("answer", "rows swept", "rows with a step the wrong way", "the largest such step")


@dataclass(frozen=True)
class Swept:
    """A column swept from its least to its largest training value, all others as they are.

    Attributes:
        column: Its name.
        rises: Whether the answer shall rise with it; else fall.
        num_rows: Test rows that were swept.
        num_broken: Of them, those with any step the wrong way.
        largest: The largest such step, in the unit of the score.
    """

    column: str
    rises: bool
    num_rows: int
    num_broken: int
    largest: float

    def line(self) -> tuple[str, ...]:
        """Returns the cells of `HEADINGS`."""
        way = "rises" if self.rises else "falls"
        counts = (f"{self.num_rows:,}", f"{self.num_broken:,}", f"{self.largest:.4g}")
        return (f"{way} with {self.column}", *counts)


def measure_monotone(
    folder: str | Path, *, rising: Sequence[str] = (), falling: Sequence[str] = ()
) -> list[Swept]:
    """Sweeps columns over test rows of a bundle with one output.

    Args:
        folder: Of the bundle.
        rising: Numeric columns with which the answer shall rise.
        falling: Numeric columns with which it shall fall.

    Returns:
        A line a column.

    Raises:
        BundleError: The model has several outputs, or no such column.
    """
    opened = open_bundle(folder)
    if opened.signature.output.shape != (1,):
        raise BundleError(
            f"{str(opened.folder)!r} gives {opened.signature.output.shape[0]} numbers a row",
            expected="a model of one number, or of two classes",
            fix="sweep another bundle",
        )
    swept = [
        _swept(
            opened,
            name,
            rises=True,
        )
        for name in rising
    ]
    return swept + [
        _swept(
            opened,
            name,
            rises=False,
        )
        for name in falling
    ]


def _swept(opened: OpenedBundle, name: str, *, rises: bool) -> Swept:
    """Sweeps one column."""
    numeric = [each.name for each in opened.signature.columns if each.kind == "numeric"]
    if name not in numeric:
        raise BundleError(
            f"no numeric column {name!r}",
            expected=", ".join(numeric) or "a model of numbers",
            fix="name one of these",
        )
    x = opened.train.x[name]
    known = x[~missing_mask(x)]
    values = np.linspace(
        known.min(),
        known.max(),
        NUM_VALUES,
    ).astype(x.dtype)
    places = opened.places(MOST_ROWS)
    found = dependence(
        lambda columns: _scores(opened, columns),
        opened.columns_at(places),
        name,
        values,
    )
    steps = np.diff(found.answers[:, :, 0], axis=1)
    if rises:
        steps = -steps
    return Swept(
        name,
        rises,
        len(places),
        int(np.count_nonzero((steps > 0).any(axis=1))),
        max(0.0, float(steps.max())),
    )


def _scores(opened, columns):
    """Returns the value, or the probability of the second class, float64 [rows, 1]."""
    scores = opened.answers_to(columns).scores
    return scores.reshape(len(scores), -1)[:, -1:]
