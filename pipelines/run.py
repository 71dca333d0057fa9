"""The whole line on one page: a messy data set to an int8 model that was run on its device.

Who may learn is told by the types. `learn` sees the training rows and the validation rows, `judge` the test rows, and
nothing in `learn` could take them.
"""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .balance import WeightByClass
from .decide import choose_offsets, threshold_offset
from .device.runner import FORMS, Answers, LiteRT, Runner, answer
from .device.signature import Signature
from .errors import ExportError, LeakError, RecipeError, VerifyError
from .evaluate import Margin, intervals, margin, score, score_plain_rule
from .forecast import conformal_offsets, standardized_steps
from .export.bundle import Bundle, bundle_files, check_folder, keras_bytes, write_bundle
from .export.convert import convert
from .export.lower import NUM_COPIES, pixel_rescaling
from .export.stream import streaming_form, with_streaming
from .feed import TrainFeed
from .recipe import Recipe
from .report.facts import draw_pictures, gather_facts
from .rows import HeldOut, Schema, TrainSet
from .split import find_duplicates, split
from .steps import apply_steps, fit_steps, make_signature, to_ports, unlabelled_to_ports
from .terminal import Stages, print_columns, print_dropped, print_duplicates, print_ladder
from .train import DECIDING_METRICS, Trained, check_deciding, train
from .verify.ladder import KerasInterpreter, Rung, answer_all, climb
from .verify.micro import Micro, micro_available, micro_places, most_steps
from .verify.stream import climb_streams


@dataclass(frozen=True)
class Learned:
    """All that was made from training and validation rows: the signature with its decisions, the Keras model, the
    TFLite file of each form, how training went; and `beside`, the same recipe with the other choice of balancing, or a
    linear net beside one for series."""

    signature: Signature
    trained: Trained
    keras: bytes
    tflite: dict[str, bytes]
    num_trained_rows: int
    seen_ids: np.ndarray
    beside: "Beside | None" = None


@dataclass(frozen=True)
class Beside:
    """A model that is trained for the report only, so that one sees what balancing did, or what a net is good for; and
    what it is, in words."""

    words: str
    trained: Trained
    signature: Signature
    num_trained_rows: int


@dataclass(frozen=True)
class Judged:
    """What test rows said: a rung and the answers of each form; the scores of the model beside, and by how much the
    one that ships is ahead of it; name → scores of each plain rule."""

    rungs: list[Rung]
    answers: dict[str, Answers]
    beside_scores: dict[str, float] | None = None
    margin: Margin | None = None
    baselines: dict[str, dict[str, float]] = field(default_factory=dict)


def run(recipe: Recipe, source: object = None, *, folder: str | Path = "saved_models") -> Bundle:
    """Runs a recipe and writes `folder`/<name>/. `source` (a DataFrame or dict of arrays) stands in for the recipe's
    file. Raises a PipelineError of the stage that could not go on; where the ladder fails, the bundle and its report
    are kept as `folder`/<name>.failed/."""
    recipe.check()
    folder = Path(folder)
    check_folder(folder, recipe.name)
    stages = Stages()
    with stages("load"):
        dataset, inferred = recipe.load.read(source)
        described = recipe.load.describe(source)
    print_columns(inferred, dataset)
    with stages("split"):
        splits = split(dataset, recipe.split)
    with stages("frame"):
        splits = splits if recipe.frame is None else recipe.frame.cut(splits)
        duplicates = find_duplicates(splits)
    recipe = settle(recipe, splits.train.schema)
    print_duplicates(duplicates)
    learned = learn(recipe, splits.train, splits.valid, stages=stages)
    print_dropped(dataset.schema, learned.signature)
    with stages("verify"):
        judged = judge(recipe, learned, splits.test)
    with stages("report"):
        facts = gather_facts(recipe, inferred, splits, learned, judged, source={**described, "duplicates": duplicates},
                             seconds=stages.seconds)
        pictures = draw_pictures(facts, splits, judged.answers) + recipe.load.draw(recipe, splits, learned, judged)
        files = bundle_files(recipe, facts, learned, splits.test, pictures)
    passed = facts["gate"]["passed"]
    bundle = Bundle(write_bundle(folder / (recipe.name if passed else f"{recipe.name}.failed"), files))
    print_ladder(facts, bundle.folder)
    if not passed:
        raise VerifyError(facts["gate"]["failed_step"], expected=f"at most {recipe.judge.tolerance} lost from Keras to "
                          "the last rung", fix=f"see {bundle.folder / 'report.html'}; train longer, encode numbers "
                          "with EncodeBins(), or, where few rows of a class make the metric jump, --set "
                          "judge.tolerance=0.03")
    return bundle


def settle(recipe: Recipe, schema: Schema) -> Recipe:
    """The recipe with what only the data could tell. Raises RecipeError where recipe and data do not go together."""
    task = schema.target.task
    if task == "forecast" and recipe.frame is None:
        raise RecipeError("steps of series without windows", expected="a frame",
                          fix="--set 'frame=CutWindows(window=48, horizon=12)'")
    if task == "anomaly":
        _check_anomaly(recipe, schema)
    without_season = task == "forecast" and not schema.target.mase_scale
    deciding = recipe.judge.deciding or DECIDING_METRICS[task][int(without_season)]
    check_deciding(deciding, task)
    for spec in recipe.augment:
        spec.check_columns(schema.columns)
    return replace(recipe, judge=replace(recipe.judge, deciding=deciding))


def _check_anomaly(recipe, schema):
    if recipe.frame is None or not schema.target.labels:
        raise RecipeError("steps of series without windows", expected="a frame",
                          fix="--set 'frame=CutSegments(window=24)'")
    if not hasattr(recipe.build, "code"):
        raise RecipeError(f"{type(recipe.build).__name__} to give windows back", expected="an autoencoder, whose code "
                          "is too narrow for what is not normal", fix="--set 'build=Autoencoder()'")
    for slot in ("balance", "teacher"):
        if getattr(recipe, slot) is not None:
            raise RecipeError(f"{slot}={getattr(recipe, slot)!r} where normal windows alone are learned from",
                              expected="none: there is no class to balance or to teach", fix=f"--set {slot}=None")


def learn(recipe: Recipe, train_rows: TrainSet, valid_rows: HeldOut, *, stages: Stages | None = None) -> Learned:
    """Everything that is learned, from training rows, and chosen, on validation rows."""
    stages = stages or Stages()
    with stages("prepare"):
        prepared, rows = fit_steps(recipe.prepare, train_rows)
        encoders, encoded = fit_steps(recipe.encode, rows)
        undecided = make_signature(prepared, encoders, encoded)
        as_they_were = to_ports(undecided, encoded, encoded=True)
        valid = to_ports(undecided, valid_rows)
        # Only a net that is fitted in parts has a use for rows without a label.
        unlabelled = unlabelled_to_ports(undecided, train_rows) if hasattr(recipe.build, "warm_up") else None

    def balanced(balancer):
        if balancer is None:
            return as_they_were
        return to_ports(undecided, apply_steps(encoders, balancer.resample(rows)), encoded=True)
    with stages("balance"):
        to_train = balanced(recipe.balance)
    with stages("teacher"):
        soft_labels = recipe.teacher.soften(as_they_were, rows) if recipe.teacher is not None else None
    to_decide = as_they_were if undecided.target.task == "anomaly" else valid

    def fit(build, train_set):
        train_set = replace(train_set, unlabelled=unlabelled)
        trained = train(build, TrainFeed(train_set, soft_labels, recipe.augment), valid, signature=undecided,
                        training=recipe.training, deciding=recipe.judge.deciding)
        return trained, decide(recipe, undecided, train_rows, to_decide, form="float32",
                               raw=KerasInterpreter(trained.model).run(to_decide.x))
    with stages("train"):
        trained, signature = fit(recipe.build, to_train)
    beside, balancer = None, recipe.balancer()
    if recipe.judge.beside and (balancer is not None or _is_imbalanced(rows)):
        with stages("beside"):
            other = WeightByClass() if balancer is None else None
            rows_beside = balanced(other)
            words = "no balancing" if other is None else repr(other)
            beside = Beside(words, *fit(recipe.plain_build(), rows_beside), len(rows_beside))
    linear = recipe.build.linear() if undecided.target.task in ("forecast", "anomaly") else None
    if recipe.judge.beside and linear is not None:
        with stages("linear"):
            beside = Beside(repr(linear), *fit(linear, to_train), len(to_train))
    with stages("export"):
        keras = keras_bytes(trained.model)
        # Copies tell apart rows that rank alike; a forecast has many outputs and none to rank, a window given back has
        # many that make one score.
        copies = 1 if undecided.target.task in ("forecast", "anomaly") else NUM_COPIES
        streaming = streaming_form(trained.model) if getattr(recipe.build, "stream", False) else None
        tflite = convert(trained.model, as_they_were, seed=recipe.training.seed, copies=copies, streaming=streaming)
    with stages("decide"):
        interpreter = LiteRT(tflite["int8"])
        signature = quantized(signature, interpreter, trained.model)
        if streaming is not None:
            signature = with_streaming(signature, LiteRT(tflite["stream_int8"]), num_steps=recipe.build.num_steps())
        runner = Runner(signature, interpreter, form="int8")
        raw = (interpreter.run(runner.quantize(to_decide.x)) if to_decide is as_they_were else
               answer_all(runner, valid_rows).raw)
        signature = decide(recipe, signature, train_rows, to_decide, form="int8", raw=raw)
    return Learned(signature, trained, keras, tflite, len(to_train), np.union1d(train_rows.ids, valid_rows.ids), beside)


def quantized(signature: Signature, interpreter: LiteRT, model) -> Signature:
    """The signature with the scales and zero points of the int8 file. Raises ExportError where a picture would not be
    its own quantized input."""
    factor, offset = pixel_rescaling(model)
    scales = interpreter.quantization()
    inputs = tuple(_pixel_port(port, *scales[port.name], factor, offset) if port.is_picture else
                   replace(port, scale=scales[port.name][0], zero_point=scales[port.name][1])
                   for port in signature.inputs)
    scale, zero_point = scales["output"]
    output = replace(signature.output, scale=scale, zero_point=zero_point,
                     num_copies=interpreter.num_outputs() // signature.output.shape[0])
    return replace(signature, inputs=inputs, output=output)


def _pixel_port(port, scale, zero_point, factor, offset):
    port = replace(port, scale=1.0, zero_point=-128, factor=factor, offset=offset)
    if not math.isclose(port.in_file()[0], scale, rel_tol=1e-5) or port.in_file()[1] != zero_point:
        raise ExportError(f"the int8 file takes pictures with scale {scale:g} and zero point {zero_point}",
                          expected=f"scale {port.in_file()[0]:g} and zero point {port.in_file()[1]}: pixels less 128",
                          fix="let the net start with one Rescaling layer called 'pixels' whose offset is a whole "
                              "number of its factors")
    return replace(port, factor=scale)  # to the file's last digit


def decide(recipe: Recipe, signature: Signature, train_rows: TrainSet, valid: HeldOut | TrainSet, *, form: str,
           raw: np.ndarray) -> Signature:
    """The signature with the decision of a form, chosen on the raw output for validation rows; of anomalies, for
    training rows. `valid`: those rows as ports."""
    target = signature.target
    if target.task == "anomaly":
        scores = answer(signature, raw, form=form, prepared=valid.x).scores
        return replace(signature, decisions={**signature.decisions, form: threshold_offset(scores,
                                                                                           recipe.judge.quantile)})
    if target.task == "forecast" and len(target.quantiles) > 1:
        offsets = conformal_offsets(signature.output.to_float(raw), standardized_steps(valid.y, target),
                                    target.quantiles, overlap=max(recipe.frame.horizon // recipe.frame.stride, 1))
        return replace(signature, decisions={**signature.decisions, form: offsets})
    if not target.labels:
        return signature
    if recipe.judge.threshold == "none":
        return replace(signature, decisions={**signature.decisions, form: (0.0,) * signature.output.shape[0]})
    shares = np.bincount(train_rows.y, minlength=len(target.labels)) / len(train_rows)
    near = signature.decisions.get("float32") if form == "int8" else None
    offsets = choose_offsets(signature.output.to_float(raw), valid.y, metric=recipe.judge.threshold, target=target,
                             class_shares=shares, near=near)
    return replace(signature, decisions={**signature.decisions, form: offsets})


def judge(recipe: Recipe, learned: Learned, test: HeldOut) -> Judged:
    """The ladder on raw test rows: each form through the device runner. Raises LeakError for rows that were learned
    from or chosen by."""
    seen = np.intersect1d(learned.seen_ids, test.ids)
    if len(seen):
        raise LeakError(f"{len(seen)} of the test rows were seen in training or validation, such as row {seen[0]}",
                        expected="rows that no stage has seen", fix="judge on the splits.test of the same split")
    signature, rungs, answers = learned.signature, [], {}

    def climbed(form, kind, interpreter, size, *, arena=None, places=None):
        rung, answers[form] = climb(form, Runner(signature, interpreter, form=kind), test, size_bytes=size,
                                    keras_answers=answers.get("keras"), arena_bytes=arena, places=places)
        return rung
    rungs.append(climbed("keras", "float32", KerasInterpreter(learned.trained.model), len(learned.keras)))
    for form, content in ((form, learned.tflite[form]) for form in FORMS if form in learned.tflite):
        rung = climbed(f"litert_{form}", form, LiteRT(content), len(content))
        if form == "int8":  # what ships gets intervals: they take hundreds of scorings
            rung = replace(rung, intervals=intervals(test.y, answers["litert_int8"], signature.target,
                                                     seed=recipe.training.seed))
        rungs.append(rung)
    if micro_available():
        int8 = learned.tflite["int8"]
        plain = LiteRT(int8, reference=True)
        micro = Micro(int8, plain.port_names())
        places = micro_places(learned.trained.model, len(test))
        rung = climbed("micro_int8", "int8", micro, len(int8), places=places, arena=micro.arena_bytes())
        wanted = answer_all(Runner(signature, plain, form="int8"), test, places)
        steps = np.abs(answers["micro_int8"].raw.astype(np.int32) - wanted.raw)
        lost = next(each for each in rungs if each.form == "litert_int8").largest_difference
        most = most_steps(learned.trained.model, lost, signature)
        rungs.append(replace(rung, int8_steps=int(steps.max()), most_int8_steps=most))
    if signature.stream is not None:
        rungs += climb_streams(signature, learned.tflite, test, answers)
    baselines = {name: score_plain_rule(test.y, values, signature.target)
                 for name, values in (test.baselines or {}).items()}
    if learned.beside is None:
        return Judged(rungs, answers, baselines=baselines)
    beside = answers["beside"] = answer_all(Runner(
        learned.beside.signature, KerasInterpreter(learned.beside.trained.model), form="float32"), test)
    return Judged(rungs, answers, score(test.y, beside, signature.target),
                  margin(test.y, answers["keras"], beside, signature.target, metric=recipe.judge.deciding,
                         seed=recipe.training.seed), baselines)


def _is_imbalanced(rows):
    """Whether some class is less than a third as frequent as another."""
    counts = np.bincount(rows.y) if rows.schema.target.task in ("binary", "multiclass") else np.ones(1)
    return counts.min() * 3 < counts.max()
