"""What a diagnosis holds against each other: scores over folds, and differences between them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...report.numbers import by_how_much, lead_within, signed
from ...tasks.metrics import direction, metric_words, words_of_error
from ..corrected import Difference, FoldMean, hold_against, score_over_folds
from .runs import DiagnosisRuns


@dataclass(frozen=True)
class Gain(Difference):
    """How far a recipe is ahead of another one on rows that neither saw.

    Attributes:
        words: what was done.
    """

    words: str

    @property
    def is_better(self) -> bool:
        """Whether it is ahead, and that is no noise."""
        return self.ahead.mean > 0 and not self.is_noise

    @property
    def in_words(self) -> str:
        """The difference with its interval, as a part of a sentence."""
        ahead = self.ahead
        return f"{by_how_much(ahead.mean)}, {lead_within(ahead.low, ahead.high)}"

    @property
    def cell(self) -> str:
        """The same of a table whose heading is "better by"."""
        ahead = self.ahead
        return f"{signed(ahead.mean)} [{signed(ahead.low)}, {signed(ahead.high)}]"


@dataclass(frozen=True, eq=False)
class Held:
    """The fits of a diagnosis, held against each other.

    Attributes:
        runs: the fits.
        test_share: rows judged on / rows learned from.
    """

    runs: DiagnosisRuns

    @property
    def deciding(self) -> str:
        """The metric that decides."""
        return self.runs.usual.fits[0].deciding

    @property
    def metric_words(self) -> str:
        """It as a reader sees it: of an error, which column it is of."""
        return metric_words(self.deciding, self.runs.usual.fits[0].error_of)

    def error_words(self, words: str) -> str:
        """Returns words for an error with the column whose unit it has."""
        return words_of_error(words, self.runs.usual.fits[0].error_of)

    @property
    def test_share(self) -> float:
        """Rows judged on / rows learned from, on average over the folds."""
        fits = self.runs.usual.fits
        judged = sum(fit.num_rows["test"] for fit in fits)
        learned = sum(fit.num_learned for fit in fits)
        return judged / learned

    def mean(self, values: Sequence[float]) -> FoldMean:
        """Returns the mean of one score a fold, with its interval."""
        return score_over_folds(self.deciding, values, test_share=self.test_share)

    def gap(self) -> FoldMean:
        """Returns how much better the recipe does on rows that it learned from."""
        usual = self.runs.usual
        (gap,) = self._ahead(usual.judged, [usual.learned])
        return gap.ahead

    def width_gains(self) -> list[Gain]:
        """Returns how far each other width is ahead of the recipe as it is, in their order."""
        return self._gains()[: len(self.runs.widths)]

    def regularizer_gains(self) -> list[Gain]:
        """Returns how far each turned regularizer is ahead of the recipe as it is."""
        return self._gains()[len(self.runs.widths) :]

    def _gains(self) -> list[Gain]:
        """Of all that was tried at once."""
        tried = [*self.runs.widths, *self.runs.regularizers]
        judged = [each.judged for each in tried]
        found = self._ahead(self.runs.usual.judged, judged)
        pairs = zip(tried, found, strict=True)
        return [Gain(gain.ahead, gain.p_value, each.words) for each, gain in pairs]

    def gain_of_rows(self) -> Gain | None:
        """Returns how far all rows are ahead of the largest share of them that was tried."""
        if not self.runs.shares:
            return None
        most = self.runs.shares[-1]
        (gain,) = self._ahead(most.judged, [self.runs.usual.judged])
        return Gain(gain.ahead, gain.p_value, most.words)

    def _ahead(self, usual, others):
        return hold_against(
            usual,
            others,
            sign=direction(self.deciding),
            test_share=self.test_share,
        )
