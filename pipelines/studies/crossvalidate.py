"""Cross-validation: every row is judged on once, by a model that was made without it.

A fold is the recipe itself with another split, `SplitFold`. So everything is learned anew in each:
steps, balance, network, threshold, calibration, int8.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..bundle.folder import as_json, check_folder
from ..engine.base import Engine, Handle
from ..engine.making import making
from ..engine.workspace import write_whole
from ..errors import RecipeError
from ..recipe import Recipe
from ..report.write import to_plain
from ..rows.split_fold import SplitFold
from ..tasks.metrics import direction
from .corrected import FoldMean, mean_over_folds, score_over_folds
from .judged import Judged, judged_task
from .tune import search_with, space_of
from .tuning.judge import EngineJudge
from .tuning.plan import SearchPlan
from .tuning.space import Params
from .workers import Workers, wait_for_each

# Of a name with the number of a fold behind it.
_NAME_LETTERS = 53


@dataclass(frozen=True)
class Tuning:
    """How the recipe is tuned anew in each fold.

    Attributes:
        search: knobs as `--search` takes them; the usual ones of the network if there are none.
        num_trials: in each fold.
        plan: how it is searched.
    """

    search: Sequence[str] = ()
    num_trials: int = 30
    plan: SearchPlan = SearchPlan()


@dataclass(frozen=True)
class FoldsResult:
    """What cross-validation gave.

    Attributes:
        name: of the recipe.
        split: of the recipe, in words.
        seed: of the trainings.
        num_folds: in each repeat.
        inside: whether the recipe's own test rows were left out.
        folds: how the recipe did on each, repeat after repeat.
        chosen: the knobs that each fold was judged with, if it was tuned in each.
    """

    name: str
    split: str
    seed: int
    num_folds: int
    inside: bool
    folds: tuple[Judged, ...]
    chosen: tuple[Params, ...] = ()

    @property
    def deciding(self) -> str:
        """The metric that decides."""
        return self.folds[0].deciding

    def metric_words(self, metric: str) -> str:
        """Returns a metric as a reader sees it: of an error, which column it is of."""
        return self.folds[0].metric_words(metric)

    def values(self, metric: str, form: str = "int8") -> list[float]:
        """Returns one score a fold."""
        return [fold.scores[form][metric] for fold in self.folds]

    def mean(self, metric: str, form: str = "int8") -> FoldMean:
        """Returns a score over the folds, with its corrected interval."""
        values = self.values(metric, form)
        return score_over_folds(metric, values, test_share=self.test_share)

    @property
    def test_share(self) -> float:
        """Rows judged on / rows learned from, on average over the folds."""
        judged = sum(fold.num_rows["test"] for fold in self.folds)
        return judged / sum(fold.num_learned for fold in self.folds)

    def peer_means(self) -> dict[str, tuple[float, FoldMean]]:
        """Returns each plain peer that was judged on every fold, the best first → the mean of its
        deciding metric, and by how much the int8 file is better: positive is better.
        """
        metric = self.deciding
        sign = direction(metric)
        ours = self.values(metric)
        found = {}
        for name in self.folds[0].peers:
            theirs = [fold.peers.get(name, {}).get(metric) for fold in self.folds]
            if None in theirs:
                continue
            ahead = [sign * (one - other) for one, other in zip(ours, theirs, strict=True)]
            difference = mean_over_folds(ahead, test_share=self.test_share)
            found[name] = (statistics.fmean(theirs), difference)
        return dict(sorted(found.items(), key=lambda item: item[1][1].mean))

    def table(self):
        """Returns a pandas DataFrame, a row a fold: its rows, the scores of the int8 file, why it
        would not ship.
        """
        import pandas as pd

        lines = []
        for place, fold in enumerate(self.folds):
            repeat, number = divmod(place, self.num_folds)
            line = {"repeat": repeat, "fold": number, **fold.num_rows, **fold.scores["int8"]}
            lines.append({**line, "failed": fold.failed})
        return pd.DataFrame(lines)

    def to_json(self) -> dict[str, Any]:
        """Returns all of it as values of JSON."""
        means = {
            form: {metric: vars(self.mean(metric, form)) for metric in self.metrics()}
            for form in ("float32", "int8")
        }
        return {
            "name": self.name,
            "split": self.split,
            "seed": self.seed,
            "num_folds": self.num_folds,
            "inside": self.inside,
            "deciding": self.deciding,
            "means": means,
            "peers": self._peers_to_json(),
            "folds": [to_plain(vars(fold)) for fold in self.folds],
            "chosen": [dict(params) for params in self.chosen],
        }

    def _peers_to_json(self):
        return {
            name: {"mean": mean, "ours_better_by": to_plain(vars(difference))}
            for name, (mean, difference) in self.peer_means().items()
        }

    def metrics(self) -> list[str]:
        """Returns the metrics that every fold has a number for, the deciding one first."""
        known = [fold.known_metrics() for fold in self.folds]
        names = [name for name in known[0] if all(name in each for each in known)]
        return sorted(names, key=lambda name: name != self.deciding)


def crossvalidate(
    recipe: Recipe,
    *,
    num_folds: int = 5,
    repeats: int = 1,
    inside: bool = False,
    tuning: Tuning | None = None,
    workers: Workers = Workers(),
) -> FoldsResult:
    """Judges a recipe on every fold of its rows.

    With `tuning` the folds are nested (Cawley and Talbot 2010,
    https://jmlr.org/papers/v11/cawley10a.html): in each the knobs are chosen anew, by the rows that
    the fold learns from, so that the scores are those of tuning and training together.

    All of it is written to `workers.folder`/<name>.folds.json.

    Args:
        recipe: the slots in order; its split gives the kind of folds (see `SplitFold`).
        num_folds: into which the rows are cut.
        repeats: how often they are cut anew.
        inside: whether the recipe's own test rows are left out: then they are still unseen when
            something was chosen by the folds.
        tuning: how the recipe is tuned in each fold; None for the recipe as it is. Its trials are
            kept in `workers.folder`/<name>.folds/.
        workers: who does the folds.

    Raises:
        RecipeError: there are no folds.
        PipelineError: of the first fold that failed.
    """
    folds = _folds_of(recipe, num_folds, repeats=repeats, inside=inside)
    check_folder(workers.folder, recipe.name)
    chosen: list[Params] = []
    with making(workers.folder, f"{recipe.name}.folds"), workers.open() as engine:
        if tuning is not None:
            folds, chosen = _tune_each(folds, tuning, engine=engine, workers=workers)
        judged = judge_all(folds, engine)
    result = FoldsResult(
        name=recipe.name,
        split=repr(recipe.split),
        seed=recipe.training.seed,
        num_folds=num_folds,
        inside=inside,
        folds=tuple(judged),
        chosen=tuple(chosen),
    )
    place = workers.folder / f"{recipe.name}.folds.json"
    write_whole(place, as_json(result.to_json()).encode())
    return result


def _folds_of(recipe, num_folds, *, repeats, inside):
    """Returns the recipe with the split of each fold, repeat after repeat."""
    if num_folds < 2 or repeats < 1:
        raise RecipeError(
            f"{num_folds} folds, {repeats} times",
            expected="at least two folds, at least once",
            fix="--folds 5",
        )
    recipe.check()
    return [
        replace(recipe, split=SplitFold(recipe.split, num_folds, place, repeat, inside))
        for repeat in range(repeats)
        for place in range(num_folds)
    ]


def _tune_each(folds, tuning, *, engine, workers):
    """Returns the recipe of each fold with the knobs that were chosen in it, and these."""
    tuning.plan.check()
    space = space_of(folds[0], tuning.search, num_trials=tuning.num_trials)
    inner = replace(workers, folder=workers.folder / f"{folds[0].name}.folds")
    tuned = []
    chosen = []
    for place, fold in enumerate(folds):
        result = search_with(
            EngineJudge(engine, tuning.plan.num_folds),
            replace(fold, name=f"{fold.name[:_NAME_LETTERS]}_{place}"),
            space,
            num_trials=tuning.num_trials,
            plan=tuning.plan,
            workers=inner,
        )
        tuned.append(replace(result.recipe, name=fold.name))
        chosen.append(result.best.params)
    return tuned, chosen


def judge_all(recipes: Sequence[Recipe], engine: Engine) -> list[Judged]:
    """Judges recipes side by side, and returns what came of each, in their order.

    Raises:
        PipelineError: of the first that failed; the others are ended.
    """
    handles: list[Handle] = []
    for recipe in recipes:
        about = f"{recipe.name} on {recipe.split!r}"
        handles.append(engine.submit(judged_task(recipe, with_peers=True), about=about))
    wait_for_each(handles, engine)
    return [Judged.of(engine.result(handle)) for handle in handles]
