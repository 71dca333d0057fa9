"""The fits of a diagnosis: the recipe on shares of its rows, in other widths, with regularizers
turned, and on draws of its rows; all judged on the same folds inside the rows to learn from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ...engine.base import Engine, Handle
from ...errors import EngineError, PipelineError, RecipeError
from ...recipe import Candidate, Recipe
from ...rows.split_fold import SplitFold
from ..member_folds import MOST_ROWS
from ..workers import wait_for_each
from .fitted import Fitted, fitted_task

# As many different rows as a bootstrap resample has (Efron and Tibshirani 1993, chapter 17). None
# comes twice, so that no row is both learned from and stopped by.
DRAWN_SHARE = 0.632


@dataclass(frozen=True)
class DiagnosisPlan:
    """How much is fitted.

    Attributes:
        num_folds: into which the rows to learn from are cut.
        shares: of the rows of the other folds that are learned from, besides all of them.
        widths: factors of the net's width, besides 1.
        num_draws: of the rows, for bias and variance.
        most_rows: that are folded; more are sampled, but for steps in time. 0 is all of them.
    """

    num_folds: int = 5
    shares: tuple[float, ...] = (0.125, 0.25, 0.5)
    widths: tuple[float, ...] = (0.25, 0.5, 2.0)
    num_draws: int = 8
    most_rows: int = MOST_ROWS

    def check(self) -> None:
        """Raises RecipeError for too little to tell anything."""
        if self.num_folds < 2 or self.num_draws < 2:
            raise RecipeError(
                f"{self.num_folds} folds and {self.num_draws} draws",
                expected="at least two of each",
                fix="--folds 3 --draws 5",
            )


QUICK = DiagnosisPlan(
    num_folds=5,
    shares=(0.25, 0.5),
    widths=(0.5, 2.0),
    num_draws=5,
    most_rows=3_000,
)


@dataclass(eq=False)
class Runs:
    """One recipe on several folds, or on several draws of its rows.

    Attributes:
        words: what it is.
        factor: the share of the rows, or the factor of the width; 1 of the recipe as it is.
        fits: one a fold or draw.
        error: why it has none, or None.
    """

    words: str
    factor: float = 1.0
    fits: list[Fitted] = field(default_factory=list)
    error: PipelineError | None = None

    @property
    def judged(self) -> list[float]:
        """The deciding metric on rows that were not seen, one a fold; () if one has none."""
        return self._known([fit.judged for fit in self.fits])

    @property
    def learned(self) -> list[float]:
        """The deciding metric on rows that were learned from, one a fold."""
        return self._known([fit.learned for fit in self.fits])

    @property
    def num_learned(self) -> int:
        """Rows that were learned from or stopped by, on average."""
        return round(sum(fit.num_learned for fit in self.fits) / len(self.fits))

    @property
    def reason(self) -> str:
        """Why it has no score, one line, or ""."""
        if self.error is not None:
            return self.error.received.partition("\n")[0]
        if not self.judged or not self.learned:
            return "the metric has no value on a fold"
        return ""

    def _known(self, values):
        if self.error is not None or None in values:
            return []
        return values


@dataclass(eq=False)
class Fits:
    """Submits fits to an engine and gathers what came of them.

    Attributes:
        engine: that does them.
        plan: how much is fitted.
    """

    engine: Engine
    plan: DiagnosisPlan
    _handles: dict[Handle, Runs] = field(default_factory=dict)

    def on_folds(self, candidate: Candidate, *, factor: float = 1.0, share: float = 1.0) -> Runs:
        """Submits a recipe on every fold, and returns where its fits will be."""
        runs = Runs(candidate.words, factor)
        for place in range(self.plan.num_folds):
            split = self._fold(candidate.recipe, place, share=share)
            self._submit(candidate, split, runs)
        return runs

    def on_draws(self, candidate: Candidate) -> Runs:
        """Submits a recipe on draws of the rows of one fold, which all answer the same rows."""
        runs = Runs(candidate.words)
        for draw in range(self.plan.num_draws):
            split = self._fold(
                candidate.recipe,
                0,
                share=DRAWN_SHARE,
                draw=draw + 1,
            )
            self._submit(candidate, split, runs)
        return runs

    def gather(self) -> None:
        """Waits for all of them.

        Raises:
            EngineError: a worker or the machine failed.
        """
        handles = list(self._handles)
        wait_for_each(handles, self.engine, fatal=EngineError)
        for handle, runs in self._handles.items():
            if handle.error is not None:
                runs.error = handle.error
            else:
                files = self.engine.result(handle)
                runs.fits.append(Fitted.of(files))

    def _fold(self, recipe: Recipe, place: int, *, share: float, draw: int = 0) -> SplitFold:
        most = self.plan.most_rows
        if recipe.frame is not None:
            most = 0
        return SplitFold(
            recipe.split,
            self.plan.num_folds,
            place,
            inside=True,
            most=most,
            share=share,
            draw=draw,
        )

    def _submit(self, candidate: Candidate, split: SplitFold, runs: Runs) -> None:
        recipe = replace(candidate.recipe, split=split)
        task = fitted_task(recipe)
        about = f"{candidate.words}, {split.share:g} of the rows, fold {split.place}"
        handle = self.engine.submit(task, about=about)
        self._handles[handle] = runs


@dataclass(frozen=True, eq=False)
class DiagnosisRuns:
    """All fits of a diagnosis.

    Attributes:
        usual: the recipe as it is, on all folds.
        shares: it on fewer rows, the fewest first.
        widths: it with other widths, the narrowest first.
        regularizers: it with a regularizer turned.
        draws: it on draws of its rows.
        refused: what could not be fitted → the reason.
    """

    usual: Runs
    shares: Sequence[Runs]
    widths: Sequence[Runs]
    regularizers: Sequence[Runs]
    draws: Runs | None
    refused: dict[str, str]
