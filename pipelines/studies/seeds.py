"""One recipe with several seeds: how much of a score is chance (Bouthillier et al. 2021,
https://arxiv.org/abs/2103.03098).
"""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..bundle.finished import bundle_task
from ..bundle.folder import Bundle, as_json, check_folder, write_bundle
from ..engine.base import Engine, Handle
from ..engine.making import making
from ..engine.workspace import write_whole
from ..errors import RecipeError, VerifyError
from ..recipe import Recipe
from ..report.numbers import error_of_report
from ..tasks.metrics import metric_words
from .workers import Workers, wait_for_each

FORMS = ("float32", "int8")


@dataclass(frozen=True)
class SeedsResult:
    """What several seeds gave.

    Attributes:
        name: of the recipe.
        deciding: the metric that decides.
        split: of the rows, in words; it is the same for all seeds.
        num_rows: test rows.
        seeds: of the trainings that passed the ladder.
        scores: form → metric → one score a seed, on raw test rows.
        failed: seed → why its ladder failed.
        median_seed: whose int8 model has the median of the deciding metric.
        bundle: of that seed.
        error_of: the column whose unit errors have, or "".
    """

    name: str
    deciding: str
    split: str
    num_rows: int
    seeds: tuple[int, ...]
    scores: dict[str, dict[str, list[float]]]
    failed: dict[int, str]
    median_seed: int
    bundle: Bundle
    error_of: str = ""

    def metric_words(self, metric: str) -> str:
        """Returns a metric as a reader sees it: of an error, which column it is of."""
        return metric_words(metric, self.error_of)

    def summary(self) -> dict[str, dict[str, dict[str, float]]]:
        """Returns form → metric → mean, sd, min and max over the seeds; sd of one seed is 0."""
        found: dict[str, dict[str, dict[str, float]]] = {}
        for form, by_metric in self.scores.items():
            found[form] = {metric: _spread(values) for metric, values in by_metric.items()}
        return found

    def to_json(self) -> dict[str, Any]:
        """Returns all of it as values of JSON."""
        return {
            "name": self.name,
            "deciding": self.deciding,
            "split": self.split,
            "test_rows": self.num_rows,
            "seeds": list(self.seeds),
            "summary": self.summary(),
            "scores": self.scores,
            "failed": {str(seed): reason for seed, reason in self.failed.items()},
            "median_seed": self.median_seed,
        }


def seeds(
    recipe: Recipe,
    *,
    num: int = 5,
    workers: Workers = Workers(),
) -> SeedsResult:
    """Runs a recipe with the seeds base, base + 1, ...; base is the recipe's own.

    The split keeps its seed: what varies is the training. The bundle of the median seed is written
    to `workers.folder`/<name>; the others stay in the cache. All scores are written to
    `workers.folder`/<name>.seeds.json.

    Args:
        recipe: the slots in order, with a source that other processes can read.
        num: how many seeds.
        workers: who does the runs.

    Raises:
        RecipeError: there is no seed.
        PipelineError: of the first training that failed, unless it is the ladder that failed and
            other seeds passed it.
    """
    recipe.check()
    if num < 1:
        raise RecipeError(f"{num} seeds", expected="at least one", fix="--num 5")
    folder = workers.folder
    check_folder(folder, recipe.name)
    opened = workers.open()
    with making(folder, recipe.name), opened:
        handles = _submit_all(recipe, num, opened)
        # A failed ladder is the result of a seed; the others go on.
        wait_for_each(list(handles.values()), opened, but=(VerifyError,))
        failed = {
            seed: handle.error.received.partition("\n")[0]
            for seed, handle in handles.items()
            if handle.error is not None
        }
        if len(failed) == num:
            raise handles[recipe.training.seed].error
        passed = {
            seed: opened.result(handle) for seed, handle in handles.items() if seed not in failed
        }
        return _write(recipe, passed, failed, folder)


def _submit_all(recipe: Recipe, num: int, engine: Engine) -> dict[int, Handle]:
    """Returns seed → handle of its run."""
    handles = {}
    training = recipe.training.by_one_process()
    for seed in range(recipe.training.seed, recipe.training.seed + num):
        seeded = replace(recipe, training=replace(training, seed=seed))
        task = bundle_task(seeded)
        handles[seed] = engine.submit(task, about=f"{recipe.name} with seed {seed}")
    return handles


def _write(recipe, passed, failed, folder):
    """Writes the bundle of the median seed and the scores of all."""
    reports = {seed: json.loads(files["report.json"]) for seed, files in passed.items()}
    first = next(iter(reports.values()))
    deciding = first["judge"]["deciding"]
    scores = {form: _scores_by_metric(reports, form) for form in FORMS}
    median_seed = _median_seed(list(reports), scores["int8"][deciding])
    bundle = Bundle(folder / recipe.name)
    if not bundle.holds(passed[median_seed]):
        write_bundle(bundle.folder, passed[median_seed])
    result = SeedsResult(
        name=recipe.name,
        deciding=deciding,
        split=str(first["split"]),
        num_rows=_rung(first, "int8")["num_rows"],
        seeds=tuple(reports),
        scores=scores,
        failed=failed,
        median_seed=median_seed,
        bundle=bundle,
        error_of=error_of_report(first),
    )
    write_whole(folder / f"{recipe.name}.seeds.json", as_json(result.to_json()).encode())
    return result


def _scores_by_metric(reports, form):
    """Metric → one score a seed, of what LiteRT answers for a form."""
    scores = [_rung(report, form)["scores"] for report in reports.values()]
    names = [name for name, value in scores[0].items() if isinstance(value, (int, float))]
    return {name: [float(each[name]) for each in scores] for name in names}


def _rung(report, form):
    return next(rung for rung in report["ladder"] if rung["form"] == f"litert_{form}")


def _median_seed(seeds: Sequence[int], scores: Sequence[float]) -> int:
    """Returns the seed of the median score; of an even number, of the lower of the middle two.

    The median is no choice of the best, so that its score on test rows is not optimistic.
    """
    order = sorted(zip(scores, seeds, strict=True))
    return order[(len(order) - 1) // 2][1]


def _spread(values):
    """The mean of scores, their standard deviation (n - 1), least and largest."""
    deviation = 0.0
    if len(values) > 1:
        deviation = statistics.stdev(values)
    return {
        "mean": statistics.fmean(values),
        "sd": deviation,
        "min": min(values),
        "max": max(values),
    }
