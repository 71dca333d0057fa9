"""What each way of making a trained model smaller costs and brings: score against bytes and against
milliseconds, the Pareto front, and the choice for a budget. All of it is looked at on validation
rows; test rows judge the choice.
"""

import json
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ..bundle.folder import Bundle, check_folder, malformed
from ..bundle.saved_recipe import read_recipe
from ..catalog import SPECS
from ..compress import (
    ClusterWeights,
    FactorizeLowRank,
    PruneChannels,
    PruneWeights,
    QuantizeAware,
    gzip_bytes,
    make_tuning,
)
from ..convert.convert import convert
from ..convert.description import described
from ..convert.forms import TfliteFiles
from ..convert.quantize import Quantize
from ..device.runner import LiteRT
from ..errors import BundleError, RecipeError
from ..report.figures import BLUE, GREY, ORANGE, picture
from ..report.terminal import Stages, print_lines
from ..rows.parts import HeldOut, TrainSet
from ..run import Learned, finish, get_ready, load
from ..ship import Ready, quantized, ship, shrunk, staggered_copies
from ..slots import Target
from ..targets.budgets import Cost
from ..targets.micro.runner import Micro, micro_available
from ..targets.micro.spec import TargetMicro
from ..tasks import task_of
from ..tasks.metrics import SMALLER_IS_BETTER, loss_of
from ..training.fit import TrainedModel
from ..training.keras_file import read_keras
from ..verify.ladder import InRunner, KerasInterpreter, answer_all, time_rows

# Scores of single trainings that differ by less say nothing.
TIE = 0.01


@dataclass(frozen=True)
class Way:
    """One way to make a model smaller: its name, what is done to the trained net, how int8 is
    calibrated, and the form of the file.
    """

    name: str
    compress: tuple = ()
    quantize: Quantize = Quantize()
    form: str = "int8"


@dataclass(frozen=True)
class Point:
    """What a way came to: the deciding metric on validation rows; bytes of the file, as it is and
    after gzip; median milliseconds of a row under LiteRT; TFLM's arena. `on_front`: nothing is
    better in score, bytes and milliseconds at once.
    """

    name: str
    score: float
    size_bytes: int
    gzip_bytes: int
    latency_ms: float
    arena_bytes: int | None
    on_front: bool = False
    chosen: bool = False


def ways_to_shrink(model, *, epochs: int) -> list[Way]:
    """The combinations that are tried on a net, each fitted further for so many epochs where it
    learns.
    """
    has_convolutions = any(
        type(layer).__name__.startswith(("Conv", "Depthwise")) for layer in model.layers
    )
    aware = QuantizeAware(epochs=epochs)
    half = PruneChannels(share=0.5, epochs=epochs)
    # Neighbours that differ in form alone are converted together.
    ways = [
        Way("float32", form="float32"),
        Way("float16", form="float16"),
        Way("dynamic range", form="dynamic"),
        Way("int8"),
        Way("int8, percentile", quantize=Quantize(calibration="percentile")),
        Way("int8, least squares", quantize=Quantize(calibration="mse")),
        Way("fitted further", (PruneWeights(share=0.0, epochs=epochs),)),
        Way("quantization-aware", (aware,)),
        Way("a quarter of the channels pruned", (PruneChannels(share=0.25, epochs=epochs),)),
        Way("half of the channels pruned", (half,)),
        Way("half of the channels pruned, quantization-aware", (half, aware)),
        Way("low rank", (FactorizeLowRank(epochs=epochs),)),
        Way("16 weights a kernel", (ClusterWeights(num_clusters=16, epochs=epochs),)),
        Way("half of the weights pruned", (PruneWeights(share=0.5, epochs=epochs),)),
    ]
    if has_convolutions:
        return ways
    return [way for way in ways if way.name != "int8, least squares"]


def compress_bundle(
    folder: Path,
    *,
    budget: Target = TargetMicro(),
    targets: tuple[Target, ...] = (),
    ways: list[Way] | None = None,
    epochs: int = 0,
    into: Path | None = None,
) -> Bundle:
    """Tries the ways (`ways_to_shrink` if none are given) on a bundle's net, and writes the choice
    for the budget beside it, as <name>_small, with tradeoff.json and the pictures in its report: of
    the ways that keep the budget the smallest whose score on validation rows ties with the best.

    `targets`: the runtimes of the choice; those of the bundle's recipe if empty. `epochs`: of
    fitting further, a quarter of the recipe's if 0. Raises BundleError where the data
    or the steps are no longer those that the bundle was made with, RecipeError where no way keeps
    the budget, and whatever `run` raises.
    """
    bundle = Bundle(Path(folder))
    stages = Stages()
    history = _history(bundle)
    recipe = read_recipe(bundle.folder, SPECS)
    recipe = replace(recipe, name=f"{recipe.name[:58]}_small")
    if targets:
        recipe = replace(recipe, shipping=replace(recipe.shipping, targets=targets))
    if into is None:
        into = bundle.folder.parent
    else:
        into = Path(into)
    check_folder(into, recipe.name)
    loaded = load(recipe, None, stages=stages)
    recipe = loaded.recipe
    train_rows = loaded.splits.train
    valid_rows = loaded.splits.valid
    ready = get_ready(recipe, train_rows, valid_rows, stages=stages)
    if (ready.signature.primitives, ready.signature.columns) != (
        bundle.signature.primitives,
        bundle.signature.columns,
    ):
        raise BundleError(
            f"the rows of {loaded.source['name']} give other steps than those of {str(folder)!r}",
            expected="the data and the version that the bundle was made with",
            fix="make the bundle again: python -m pipelines run ...",
        )
    model = read_keras(bundle.folder)
    tuning = make_tuning(
        ready.feed,
        ready.valid,
        signature=ready.signature,
        training=recipe.training,
        deciding=recipe.judge.deciding,
    )
    rows = (train_rows, valid_rows)
    nets = {(): model}
    points = {}
    refused = []
    ways = ways or ways_to_shrink(model, epochs=epochs or max(recipe.training.epochs // 4, 1))
    for done, alike in groupby(ways, key=lambda way: (way.compress, way.quantize)):
        alike = list(alike)
        with stages(", ".join(way.name for way in alike)):
            try:
                net = _shrunk(nets, done[0], tuning)
            except (
                RecipeError
            ) as error:  # not every net has what a way would take away: the table says so
                refused += [
                    (way.name, *[""] * 5, f"not possible: {error.received}") for way in alike
                ]
                continue
            tflite = convert(
                net,
                ready.calibration,
                seed=recipe.training.seed,
                quantize=done[1],
                copies=staggered_copies(ready.signature),
                files=TfliteFiles(tuple(way.form for way in alike)),
            )
            tflite = described(tflite, recipe.name, ready.signature)
            for way in alike:
                points[way] = _point(way, net, tflite[way.form], recipe, ready, rows)
    points = _with_front(points, recipe.judge.deciding)
    way = _choose(points, budget, recipe.judge.deciding)
    points[way] = replace(points[way], chosen=True)
    print_lines(
        _lines(points.values()) + refused,
        ("way", recipe.judge.deciding.replace("_", " "), "bytes", "gzip", "ms", "arena", ""),
    )
    shipping = replace(
        recipe.shipping, compress=(*recipe.shipping.compress, *way.compress), quantize=way.quantize
    )
    loaded = replace(loaded, recipe=replace(recipe, shipping=shipping))
    small = nets[way.compress]
    signature = task_of(ready.signature.target).decide(
        loaded.recipe,
        ready.signature,
        train_rows,
        ready.to_decide,
        form="float32",
        raw=KerasInterpreter(small).run(ready.to_decide.x),
    )
    made = ship(
        loaded.recipe, small, ready, train_rows, valid_rows, signature=signature, stages=stages
    )
    told = {
        "metric": recipe.judge.deciding,
        "rows": len(valid_rows),
        "points": [asdict(each) for each in points.values()],
    }
    made = replace(made, files={**made.files, "tradeoff.json": json.dumps(told, indent=1) + "\n"})
    steps = [shrunk("as trained", model, tuning)]
    steps += [
        shrunk(repr(spec), nets[way.compress[:place]], tuning)
        for place, spec in enumerate(way.compress, 1)
    ]
    learned = Learned(
        made,
        TrainedModel(small, history, 0.0),
        len(ready.feed.rows),
        np.union1d(train_rows.ids, valid_rows.ids),
        refused=ready.refused,
        shrunk=steps,
    )
    return finish(
        loaded,
        learned,
        folder=into,
        stages=stages,
        pictures=_pictures(points, recipe.judge.deciding),
    )


def _history(bundle):
    """How the bundle's training went, by curve. Raises BundleError where its report does not hold
    it.
    """
    with malformed(bundle.folder, "report.json", "the history of a training"):
        return {
            str(name): [float(value) for value in values]
            for name, values in bundle.report["history"].items()
        }


def _shrunk(nets, compress, tuning):
    """The net after the specs in `compress`; kept among `nets` (what was done → net), and made of
    the nearest there.
    """
    if compress not in nets:
        done = max((done for done in nets if compress[: len(done)] == done), key=len)
        for place in range(len(done), len(compress)):
            nets[compress[: place + 1]] = compress[place].compress(nets[compress[:place]], tuning)
    return nets[compress]


def _point(way, model, content, recipe, ready: Ready, rows: tuple[TrainSet, HeldOut]) -> Point:
    """What the file of a way comes to on validation rows."""
    form, (train_rows, valid_rows) = "int8" if way.form == "int8" else "float32", rows
    interpreter = LiteRT(content)
    signature = ready.signature
    if form == "int8":
        signature = quantized(signature, interpreter, model)
    runner = InRunner(signature, interpreter, form=form)
    learns_alone = ready.to_decide is ready.calibration
    if learns_alone:
        raw = interpreter.run(runner.quantize(ready.to_decide.x))
    else:
        raw = answer_all(runner, valid_rows).raw
    task = task_of(signature.target)
    signature = task.decide(recipe, signature, train_rows, ready.to_decide, form=form, raw=raw)
    answers = answer_all(InRunner(signature, interpreter, form=form), valid_rows)
    few = {name: x[:16] for name, x in ready.valid.x.items()}
    times = time_rows(interpreter, runner.quantize(few), min(len(ready.valid), 16))
    arena = None
    if form == "int8" and micro_available():
        arena = Micro(content, interpreter.port_names()).arena_bytes()
    return Point(
        way.name,
        task.score(valid_rows.y, answers, signature.target)[recipe.judge.deciding],
        len(content),
        gzip_bytes(content),
        float(np.median(times)),
        arena,
    )


def _sign(metric):
    if metric in SMALLER_IS_BETTER:
        return -1
    return 1


def _with_front(points, metric):
    """The points with `on_front` set."""

    def beats(one, other):
        pairs = (
            (_sign(metric) * one.score, _sign(metric) * other.score),
            (-one.size_bytes, -other.size_bytes),
            (-one.latency_ms, -other.latency_ms),
        )
        return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)

    return {
        way: replace(point, on_front=not any(beats(other, point) for other in points.values()))
        for way, point in points.items()
    }


def _choose(points, budget, metric):
    """The way to ship: int8, within the budget, and the smallest of those whose score ties with the
    best of them.
    """
    kept = {
        way: point
        for way, point in points.items()
        if way.form == "int8"
        and not budget.broken_budget(Cost(point.size_bytes, point.arena_bytes, point.latency_ms))
    }
    if not kept:
        least = min(
            (point for way, point in points.items() if way.form == "int8"),
            key=lambda each: each.size_bytes,
        )
        raise RecipeError(
            f"no way to make the model small keeps {budget!r}; the smallest, {least.name}, has "
            f"{least.size_bytes:,} bytes and {least.latency_ms:.3g} ms",
            expected="a budget that one of them keeps",
            fix="raise the budget, or train a smaller net (its knobs: --set build...)",
        )
    best = max(kept.values(), key=lambda point: _sign(metric) * point.score)
    ties = {
        way: point
        for way, point in kept.items()
        if loss_of(metric, {metric: best.score}, {metric: point.score}) <= TIE
    }
    return min(ties, key=lambda way: ties[way].size_bytes)


def _lines(points):
    return [
        (
            point.name,
            f"{point.score:.4f}",
            f"{point.size_bytes:,}",
            f"{point.gzip_bytes:,}",
            f"{point.latency_ms:.3f}",
            f"{point.arena_bytes:,}" if point.arena_bytes else "",
            "ships" if point.chosen else "front" if point.on_front else "",
        )
        for point in points
    ]


def _pictures(points, metric):
    """Score against bytes, and against milliseconds."""
    name = metric.replace("_", " ")
    points = list(points.values())
    return tuple(
        (f"{name} against {axis}", picture(_draw(points, name, value, axis), width=11, height=4.6))
        for axis, value in (("bytes", "size_bytes"), ("milliseconds a row, LiteRT", "latency_ms"))
    )


def _draw(points, name, value, axis):
    def draw(axes):
        for number, point in enumerate(points, 1):
            if point.chosen:
                colour = ORANGE
            elif point.on_front:
                colour = BLUE
            else:
                colour = GREY
            if point.chosen:
                what = " (ships)"
            elif point.on_front:
                what = " (front)"
            else:
                what = ""
            axes.plot(
                getattr(point, value),
                point.score,
                "o",
                color=colour,
                markersize=9 if point.chosen else 6,
                label=f"{number}  {point.name}{what}",
            )
            axes.annotate(
                str(number),
                (getattr(point, value), point.score),
                fontsize=8,
                xytext=(5, 4),
                color=colour,
                textcoords="offset points",
            )
        front = sorted((getattr(point, value), point.score) for point in points if point.on_front)
        axes.plot(*zip(*front, strict=True), color=BLUE, linewidth=0.8, alpha=0.5, zorder=0)
        axes.set_xscale("log")
        axes.margins(x=0.1, y=0.1)
        axes.set(xlabel=axis, ylabel=f"{name}, validation rows", title=f"{name} against {axis}")
        axes.figure.legend(loc="outside right center", fontsize=8, frameon=False)

    return draw
