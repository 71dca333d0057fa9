"""What each way of making a trained model smaller costs: score against bytes and milliseconds, the
Pareto front, and the choice for a budget. The choice is made on validation rows; test rows judge
it.
"""

import json
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ..bundle.folder import Bundle, check_folder, malformed
from ..bundle.saved_recipe import read_recipe
from ..catalog import SPECS
from ..compress import gzip_bytes, make_tuning
from ..compress.apply import apply_compression
from ..compress.measure import measure_step
from ..convert.convert import convert
from ..convert.description import described
from ..convert.forms import TfliteFiles
from ..convert.scales import staggered_copies, with_scales
from ..device.runner import LiteRT
from ..engine.making import making
from ..errors import BundleError, RecipeError
from ..report.stages import stage, timed_run
from ..report.terminal import print_lines
from ..run import (
    export,
    frame,
    judge,
    prepare,
    read,
    screen,
    settle,
    split,
    write,
)
from ..slots import Target
from ..targets.micro.runner import Micro, micro_available
from ..targets.micro.spec import TargetMicro
from ..tasks import task_of
from ..training.keras_file import read_keras
from ..verify.assess import assess, decide_form
from ..verify.finite import check_form, check_score
from ..verify.ladder import InRunner, answer_all, time_rows
from .pareto import Point, choose, draw_points, lines_of, with_front
from .ways import Way, ways_to_shrink

NUM_TIMED_ROWS = 16


def compress_bundle(
    folder: Path,
    *,
    budget: Target = TargetMicro(),
    targets: tuple[Target, ...] = (),
    ways: list[Way] | None = None,
    epochs: int = 0,
    into: Path | None = None,
) -> Bundle:
    """Tries ways to make a bundle's network smaller, and writes the choice as <name>_small.

    Of the ways that keep the budget, the choice is the smallest whose score on validation rows ties
    with the best. Its report holds the pictures, its folder tradeoff.json.

    Args:
        folder: of the bundle.
        budget: a target with what the file may take of it.
        targets: the runtimes of the choice; those of the bundle's recipe if empty.
        ways: that are tried; `ways_to_shrink` if None.
        epochs: of fitting further; a quarter of the recipe's if 0.
        into: where the new bundle is written; the folder that the old one is in if None.

    Raises:
        BundleError: the data or the steps are no longer those that the bundle was made with.
        RecipeError: no way keeps the budget.
        PipelineError: whatever a stage raises.
    """
    bundle = Bundle(Path(folder))
    recipe = _small_recipe(bundle, targets)
    into = Path(into or bundle.folder.parent)
    check_folder(into, recipe.name)
    with timed_run(), making(into, recipe.name):
        return _smaller_bundle(
            bundle,
            recipe,
            budget,
            ways=ways,
            epochs=epochs,
            into=into,
        )


def _smaller_bundle(bundle, recipe, budget, *, ways, epochs, into):
    """Returns the bundle of the way that is chosen."""
    history = _history(bundle)
    data = read(recipe)
    splits = frame(recipe, split(recipe, data.dataset))
    recipe = settle(recipe, splits.train.schema)
    data = screen(recipe, data, splits)
    inputs = prepare(recipe, splits.train, splits.valid)
    _check_same_steps(bundle, inputs.signature, data.facts["name"])
    model = read_keras(bundle.folder)
    search = _Search(recipe, inputs, model)
    search.try_ways(ways or ways_to_shrink(model, epochs=epochs or _quarter(recipe)))
    way = search.choose(budget)
    recipe = _recipe_of(recipe, way)
    trained = assess(recipe, search.models[way.compress], inputs, history=history)
    trained = replace(trained, compression=search.steps(way))
    shipped = _with_tradeoff(export(recipe, trained), search)
    evaluation = judge(recipe, shipped, splits.test)
    drawn = draw_points(search.points.values(), search.metric_words)
    return write(
        recipe,
        data,
        splits,
        shipped,
        evaluation,
        folder=into,
        pictures=drawn,
    )


def _small_recipe(bundle, targets):
    """Returns the bundle's recipe under its new name, with `targets` if there are any."""
    recipe = read_recipe(bundle.folder, SPECS)
    recipe = replace(recipe, name=f"{recipe.name[:58]}_small")
    if not targets:
        return recipe
    shipping = replace(recipe.shipping, targets=targets)
    return replace(recipe, shipping=shipping)


def _with_tradeoff(shipped, search):
    """Returns the shipped model whose files hold tradeoff.json."""
    files = {**shipped.exported.files, "tradeoff.json": search.to_json()}
    exported = replace(shipped.exported, files=files)
    return replace(shipped, exported=exported)


def _history(bundle):
    """Returns how the bundle's training went, by curve.

    Raises:
        BundleError: its report does not hold it.
    """
    history = {}
    with malformed(bundle.folder / "report.json", "the history of a training"):
        for name, values in bundle.report["history"].items():
            history[str(name)] = [float(value) for value in values]
    return history


def _check_same_steps(bundle, signature, source):
    before = bundle.signature
    if (signature.primitives, signature.columns) != (before.primitives, before.columns):
        raise BundleError(
            f"the rows of {source} give other steps than those of {str(bundle.folder)!r}",
            expected="the data and the version that the bundle was made with",
            fix="make the bundle again: python -m pipelines run ...",
        )


def _quarter(recipe):
    return max(recipe.training.epochs // 4, 1)


def _recipe_of(recipe, way):
    """Returns the recipe that makes what a way makes."""
    compress = (*recipe.shipping.compress, *way.compress)
    shipping = replace(recipe.shipping, compress=compress, quantize=way.quantize)
    return replace(recipe, shipping=shipping)


class _Search:
    """The ways that were tried on a network.

    Attributes:
        models: the specs that were applied, one after the other → the Keras model.
        points: way → what it came to.
        refused: lines of the table for ways that the network has no use for.
    """

    def __init__(self, recipe, inputs, model):
        self.recipe = recipe
        self.inputs = inputs
        self.models = {(): model}
        self.points: dict[Way, Point] = {}
        self.refused: list[tuple[str, ...]] = []
        self.tuning = make_tuning(
            inputs.feed,
            inputs.valid,
            signature=inputs.signature,
            training=recipe.training,
            deciding=recipe.judge.deciding,
        )

    @property
    def metric_words(self):
        """The deciding metric as a reader sees it."""
        target = self.inputs.signature.target
        return task_of(target).metric_words(self.recipe.judge.deciding, target.name)

    def try_ways(self, ways):
        """Makes, converts and measures each way; those that differ in form alone together."""
        for (compress, quantize), group in groupby(
            ways, key=lambda way: (way.compress, way.quantize)
        ):
            alike = list(group)
            with stage(", ".join(way.name for way in alike)):
                try:
                    model = self._compressed(compress)
                except RecipeError as error:
                    # Not every network has what a way would take away: the table reports it.
                    reason = f"not possible: {error.received}"
                    self.refused += [(way.name, *[""] * 5, reason) for way in alike]
                    continue
                tflite = self._convert(model, quantize, alike)
                for way in alike:
                    self.points[way] = self._point(way, model, tflite[way.form])

    def choose(self, budget):
        """Chooses a way for a budget, and prints the table."""
        deciding = self.recipe.judge.deciding
        self.points = with_front(self.points, deciding)
        way = choose(self.points, budget, deciding)
        self.points[way] = replace(self.points[way], chosen=True)
        headings = ("way", self.metric_words, "bytes", "gzip", "ms", "arena", "result")
        print_lines(lines_of(self.points.values()) + self.refused, headings)
        return way

    def steps(self, way):
        """What each step of a way left."""
        steps = [measure_step("as trained", self.models[()], self.tuning)]
        for place, spec in enumerate(way.compress, 1):
            model = self.models[way.compress[:place]]
            steps.append(measure_step(repr(spec), model, self.tuning))
        return tuple(steps)

    def to_json(self):
        """The content of tradeoff.json."""
        values = {
            "metric": self.recipe.judge.deciding,
            "rows": len(self.inputs.valid),
            "points": [asdict(each) for each in self.points.values()],
        }
        return json.dumps(values, indent=1) + "\n"

    def _compressed(self, compress):
        """The model after the specs in `compress`, made of the nearest one that is there."""
        if compress in self.models:
            return self.models[compress]
        done = [each for each in self.models if compress[: len(each)] == each]
        for place in range(len(max(done, key=len)), len(compress)):
            before = self.models[compress[:place]]
            model = apply_compression(compress[place], before, self.tuning)
            self.models[compress[: place + 1]] = model
        return self.models[compress]

    def _convert(self, model, quantize, ways):
        signature = self.inputs.signature
        tflite = convert(
            model,
            self.inputs.calibration,
            seed=self.recipe.training.seed,
            quantize=quantize,
            copies=staggered_copies(self.recipe.build, signature, quantize),
            files=TfliteFiles(tuple(way.form for way in ways)),
        )
        return described(tflite, self.recipe.name, signature)

    def _point(self, way, model, content):
        """What the file of a way comes to on validation rows."""
        valid_rows = self.inputs.valid_rows
        interpreter = LiteRT(content)
        signature = self.inputs.signature
        form = "float32"
        if way.form == "int8":
            form = "int8"
            signature = with_scales(signature, interpreter, model)
        signature = decide_form(
            self.recipe,
            signature,
            interpreter,
            self.inputs,
            form=form,
        )
        runner = InRunner(signature, interpreter, form=form)
        answers = answer_all(runner, valid_rows)
        check_form(answers.raw, f"{way.name} as {way.form}")
        scores = task_of(signature.target).score(valid_rows.y, answers, signature.target)
        score = check_score(scores, self.recipe.judge.deciding, "the validation rows")
        few = {name: x[:NUM_TIMED_ROWS] for name, x in self.inputs.valid.x.items()}
        num_timed = min(len(valid_rows), NUM_TIMED_ROWS)
        latencies_ms = time_rows(interpreter, runner.quantize(few), num_timed)
        arena = None
        if form == "int8" and micro_available():
            arena = Micro(content, interpreter.port_names()).arena_bytes()
        return Point(
            way.name,
            score,
            len(content),
            gzip_bytes(content),
            float(np.median(latencies_ms)),
            arena,
        )
