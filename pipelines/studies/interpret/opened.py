"""A bundle opened again with the rows that it was judged on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...bundle.folder import Bundle, read_json
from ...bundle.saved_recipe import read_recipe
from ...catalog import SPECS
from ...device.answers import Answers
from ...device.checksums import read_checked
from ...device.runner import Runner
from ...device.signature import Signature
from ...device.target import Target
from ...errors import BundleError
from ...recipe import Recipe, with_deciding
from ...rows.columns import read_rows
from ...rows.parts import Splits, TrainSet
from ...rows.split import split as split_rows
from ...run import frame
from ...tasks import task_of
from ...tasks.base import Task
from ...verify.golden import golden
from ...verify.ladder import answer_all, some_places

PARTS = ("test", "valid")


@dataclass(frozen=True, eq=False)
class OpenedBundle:
    """A bundle with the rows that are looked at.

    Attributes:
        folder: Of the bundle.
        recipe: In its recipe.json, with the metric that decides.
        runner: Of the int8 file, which is what ships.
        splits: The rows, read and split again.
        part: "test" or "valid".
        answers: Of the int8 file to all rows of the part.
    """

    folder: Path
    recipe: Recipe
    runner: Runner
    splits: Splits
    part: str
    answers: Answers

    @property
    def rows(self):
        """The rows that are looked at, HeldOut."""
        return {"test": self.splits.test, "valid": self.splits.valid}[self.part]

    @property
    def train(self) -> TrainSet:
        """The raw training rows."""
        return self.splits.train

    @property
    def signature(self) -> Signature:
        return self.runner.signature

    @property
    def target(self) -> Target:
        return self.runner.signature.target

    @property
    def task(self) -> Task:
        return task_of(self.target)

    @property
    def metric_words(self) -> str:
        """The metric that decides, as a reader sees it."""
        return self.task.metric_words(self.recipe.judge.deciding, self.target.name)

    @property
    def seed(self) -> int:
        return self.recipe.training.seed

    def places(self, most: int) -> np.ndarray:
        """Returns the places of at most so many rows, evenly drawn, int64."""
        return some_places(len(self.rows), most)

    def columns_at(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the raw columns that the model reads, at some places of the rows."""
        columns = {}
        for column in self.signature.columns:
            columns[column.name] = read_rows(self.rows.x[column.name], places)
        return columns

    def answers_to(self, columns: Mapping[str, np.ndarray]) -> Answers:
        """Returns what the int8 file answers to raw columns, altered ones too."""
        return self.runner.predict_columns(columns)


def open_bundle(folder: str | Path, source: object = None, *, part: str = "test") -> OpenedBundle:
    """Reads a bundle, and its rows and their split anew.

    Args:
        folder: Of the bundle.
        source: Stands in for the recipe's file, as `run.run` had it.
        part: The rows to look at: "test", or "valid" for whoever chooses by what they find.

    Raises:
        BundleError: The rows are no longer those that the bundle was judged on, or the part is
            none to look at.
        PipelineError: The bundle or its source cannot be read.
    """
    folder = Path(folder)
    recipe = _recipe_of(folder)
    _check_part(recipe, part)
    bundle = Bundle(folder)
    _check_source(recipe, source, bundle.report)
    dataset, _ = recipe.load.read(source)
    splits = frame(recipe, split_rows(dataset, recipe.split))
    runner = bundle.runner()
    _check_rows(
        folder,
        runner,
        splits,
        bundle.report,
    )
    recipe = with_deciding(recipe, splits.train.schema)
    rows = splits.test
    if part == "valid":
        rows = splits.valid
    return OpenedBundle(
        folder,
        recipe,
        runner,
        splits,
        part,
        answer_all(runner, rows),
    )


def _recipe_of(folder):
    """Returns the recipe of a bundle. Raises BundleError for one that `export` made."""
    if (folder / "signature.json").is_file() and not (folder / "recipe.json").is_file():
        raise BundleError(
            f"{str(folder)!r} has no recipe: `export` made it of a Keras model",
            expected="a bundle of a recipe, whose rows can be read again",
            fix="train on a table, images, texts or series: python -m pipelines table ...",
        )
    return read_recipe(folder, SPECS)


def _check_part(recipe, part):
    if part not in PARTS:
        raise BundleError(f"rows {part!r}", expected=" or ".join(PARTS), fix="--rows test")
    if part == "valid" and recipe.training.refit:
        raise BundleError(
            "validation rows of a model that learned from them (training.refit=True)",
            expected="rows that the model has not seen",
            fix="--rows test",
        )


def _check_source(recipe, source, report):
    """Raises BundleError if the source is another one than that of the report."""
    now = recipe.load.describe(source)
    then = report["source"]
    changed = [name for name, value in now.items() if name != "name" and then.get(name) != value]
    if changed:
        raise BundleError(
            f"the source of {report['name']!r} is another one now: its {changed[0]} is "
            f"{str(now[changed[0]])[:12]}…",
            expected=f"{str(then.get(changed[0]))[:12]}…, as when the bundle was made",
            fix="put the file back, give the same rows as `source`, or make the bundle again",
        )


def _check_rows(folder, runner, splits, report):
    """Raises BundleError if the parts are not those of the report.

    Their sizes must be equal, and the first test rows be those that golden.json holds with the
    answers of the int8 file.
    """
    parts = {"train": splits.train, "valid": splits.valid, "test": splits.test}
    counts = {name: rows.num_rows for name, rows in parts.items()}
    wanted = {name: report["rows"][name] for name in counts}
    again = BundleError(
        f"the rows split to {counts}",
        expected=f"{wanted}, and the test rows of golden.json, as when the bundle was made",
        fix="make the bundle again with this version: python -m pipelines run ...",
    )
    if counts != wanted:
        raise again
    found = golden(runner.signature, read_checked(folder, "model_int8.tflite"), splits.test)
    if json.loads(json.dumps(found)) != read_json(folder, "golden.json"):
        raise again
