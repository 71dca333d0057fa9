"""What the network of a recipe costs before it is trained, as a task: bytes, and TFLM's memory."""

from dataclasses import replace

from ..bundle.folder import as_json
from ..engine.cache import begin
from ..engine.digest import digest
from ..engine.task import Task
from ..recipe import Recipe
from ..run import frame, read, settle, split
from ..settings import to_json
from ..targets.budgets import Cost
from ..targets.micro.runner import arena_bytes_of
from ..targets.rehearse import export_untrained
from ..training.inputs import fit_inputs
from ..training.training import Training
from .judged import alone, check_with_source

STAGE = "rehearsed"
RESULT = "rehearsed.json"


def rehearsed_task(recipe: Recipe) -> Task:
    """Returns the measuring of an untrained network as a task for an engine.

    Recipes that differ in how they are trained alone give one task.

    Raises:
        PipelineError: the recipe or its source is wrong.
    """
    recipe = replace(alone(recipe), training=Training(), balance=None, teacher=None, augment=())
    check_with_source(recipe)
    return Task(STAGE, to_json(recipe), (digest(recipe, recipe.load.describe()),))


def perform_rehearsed(recipe: Recipe) -> None:
    """Measures in a worker, and keeps what came of it in the cache."""
    task = rehearsed_task(recipe)
    work = begin(task.stage, task.spec, *task.inputs)
    if work.recall() is not None:
        return
    cost = rehearsed_cost(recipe)
    values = {"size_bytes": cost.size_bytes, "arena_bytes": cost.arena_bytes}
    work.keep({RESULT: as_json(values).encode()})


def rehearsed_cost(recipe: Recipe) -> Cost:
    """Returns what the untrained network of a recipe costs; its milliseconds are not measured."""
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    content = export_untrained(recipe, inputs).tflite["int8"]
    return Cost(len(content), arena_bytes_of(content))
