"""One fold of several, as a split: a recipe that is judged on it is an ordinary recipe."""

from dataclasses import dataclass

import numpy as np

from ..errors import SplitError
from ..slots import Split
from ..spec import Refusal, knob
from .parts import Dataset
from .sketch import DataSketch
from .split import SplitRandom


@dataclass(frozen=True)
class SplitFold(Split):
    """Takes one fold as test rows; the rows to learn from, and to stop by, are those of the others.

    Attributes:
        of: What belongs together: SplitRandom draws folds in which classes have their shares,
            SplitGrouped keeps groups whole, SplitByTime judges stretch after stretch of time, each
            by the rows before it.
        num: How many folds there are.
        place: Which of them is judged on, from 0.
        repeat: Draws the folds anew.
        inside: Whether the test rows of `of` are left out, in no part: what is chosen by such folds
            was not chosen by them.
        most: Rows that are folded at most; more are sampled. 0 is all of them.
        share: Of the rows of the other folds, how many are learned from; the fold that is judged on
            stays whole.
        draw: Draws these rows anew.
    """

    of: Split = SplitRandom()
    num: int = knob(5, 2, 1000)
    place: int = knob(0, 0, 999)
    repeat: int = knob(0, 0, 10_000)
    inside: bool = False
    most: int = knob(0, 0, 2**31 - 1, unit="rows")
    share: float = knob(1.0, 0.001, 1)
    draw: int = knob(0, 0, 10_000)

    def check(self) -> None:
        """Raises SplitError for a place that is not there."""
        self.of.check()
        if self.place >= self.num:
            raise SplitError(
                f"fold {self.place} of {self.num}, counted from 0",
                expected=f"0 to {self.num - 1}",
                fix="--set split.place=0",
            )

    def suits(self, sketch: DataSketch) -> str:
        """Returns why such rows cannot be split so, or ""."""
        return self.of.suits(sketch)

    def refuses_stream(self) -> str:
        """Returns why folds need all rows at once."""
        return Refusal(
            "folds of rows that are streamed",
            expected="rows in memory (docs/your-own-data/past-memory.md)",
            fix="--set load.memory.way=whole if they fit, or take a part of the table",
        )

    def parts(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Cuts the folds and takes one.

        Returns:
            Places int64 of train, valid and test rows.

        Raises:
            SplitError: The rows are too few.
        """
        self.check()
        places = np.arange(len(dataset))
        if self.inside:
            train, valid, _ = self.of.parts(dataset)
            places = np.concatenate([train, valid])
        if 0 < self.most < len(places):
            generator = np.random.default_rng(self.repeat)
            places = np.sort(generator.choice(places, self.most, replace=False))
        folds = self.of.cut_folds(dataset, places, self.num, repeat=self.repeat)
        others, test = folds[self.place]
        if self.share < 1:
            others = self._drawn(others)
        train, valid = self.cut_valid(dataset, others)
        return train, valid, test

    def _drawn(self, places):
        """Some of the places, each once, in their order."""
        generator = np.random.default_rng(self.draw)
        num = max(round(self.share * len(places)), 2)
        kept = generator.choice(places, num, replace=False)
        return np.sort(kept)

    def keep_labels(self, dataset: Dataset, places: np.ndarray) -> np.ndarray:
        """Returns the training rows that keep their label, as `of` does."""
        return self.of.keep_labels(dataset, places)

    def cut_valid(self, dataset: Dataset, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cuts validation rows as `of` does."""
        return self.of.cut_valid(dataset, places)

    def cut_folds(
        self, dataset: Dataset, places: np.ndarray, num: int, *, repeat: int = 0
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Cuts folds as `of` does."""
        return self.of.cut_folds(dataset, places, num, repeat=repeat)
