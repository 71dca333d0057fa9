"""A messy data set to an int8 model that was run on its device, stage by stage on one page.

    read → split → frame → screen → fit → ship → compare → peers → judge → write

`run` calls them one after the other. Each can be called alone; a study calls them many times. Their
parameters state who may learn: `fit`, `ship` and `compare` take training and validation rows; only
`peers`, whose models are no part of what ships, `judge` and `write` can be handed the test rows.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .bundle.finished import finished_bundle, whole_run
from .bundle.folder import Bundle, bundle_files, check_folder, write_bundle
from .compress.apply import apply_compression
from .compress.measure import measure_step
from .compress.tuning import make_tuning
from .convert.scales import staggered_copies
from .device.runner import LiteRT
from .device.signature import Signature
from .engine.making import making
from .errors import RecipeError
from .peers import answer_outside, fit_peers
from .recipe import Recipe, with_deciding
from .report.facts import draw_pictures, gather_facts
from .report.failure import verify_error
from .report.screening import screen_rows
from .report.stages import stage, stage_seconds, timed_run
from .report.terminal import print_columns, print_ladder, print_screening, print_unread
from .rows.parts import Dataset, HeldOut, Schema, SourceData, Splits, TrainSet, require_unseen
from .rows.sketch import sketch_of
from .rows.split import split as split_rows
from .targets.budgets import broken_budgets
from .targets.climbing import climb_shipped
from .targets.export import ShippedModel, convert_forms, write_files
from .targets.exported_model import ExportedModel
from .targets.rehearse import rehearse
from .tasks import task_of
from .training.comparison import other_recipe
from .training.inputs import TrainingInputs, fit_inputs
from .training.trained import ComparisonModel, TrainedModel
from .verify.agreement import labels_apart
from .verify.assess import answers_of, assess, decide_form
from .verify.evaluation import Evaluation, compare_answers
from .verify.fitting import (
    as_chosen,
    train_and_assess,
    train_on_all,
    train_other,
    with_decisions,
    with_feed,
)
from .verify.kept import check_kept
from .verify.peers import FittedPeers, score_peers
from .verify.tolerance import failed_step


def run(
    recipe: Recipe,
    source: object = None,
    *,
    folder: str | Path = "saved_models",
    callbacks: Sequence = (),
    data: SourceData | None = None,
) -> Bundle:
    """Runs a recipe and writes `folder`/<name>/.

    What an earlier run of the same recipe on the same rows finished is taken from `folder`/.cache;
    a training that was killed goes on after its last epoch. `engine.cache.anew` ignores both.

    Args:
        recipe: the slots in order.
        source: a DataFrame or dict of arrays that stands in for the recipe's file.
        folder: where bundles are written.
        callbacks: Keras callbacks for the training, whose result is then not kept.
        data: what `read` returned for recipe and source, if it was called before.

    Raises:
        PipelineError: of the stage that could not go on. If the ladder fails, the bundle and its
            report are kept as `folder`/<name>.failed/.
    """
    recipe.check()
    check_folder(Path(folder), recipe.name)
    with timed_run(), making(Path(folder), recipe.name):
        work = whole_run(recipe, source, callbacks)
        files = work.recall()
        if files is not None:
            return finished_bundle(Path(folder) / recipe.name, files)
        data = data or read(recipe, source)
        splits = frame(recipe, split(recipe, data.dataset))
        recipe = settle(recipe, splits.train.schema)
        data = screen(recipe, data, splits)
        trained = fit(recipe, splits.train, splits.valid, callbacks=callbacks)
        print_unread(data.dataset, trained.signature)
        shipped = ship(recipe, trained)
        if recipe.training.refit:
            shipped = refit(recipe, trained, shipped)
        comparison = compare(recipe, trained)
        others = peers(recipe, splits)
        evaluation = judge(recipe, shipped, splits.test, comparison=comparison, peers=others)
        bundle = write(recipe, data, splits, shipped, evaluation, folder=folder)
        work.keep(bundle.files())
        return bundle


def read(recipe: Recipe, source: object = None) -> SourceData:
    """Reads the source of a recipe, or the one given in its place."""
    with stage("load"):
        if recipe.load.streams(source):
            recipe.check_data(replace(recipe.load.sketch(), is_streamed=True))
        dataset, columns = recipe.load.read(source)
        facts = recipe.load.describe(source)
    print_columns(columns, dataset)
    return SourceData(dataset, columns, facts)


def split(recipe: Recipe, dataset: Dataset) -> Splits:
    """Cuts the rows into training, validation and test rows."""
    with stage("split"):
        return split_rows(dataset, recipe.split)


def frame(recipe: Recipe, splits: Splits) -> Splits:
    """Cuts steps in time to windows, each part on its own; other rows stay as they are."""
    if recipe.frame is None:
        return splits
    with stage("frame"):
        return recipe.frame.cut(splits)


def settle(recipe: Recipe, schema: Schema) -> Recipe:
    """Completes a recipe with what only the data can tell; every stage that learns asks for it.

    Raises:
        RecipeError: recipe and data do not go together.
    """
    task = task_of(schema.target)
    if task.needs_frame and recipe.frame is None:
        raise RecipeError(
            "steps of series without windows",
            expected="a frame",
            fix=f"--set 'frame={task.frame_example}'",
        )
    recipe = with_deciding(recipe, schema)
    task.check_deciding(recipe.judge.deciding)
    task.check_recipe(recipe)
    recipe.check_data(sketch_of(schema, task))
    return recipe


def screen(recipe: Recipe, data: SourceData, splits: Splits) -> SourceData:
    """Looks for duplicates, columns that give the target away and labels that are likely wrong, and
    reports them; nothing is left out. Labels are looked at if the recipe wants peers.
    """
    with stage("suspects"):
        answers = answer_outside(splits.train, is_wanted=recipe.judge.peers)
        screening = screen_rows(splits, recipe.encode, answers=answers)
    print_screening(screening)
    return replace(data, screening=screening)


def prepare(recipe: Recipe, train: TrainSet, valid: HeldOut) -> TrainingInputs:
    """Fits the steps, balances the training rows and asks the teacher; before any of the long work
    the targets are asked.

    Raises:
        RecipeError: the network cannot run on a target, or would be over its budget.
    """
    with stage("prepare"):
        inputs = fit_inputs(recipe, train, valid)
    with stage("targets"):
        inputs = replace(inputs, refused=rehearse(recipe, inputs))
    return with_feed(recipe, inputs)


def fit(
    recipe: Recipe, train: TrainSet, valid: HeldOut, *, callbacks: Sequence = ()
) -> TrainedModel:
    """Trains the network of a recipe.

    Args:
        recipe: the slots in order.
        train: raw rows to learn from.
        valid: raw rows to stop and to decide by.
        callbacks: of Keras.

    Returns:
        The Keras model with its score on the validation rows.
    """
    recipe = settle(recipe, train.schema)
    recipe.training.require_device()
    inputs = prepare(recipe, train, valid)
    with stage("train"):
        return train_and_assess(recipe, inputs, callbacks)


def compress(recipe: Recipe, trained: TrainedModel) -> TrainedModel:
    """Takes the steps of `shipping.compress`, each of which makes the model smaller."""
    if not recipe.shipping.compress:
        return trained
    inputs = trained.inputs
    recipe = with_deciding(recipe, inputs.train_rows.schema)
    tuning = make_tuning(
        inputs.feed,
        inputs.valid,
        signature=inputs.signature,
        training=recipe.training,
        deciding=recipe.judge.deciding,
    )
    model = trained.model
    steps = [measure_step("as trained", model, tuning)]
    for spec in recipe.shipping.compress:
        with stage(type(spec).__name__):
            model = apply_compression(spec, model, tuning)
        steps.append(measure_step(repr(spec), model, tuning))
    compressed = assess(
        recipe, model, inputs, history=trained.history, fit_seconds=trained.fit_seconds
    )
    return replace(compressed, compression=tuple(steps), watched=trained.watched)


def ship(recipe: Recipe, trained: TrainedModel) -> ShippedModel:
    """Compresses and converts a trained model, decides for int8 and writes the files of every
    target.
    """
    return export(recipe, compress(recipe, trained))


def export(
    recipe: Recipe, trained: TrainedModel, *, decided: Signature | None = None
) -> ShippedModel:
    """What `ship` does after the compression; with `decided`, its decisions are taken."""
    inputs = trained.inputs
    model = ExportedModel(
        recipe.name,
        trained.signature,
        trained.model,
        {},
        inputs.calibration,
        recipe.training.seed,
        inputs.train_rows,
    )
    stream_steps = 0
    if recipe.build.stream:
        stream_steps = recipe.build.num_steps()
    with stage("export"):
        model, refused = convert_forms(
            model,
            recipe.shipping,
            copies=staggered_copies(recipe.build, trained.signature, recipe.shipping.quantize),
            stream_steps=stream_steps,
        )
    refused = {**inputs.refused, **refused}
    with stage("decide"):
        interpreter = LiteRT(model.tflite["int8"])
        signature = decide_form(recipe, model.signature, interpreter, inputs, form="int8")
        if decided is not None:
            signature = with_decisions(signature, decided)
    with stage("files"):
        model = write_files(
            replace(model, signature=signature),
            recipe.shipping,
            refused=refused,
        )
    return ShippedModel(model, trained, inputs.seen_ids, refused)


def refit(recipe: Recipe, trained: TrainedModel, shipped: ShippedModel) -> ShippedModel:
    """Learns, compresses and converts once more, from training and validation rows together.

    Threshold, calibration and intervals of every form stay those that validation rows chose while
    they were held out.

    Args:
        recipe: the slots in order.
        trained: what `fit` returned.
        shipped: what `ship` made of it.

    Raises:
        VerifyError: int8 loses on the validation rows; see `check_kept`.
    """
    with stage("refit"):
        recipe = with_deciding(recipe, trained.inputs.train_rows.schema)
        first = shipped.trained or trained
        check_kept(recipe, first, shipped)
        again = train_on_all(recipe, trained)
    learned = as_chosen(compress(recipe, again), first, shipped.signature)
    return export(recipe, learned, decided=shipped.signature)


def compare(recipe: Recipe, trained: TrainedModel) -> ComparisonModel | None:
    """Trains the same recipe with the other choice of balancing, or of series a linear network, to
    show in the report what the choice did; None if there is nothing to compare.
    """
    inputs = trained.inputs
    other, words = other_recipe(recipe, inputs.train_rows)
    if other is None:
        return None
    other = with_deciding(other, inputs.train_rows.schema)
    with stage("comparison"):
        return ComparisonModel(words, train_other(other, inputs))


def peers(recipe: Recipe, splits: Splits) -> FittedPeers | None:
    """Fits plain models on training and validation rows, to show what a network had to
    beat, and asks them for the test rows; None if the recipe wants none.
    """
    if not recipe.judge.peers:
        return None
    with stage("peers"):
        return fit_peers(splits, threshold=recipe.judge.peer_threshold())


def judge(
    recipe: Recipe,
    shipped: ShippedModel,
    test: HeldOut,
    *,
    comparison: ComparisonModel | None = None,
    peers: FittedPeers | None = None,
) -> Evaluation:
    """Runs every form of a model on its runtime, on raw test rows.

    Raises:
        LeakError: the rows were learned from or chosen by.
    """
    require_unseen(test, shipped.seen_ids)
    recipe = with_deciding(recipe, test.schema)
    target = shipped.signature.target
    with stage("verify"):
        rungs, answers = climb_shipped(
            shipped.exported,
            recipe.shipping.runs_on(),
            test,
            refused=shipped.refused,
            seed=recipe.training.seed,
        )
        baselines = {
            name: task_of(target).score_plain_rule(test.y, values, target)
            for name, values in (test.baselines or {}).items()
        }
        failed = (
            failed_step(rungs, recipe.judge.deciding, recipe.judge.tolerance)
            or labels_apart(rungs, recipe.judge.min_agreement, target)
            or broken_budgets(recipe.shipping.runs_on(), rungs)
        )
        compared = None
        if comparison is not None:
            answers["comparison"] = answers_of(comparison.trained, test)
            compared = compare_answers(comparison, answers, test, recipe=recipe)
        table = None
        if peers is not None:
            table = score_peers(peers, answers["litert_int8"], test, target, recipe=recipe)
    return Evaluation(rungs, answers, failed, compared, baselines, table)


def write(
    recipe: Recipe,
    data: SourceData,
    splits: Splits,
    shipped: ShippedModel,
    evaluation: Evaluation,
    *,
    folder: str | Path = "saved_models",
    pictures: Sequence[tuple[str, str]] = (),
) -> Bundle:
    """Writes the bundle and its report, and prints the ladder.

    Args:
        recipe: that the model was made with.
        data: what was read.
        splits: its parts.
        shipped: the model.
        evaluation: of the model on `splits.test`.
        folder: where bundles are written.
        pictures: more pictures for the report, (title, base64 PNG).

    Raises:
        VerifyError: the evaluation failed; the bundle is kept as `folder`/<name>.failed/.
    """
    recipe = with_deciding(recipe, splits.train.schema)
    if data.screening is None:
        data = screen(recipe, data, splits)
    with stage("report"):
        facts = gather_facts(recipe, data, splits, shipped, evaluation, seconds=stage_seconds())
        drawn = [
            *pictures,
            *draw_pictures(facts, splits, evaluation.answers),
            *recipe.load.draw(recipe, splits, shipped, evaluation),
        ]
        files = bundle_files(recipe, facts, shipped, splits.test, drawn)
    passed = facts["gate"]["passed"]
    name = recipe.name if passed else f"{recipe.name}.failed"
    bundle = Bundle(write_bundle(Path(folder) / name, files))
    print_ladder(facts, bundle.folder)
    if not passed:
        raise verify_error(recipe, evaluation.failed, shipped.signature, bundle.folder)
    return bundle
