"""A recipe judged once, without a bundle: what folds, trials and candidates are made of.

Everything is learned anew from the recipe's training and validation rows, the int8 file included;
its scores are those of that file under LiteRT, on raw rows that no stage has seen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..bundle.folder import as_json
from ..engine.cache import begin
from ..engine.digest import digest
from ..engine.task import Task
from ..recipe import Recipe
from ..report.write import to_plain
from ..rows.parts import Splits
from ..run import fit, frame, judge, peers, read, refit, settle, ship, split
from ..settings import to_json
from ..targets.litert.spec import TargetLiteRT
from ..targets.micro.runner import arena_bytes_of
from ..tasks import task_of
from ..tasks.metrics import metric_words
from ..verify.fitting import best_epoch

STAGE = "judged"
RESULT = "judged.json"


@dataclass(frozen=True)
class Judged:
    """How a recipe did on the test rows of its split.

    Attributes:
        deciding: the metric that decides.
        scores: "float32" and "int8" → metric → score, under LiteRT on raw test rows.
        baselines: name of a plain rule → its scores on the same rows.
        num_rows: "train", "valid" and "test" → rows.
        size_bytes: of the int8 file.
        arena_bytes: that TFLM takes for it; None if it is not installed, or cannot run it.
        latency_ms: a row under LiteRT, the median; no other number here differs from run to run.
        failed: why such a model would not ship, in words, or "".
        num_epochs: after which the network had the weights that were kept; 0 where it learns
            without epochs.
        peers: name of a plain peer → its scores on the same rows, if they were asked for.
        error_of: the column whose unit errors have, or "".
    """

    deciding: str
    scores: dict[str, dict[str, float]]
    baselines: dict[str, dict[str, float]]
    num_rows: dict[str, int]
    size_bytes: int
    arena_bytes: int | None = None
    latency_ms: float = 0.0
    failed: str = ""
    num_epochs: int = 0
    peers: dict[str, dict[str, float]] = field(default_factory=dict)
    error_of: str = ""

    @property
    def score(self) -> float:
        """The deciding metric of the int8 file."""
        return self.scores["int8"][self.deciding]

    @property
    def num_learned(self) -> int:
        """Rows that were learned from or stopped by."""
        return self.num_rows["train"] + self.num_rows["valid"]

    @property
    def num_folded(self) -> int:
        """Rows of all three parts."""
        return sum(self.num_rows.values())

    def metric_words(self, metric: str) -> str:
        """Returns a metric as a reader sees it."""
        return metric_words(metric, self.error_of)

    def known_metrics(self) -> list[str]:
        """Returns the metrics that are numbers here: ROC-AUC of rows of one class is none."""
        scores = self.scores["int8"]
        return [name for name, value in scores.items() if isinstance(value, (int, float))]

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Judged":
        """Returns what a task's result holds."""
        return cls(**json.loads(files[RESULT]))


def judged_task(recipe: Recipe, *, with_peers: bool = False) -> Task:
    """Returns the judging of a recipe as a task for an engine.

    Args:
        recipe: the slots in order.
        with_peers: whether plain peers are judged too, if the recipe wants peers.

    Raises:
        PipelineError: the recipe or its source is wrong.
    """
    recipe = alone(recipe)
    if not with_peers:
        recipe = replace(recipe, judge=replace(recipe.judge, peers=False))
    check_with_source(recipe)
    return Task(STAGE, to_json(recipe), (digest(recipe, recipe.load.describe()),))


def check_with_source(recipe: Recipe) -> None:
    """Checks a recipe before a worker is started, also by how its source is read.

    Raises:
        RecipeError: it cannot work, or not on rows that are streamed.
    """
    recipe.check()
    if recipe.load.streams():
        recipe.check_data(replace(recipe.load.sketch(), is_streamed=True))


def perform_judged(recipe: Recipe) -> None:
    """Judges a recipe in a worker, and keeps what came of it in the cache."""
    task = judged_task(recipe, with_peers=recipe.judge.peers)
    work = begin(task.stage, task.spec, *task.inputs)
    if work.recall() is not None:
        return
    recipe = alone(recipe)
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    found = judge_once(recipe, splits)
    work.keep({RESULT: as_json(to_plain(vars(found))).encode()})


def judge_once(recipe: Recipe, splits: Splits) -> Judged:
    """Learns from training and validation rows, makes the int8 file, and judges it.

    Args:
        recipe: the slots in order.
        splits: of its rows, framed.
    """
    recipe = settle(alone(recipe), splits.train.schema)
    trained = fit(recipe, splits.train, splits.valid)
    shipped = ship(recipe, trained)
    if recipe.training.refit:
        shipped = refit(recipe, trained, shipped)
    evaluation = judge(recipe, shipped, splits.test, peers=peers(recipe, splits))
    rungs = {rung.form: rung for rung in evaluation.rungs}
    parts = {"train": splits.train, "valid": splits.valid, "test": splits.test}
    int8 = rungs["litert_int8"]
    target = shipped.signature.target
    return Judged(
        deciding=recipe.judge.deciding,
        scores={form: dict(rungs[f"litert_{form}"].scores) for form in ("float32", "int8")},
        baselines=evaluation.baselines,
        num_rows={name: len(part) for name, part in parts.items()},
        size_bytes=int8.size_bytes,
        arena_bytes=arena_bytes_of(shipped.tflite["int8"]),
        latency_ms=int8.latency_ms,
        failed=str(evaluation.failed or ""),
        num_epochs=_num_epochs(recipe, trained),
        peers=_peer_scores(evaluation),
        error_of=task_of(target).error_of(target.name),
    )


def _num_epochs(recipe, trained):
    if recipe.build.solves:
        return 0
    return best_epoch(recipe, trained.history)


def _peer_scores(evaluation):
    if evaluation.peers is None:
        return {}
    return {peer.name: dict(peer.scores) for peer in evaluation.peers.scores}


def alone(recipe: Recipe) -> Recipe:
    """Returns the recipe on one runtime, without a comparison model: nothing else is wanted. It is
    trained by the worker that judges it, also under `launch`: a group does one training at a time.
    """
    shipping = replace(recipe.shipping, targets=(TargetLiteRT(),))
    return replace(
        recipe,
        shipping=shipping,
        training=recipe.training.by_one_process(),
        judge=replace(recipe.judge, beside=False),
    )
