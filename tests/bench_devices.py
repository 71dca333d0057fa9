"""`make devices`: every kind of net on every runtime. Each net is trained for a few epochs, so that
its answers are worth comparing, and shipped for all six targets; each cell is what was measured on
held-out rows, or why there is none.

Bytes, memory and milliseconds do not depend on how long a net was trained; scores do, and are not
what this is about.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pipelines import run, text, timeseries, vision
from pipelines.catalog import RECIPES
from pipelines.recipe import Shipping
from pipelines.report.terminal import print_lines
from pipelines.targets.c.spec import TargetC
from pipelines.targets.ethosu.spec import TargetEthosU
from pipelines.targets.litert.spec import TargetLiteRT
from pipelines.targets.mediapipe.spec import TargetMediaPipe
from pipelines.targets.micro.spec import TargetMicro
from pipelines.targets.web.spec import TargetWeb

TARGETS = (
    TargetLiteRT(),
    TargetMicro(),
    TargetC(),
    TargetMediaPipe(required=False),
    TargetWeb(required=False),
    TargetEthosU(),
)
COLUMNS = ("runs", "form", "agreement", "bytes", "memory", "ms")


def nets():
    """(what, recipe) of every net in the table."""
    birds, fashion, emoji, remarks = (
        RECIPES[name] for name in ("birds_mlp", "fashion_cnn", "emoji_lite0", "remarks_cnn")
    )
    glucose = RECIPES["glucose_mlp"]
    weather = RECIPES["weather_anomaly"]
    remarks = replace(remarks, teacher=None)
    yield "table, dense", shorter(replace(birds, teacher=None), 4)
    yield "picture, CNN", shorter(fashion, 4)
    yield "picture, DS-CNN", shorter(replace(fashion, build=vision.DsCnn()), 4)
    yield "picture, ResNet8", shorter(replace(fashion, build=vision.ResNet8()), 4)
    yield "picture, EfficientNet-Lite0", shorter(emoji, 3)
    yield "text, CNN", shorter(remarks, 4)
    yield "text, LSTM", shorter(replace(remarks, build=text.Lstm()), 4)
    yield "text, transformer", shorter(replace(remarks, build=text.TransformerEncoder()), 4)
    yield "series, temporal convolutions", shorter(replace(glucose, build=timeseries.Tcn()), 3)
    yield "series, LSTM", shorter(replace(glucose, build=timeseries.SeriesLstm()), 3)
    yield (
        "series, GRU",
        shorter(
            replace(
                glucose,
                build=timeseries.SeriesGru(widths=(16,)),
                frame=replace(glucose.frame, window=48),
            ),
            3,
        ),
    )
    yield "series, transformer", shorter(replace(glucose, build=timeseries.PatchTransformer()), 3)
    yield "series, autoencoder", shorter(weather, 10)


def shorter(recipe, epochs):
    """The recipe for all targets, with fewer epochs and nothing trained beside it; the gate stays
    open to scores.
    """
    return replace(
        recipe,
        training=replace(recipe.training, epochs=epochs),
        shipping=Shipping(targets=TARGETS),
        judge=replace(recipe.judge, beside=False, tolerance=1.0),
    )


def lines_of(what, report):
    """One line a target: what ran, in which form, and what it took."""
    rungs = {rung["form"]: rung for rung in report["ladder"]}
    for target in TARGETS:
        rung = rungs[target.form]
        name = type(target).__name__.removeprefix("Target")
        if rung["num_rows"]:
            said = "yes"
        elif rung["latency_ms"] is not None:
            said = "compiled"
        else:
            said = "no"
        if name == "LiteRT":
            floats = f"float32 {rungs['litert_float32']['latency_ms']:.3f} ms"
        else:
            floats = ""
        yield (
            what,
            name,
            said,
            *(
                (
                    rung["form"],
                    "" if rung["agreement"] is None else f"{rung['agreement']:.4f}",
                    f"{rung['size_bytes']:,}",
                    f"{rung['arena_bytes']:,}" if rung["arena_bytes"] else "",
                    "" if rung["latency_ms"] is None else f"{rung['latency_ms']:.3f}",
                )
                if said != "no"
                else ("",) * 5
            ),
            rung["note"] or floats,
        )


def matrix(lines):
    """The same as Markdown, a row a net: agreement with Keras, then bytes, memory and ms, of each
    target.
    """

    def cell(line):
        _, _, said, _, agreement, size, memory, latency, note = line
        if said == "no":
            return "– " + note.removeprefix("not possible: ").partition(";")[0]
        parts = [
            agreement.rstrip("0").rstrip(".") if agreement else "",
            size,
            memory,
            f"{latency} ms",
        ]
        share = [
            f"{part.split('%')[0]} % on it"
            for part in note.split(", ")
            if "of the operators" in part
        ]
        if note.startswith("float32 "):
            floats = f" ({note.removesuffix(' ms')})"
        else:
            floats = ""
        return " · ".join(filter(None, [*parts, *share])) + floats

    names = [type(target).__name__.removeprefix("Target") for target in TARGETS]
    table = ["| net | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for what in dict.fromkeys(line[0] for line in lines):
        cells = {line[1]: cell(line) for line in lines if line[0] == what}
        table.append(f"| {what} | " + " | ".join(cells[name] for name in names) + " |")
    return table


def main():
    only = sys.argv[1:]
    lines = []
    with tempfile.TemporaryDirectory(prefix="devices_") as folder:
        for place, (what, recipe) in enumerate(nets()):
            if only and not any(word in what for word in only):
                continue
            start = time.perf_counter()
            report = run(replace(recipe, name=f"net{place}"), folder=folder).report
            lines += lines_of(what, report)
            print(f"{what}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    headings = ("net", "target", *COLUMNS, "remark")
    print_lines(lines, headings)
    table = ["| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]
    table += ["| " + " | ".join(line) + " |" for line in lines]
    Path("saved_models/devices.md").write_text(
        "\n".join([*matrix(lines), "", *table]) + "\n", encoding="utf-8"
    )
    print(f"{os.cpu_count()} cores; the same table as Markdown: saved_models/devices.md")


if __name__ == "__main__":
    main()
