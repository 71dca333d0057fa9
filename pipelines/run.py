"""The whole line on one page: a messy data set to an int8 model that was run on its device.

Who may learn is told by the types. `learn` sees the training rows and the validation rows, `judge`
the test rows, and nothing in `learn` could take them.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .balance import WeightByClass
from .bundle.folder import Bundle, bundle_files, check_folder, write_bundle
from .device.answers import Answers
from .device.signature import Signature
from .errors import LeakError, RecipeError, VerifyError
from .recipe import Recipe
from .report.facts import draw_pictures, gather_facts
from .report.suspects import as_plain, find_suspects
from .report.terminal import (
    Stages,
    print_columns,
    print_dropped,
    print_duplicates,
    print_ladder,
    print_suspects,
)
from .rows.parts import HeldOut, Schema, Splits, TrainSet
from .rows.sketch import sketch_of
from .rows.split import find_duplicates, split
from .ship import Ready, Shrunk, compressed, rehearse, ship
from .steps import apply_steps, fit_steps, make_signature, to_ports, unlabelled_to_ports
from .steps.ranges import value_ranges
from .targets.budgets import broken_budgets
from .targets.climbing import climb_all
from .targets.exported_model import ExportedModel
from .tasks import task_of
from .tasks.intervals import Margin
from .training.feed import TrainFeed
from .training.fit import TrainedModel, train
from .verify.agreement import labels_apart
from .verify.ladder import InRunner, KerasInterpreter, Rung, answer_all, failed_step


@dataclass(frozen=True)
class Loaded:
    """A recipe with what its data told, the parts of the data, the columns as found with why, and
    what is known of the source.
    """

    recipe: Recipe
    splits: Splits
    inferred: list
    source: dict
    schema: Schema


@dataclass(frozen=True)
class Learned:
    """All that was made from training and validation rows: what ships, with its files, how training
    went, and `beside`, the same recipe with the other choice of balancing, or a linear net beside
    one for series. `refused`: rung → why its target is left out. `shrunk`: what each step of
    compression left.
    """

    made: ExportedModel
    trained: TrainedModel
    num_trained_rows: int
    seen_ids: np.ndarray
    beside: "Beside | None" = None
    refused: dict[str, str] = field(default_factory=dict)
    shrunk: list[Shrunk] = field(default_factory=list)

    @property
    def signature(self) -> Signature:
        return self.made.signature

    @property
    def tflite(self) -> dict[str, bytes]:
        return self.made.tflite


@dataclass(frozen=True)
class Beside:
    """A model that is trained for the report only, so that one sees what balancing did, or what a
    net is good for; and what it is, in words.
    """

    words: str
    trained: TrainedModel
    signature: Signature
    num_trained_rows: int


@dataclass(frozen=True)
class Judged:
    """What test rows said: a rung and the answers of each form; what they failed by, in words, or
    ""; the scores of the model beside, and by how much the one that ships is ahead of it; name →
    scores of each plain rule.
    """

    rungs: list[Rung]
    answers: dict[str, Answers]
    failed: str = ""
    beside_scores: dict[str, float] | None = None
    margin: Margin | None = None
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)


def run(recipe: Recipe, source: object = None, *, folder: str | Path = "saved_models") -> Bundle:
    """Runs a recipe and writes `folder`/<name>/. `source` (a DataFrame or dict of arrays) stands in
    for the recipe's file. Raises a PipelineError of the stage that could not go on; where the
    ladder fails, the bundle and its report are kept as `folder`/<name>.failed/.
    """
    recipe.check()
    check_folder(Path(folder), recipe.name)
    stages = Stages()
    loaded = load(recipe, source, stages=stages)
    learned = learn(loaded.recipe, loaded.splits.train, loaded.splits.valid, stages=stages)
    print_dropped(loaded.schema, learned.signature)
    return finish(loaded, learned, folder=Path(folder), stages=stages)


def load(recipe: Recipe, source: object, *, stages: Stages) -> Loaded:
    """Reads, splits and frames."""
    with stages("load"):
        dataset, inferred = recipe.load.read(source)
        described = recipe.load.describe(source)
    print_columns(inferred, dataset)
    with stages("split"):
        splits = split(dataset, recipe.split)
    with stages("frame"):
        if recipe.frame is not None:
            splits = recipe.frame.cut(splits)
        duplicates = find_duplicates(splits)
    recipe = settle(recipe, splits.train.schema)
    print_duplicates(duplicates)
    with stages("suspects"):
        suspects = find_suspects(splits, recipe.encode)
    print_suspects(suspects)
    source = {**described, "duplicates": duplicates, "suspects": as_plain(suspects)}
    return Loaded(recipe, splits, inferred, source, dataset.schema)


def finish(
    loaded: Loaded, learned: Learned, *, folder: Path, stages: Stages, pictures: tuple = ()
) -> Bundle:
    """Judges on test rows, writes the bundle and its report, and prints the ladder. `pictures`:
    more of them for the report, (title, base64 PNG). Raises VerifyError where the ladder fails.
    """
    recipe = loaded.recipe
    splits = loaded.splits
    with stages("verify"):
        judged = judge(recipe, learned, splits.test)
    with stages("report"):
        facts = gather_facts(
            recipe,
            loaded.inferred,
            splits,
            learned,
            judged,
            source=loaded.source,
            seconds=stages.seconds,
        )
        drawn = [
            *pictures,
            *draw_pictures(facts, splits, judged.answers),
            *recipe.load.draw(recipe, splits, learned, judged),
        ]
        files = bundle_files(recipe, facts, learned, splits.test, drawn)
    passed = facts["gate"]["passed"]
    bundle = Bundle(
        write_bundle(folder / (recipe.name if passed else f"{recipe.name}.failed"), files)
    )
    print_ladder(facts, bundle.folder)
    if not passed:
        raise VerifyError(
            facts["gate"]["failed_step"],
            expected=f"at most {recipe.judge.tolerance} lost from Keras to "
            f"the last rung, {_labels_wanted(recipe, learned)}and budgets kept",
            fix=f"see {bundle.folder / 'report.html'}; {_gate_advice(learned.signature)}",
        )
    return bundle


def _labels_wanted(recipe, learned):
    if not learned.signature.target.labels:
        return ""
    return f"the label of Keras for {recipe.judge.min_agreement:g} of the rows, "


def _gate_advice(signature):
    """What to try where too much is lost on the way to the last rung: of numbers that are predicted
    there is no class, and only columns of numbers can be binned.
    """
    has_numbers = any(column.kind == "numeric" for column in signature.columns)
    if has_numbers and signature.frame is None:
        bins = ", encode numbers with EncodeBins()"
    else:
        bins = ""
    if signature.frame is not None:
        what = "windows"
    else:
        what = "rows"
    few = task_of(signature.target).few_rows(what)
    return f"train longer{bins}, or, where {few} make the metric jump, --set judge.tolerance=0.03"


def settle(recipe: Recipe, schema: Schema) -> Recipe:
    """The recipe with what only the data could tell. Raises RecipeError where recipe and data do
    not go together.
    """
    task = task_of(schema.target)
    if task.needs_frame and recipe.frame is None:
        raise RecipeError(
            "steps of series without windows",
            expected="a frame",
            fix=f"--set 'frame={task.frame_example}'",
        )
    deciding = recipe.judge.deciding or task.usual_deciding(schema.target)
    task.check_deciding(deciding)
    task.check_recipe(recipe)
    recipe.check_data(sketch_of(schema, task))
    return replace(recipe, judge=replace(recipe.judge, deciding=deciding))


def learn(
    recipe: Recipe, train_rows: TrainSet, valid_rows: HeldOut, *, stages: Stages | None = None
) -> Learned:
    """Everything that is learned, from training rows, and chosen, on validation rows."""
    stages = stages or Stages()
    ready = get_ready(recipe, train_rows, valid_rows, stages=stages)
    task = task_of(ready.signature.target)

    def fit(build, feed):
        trained = train(
            build,
            feed,
            ready.valid,
            signature=ready.signature,
            training=recipe.training,
            deciding=recipe.judge.deciding,
        )
        return trained, task.decide(
            recipe,
            ready.signature,
            train_rows,
            ready.to_decide,
            form="float32",
            raw=KerasInterpreter(trained.model).run(ready.to_decide.x),
        )

    with stages("train"):
        trained, signature = fit(recipe.build, ready.feed)
    model = trained.model
    shrunk = []
    if recipe.shipping.compress:
        model, shrunk = compressed(recipe, model, ready, stages=stages)
        signature = task.decide(
            recipe,
            ready.signature,
            train_rows,
            ready.to_decide,
            form="float32",
            raw=KerasInterpreter(model).run(ready.to_decide.x),
        )
    beside = None
    balancer = recipe.balancer()
    if recipe.judge.beside and (balancer is not None or _is_imbalanced(train_rows)):
        with stages("beside"):
            if balancer is None:
                other = WeightByClass()
            else:
                other = None
            feed = replace(ready.feed, rows=ready.balanced(other))
            if other is None:
                words = "no balancing"
            else:
                words = repr(other)
            beside = Beside(words, *fit(recipe.plain_build(), feed), len(feed.rows))
    if task.needs_frame:
        linear = recipe.build.linear()
    else:
        linear = None
    if recipe.judge.beside and linear is not None:
        with stages("linear"):
            beside = Beside(repr(linear), *fit(linear, ready.feed), len(ready.feed.rows))
    made = ship(recipe, model, ready, train_rows, valid_rows, signature=signature, stages=stages)
    return Learned(
        made,
        trained,
        len(ready.feed.rows),
        np.union1d(train_rows.ids, valid_rows.ids),
        beside,
        ready.refused,
        shrunk,
    )


def get_ready(
    recipe: Recipe, train_rows: TrainSet, valid_rows: HeldOut, *, stages: Stages
) -> Ready:
    """Steps fitted, rows balanced and, under a teacher, softened; and before any of the long work
    the targets were asked. Raises RecipeError where the net cannot run on one of them, or would be
    over its budget.
    """
    with stages("prepare"):
        prepared, rows = fit_steps(recipe.prepare, train_rows)
        encoders, encoded = fit_steps(recipe.encode, rows)
        signature = make_signature(prepared, encoders, encoded)
        signature = replace(signature, ranges=value_ranges(signature, train_rows))
        as_they_were = to_ports(signature, encoded, encoded=True)
        valid = to_ports(signature, valid_rows)
        if recipe.build.needs_unlabelled:
            unlabelled = unlabelled_to_ports(signature, train_rows)
        else:
            unlabelled = None

    def balanced(balancer):
        if balancer is None:
            made = as_they_were
        else:
            made = to_ports(signature, apply_steps(encoders, balancer.resample(rows)), encoded=True)
        return replace(made, unlabelled=unlabelled)

    with stages("targets"):
        refused = rehearse(recipe, signature, as_they_were, train_rows)
    with stages("balance"):
        to_train = balanced(recipe.balance)
    with stages("teacher"):
        if recipe.teacher is not None:
            soft_labels = recipe.teacher.soften(as_they_were, rows)
        else:
            soft_labels = None
    return Ready(
        signature,
        TrainFeed(to_train, soft_labels, recipe.augment),
        as_they_were,
        valid,
        as_they_were if task_of(signature.target).decides_on_training_rows else valid,
        balanced,
        refused,
    )


def judge(recipe: Recipe, learned: Learned, test: HeldOut) -> Judged:
    """The ladder on raw test rows: each form through the device runner. Raises LeakError for rows
    that were learned from or chosen by.
    """
    seen = np.intersect1d(learned.seen_ids, test.ids)
    if len(seen):
        raise LeakError(
            f"{len(seen)} of the test rows were seen in training or validation, such as row "
            f"{seen[0]}",
            expected="rows that no stage has seen",
            fix="judge on the splits.test of the same split",
        )
    made = learned.made
    signature = learned.signature
    task = task_of(signature.target)
    rungs, answers = climb_all(made, recipe.shipping.runs_on(), test, refused=learned.refused)
    # What ships gets intervals: they take hundreds of scorings.
    rungs = [
        replace(
            rung,
            intervals=task.intervals(
                test.y, answers["litert_int8"], signature.target, seed=recipe.training.seed
            ),
        )
        if rung.form == "litert_int8"
        else rung
        for rung in rungs
    ]
    baselines = {
        name: task.score_plain_rule(test.y, values, signature.target)
        for name, values in (test.baselines or {}).items()
    }
    failed = (
        failed_step(rungs, recipe.judge.deciding, recipe.judge.tolerance)
        or labels_apart(rungs, recipe.judge.min_agreement, signature.target)
        or broken_budgets(recipe.shipping.runs_on(), rungs)
    )
    if learned.beside is None:
        return Judged(rungs, answers, failed, baselines=baselines)
    beside = answers["beside"] = answer_all(
        InRunner(
            learned.beside.signature, KerasInterpreter(learned.beside.trained.model), form="float32"
        ),
        test,
    )
    return Judged(
        rungs,
        answers,
        failed,
        task.score(test.y, beside, signature.target),
        task.margin(
            test.y,
            answers["keras"],
            beside,
            signature.target,
            metric=recipe.judge.deciding,
            seed=recipe.training.seed,
        ),
        baselines,
    )


def _is_imbalanced(rows):
    """Whether some class is less than a third as frequent as another."""
    if task_of(rows.schema.target).has_classes:
        counts = np.bincount(rows.y)
    else:
        counts = np.ones(1)
    return counts.min() * 3 < counts.max()
