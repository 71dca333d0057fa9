"""How like real rows those are that generators draw, and a picture of them.

    python -m tests.bench_drawn fashion --to drawn.jsonl --picture drawn.png
    python -m tests.bench_drawn italy_power --to drawn.jsonl --picture drawn_series.png
    python -m tests.bench_drawn table --to drawn.jsonl

Each generator learns from training rows and draws the classes of held-out rows. Features are what a
classifier of these training rows computes before its last layer. Nothing here gates.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines import catalog, timeseries, vision
from pipelines.balance import (
    Diffusion,
    Gan,
    Generate,
    VariationalAutoencoder,
    WassersteinGan,
    frechet_distance,
    two_sample_test,
)
from pipelines.rows.parts import HeldOut
from pipelines.rows.split import SplitRandom
from pipelines.run import fit, read, split
from pipelines.steps import to_ports
from pipelines.training.blocks import last_features

SHOWN = 8  # rows of each class in the picture
NUM_BATCH = 256


def fashion():
    """2,000 pictures of ten kinds of clothes, 14 × 14 pixels."""
    recipe = catalog.RECIPES["fashion_cnn"]
    return replace(
        recipe,
        load=replace(recipe.load, height=14, width=14, max_rows=1000),
        split=SplitRandom(test=0.25, valid=0.1),
        build=vision.Cnn(widths=(16, 32), pool_after=(0,), dropout=0.2),
        augment=(),
        training=replace(recipe.training, epochs=10),
    )


def italy_power():
    """1,029 days of electricity, winter or summer."""
    recipe = catalog.RECIPES["italy_power"]
    return replace(
        recipe,
        load=timeseries.LoadTsFiles("data/ItalyPowerDemand_TEST.ts.gz"),
        split=SplitRandom(test=0.4, valid=0.1),
        build=recipe.build.single(),
        augment=(),
        training=replace(recipe.training, epochs=15),
    )


# And how many batches are learned from, fewer than by default: a minute of one core for all.
SETS = {"fashion": (fashion, 1000), "italy_power": (italy_power, 1500)}


def generators(num_batches):
    """Each kind; a step of the Wasserstein net is one of its generator and three of its critic."""
    return (
        VariationalAutoencoder(),
        Gan(num_batches=num_batches),
        WassersteinGan(num_batches=2 * num_batches // 5),
        Diffusion(num_batches=num_batches),
    )


def feature_maker(trained):
    """Raw rows → features of the classifier, float32 [rows, features]."""
    import keras
    import tensorflow as tf

    model = keras.Model(trained.model.input, last_features(trained.model, "logits"))

    @tf.function
    def call(inputs):
        return model(inputs, training=False)

    def features(rows):
        ports = to_ports(trained.signature, rows).x
        parts = []
        for start in range(0, len(rows), NUM_BATCH):
            batch = {name: x[start : start + NUM_BATCH] for name, x in ports.items()}
            parts.append(np.asarray(call(batch)))
        return np.concatenate(parts)

    return features


def held_out(rows):
    """Rows of any part, to be looked at alone."""
    return HeldOut(x=rows.x, y=rows.y, ids=np.arange(len(rows)), schema=rows.schema)


def quality(name, to, picture):
    make, num_batches = SETS[name]
    recipe = make()
    parts = split(recipe, read(recipe).dataset)
    trained = fit(recipe, parts.train, parts.valid)
    features = feature_maker(trained)
    real = features(parts.test)
    [column] = parts.train.x
    sets = {"training rows": held_out(parts.train)}
    seconds = {}
    for by in generators(num_batches):
        start = time.process_time()
        made = Generate(by=by).draw(parts.train, parts.test.y)
        words = type(by).__name__
        seconds[words] = time.process_time() - start
        sets[words] = held_out(made)
        print(words, f"{seconds[words]:.0f} s", flush=True)
    random = np.random.default_rng(0)
    noise = random.permuted(parts.test.x[column], axis=0)  # each value of another row
    sets["values of other rows"] = held_out(replace(parts.test, x={column: noise}))
    for words, rows in sets.items():
        drawn = features(rows)
        test = two_sample_test(real, drawn)
        line = {
            "set": name,
            "rows": words,
            "distance": frechet_distance(real, drawn),
            "accuracy": test.accuracy,
            "p": test.p,
            "as_asked": as_asked(trained, rows),
            "seconds": seconds.get(words),
        }
        with to.open("a") as file:
            print(json.dumps(line), file=file)
        print(line, flush=True)
    sheet = {"held-out rows": parts.test, **sets}
    draw(sheet, column, picture)


def as_asked(trained, rows):
    """The share of rows that the classifier takes for the class that was asked for."""
    from pipelines.verify.assess import answers_of

    labels = np.array(trained.signature.target.labels, object)
    return float(np.mean(answers_of(trained, rows).labels == labels[rows.y]))


def draw(sheet, column, picture):
    """A row of panels, one a set: some rows of each class."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.2 * len(sheet), 2.9))
    axes = figure.subplots(1, len(sheet), sharey=True)
    for ax, (words, rows) in zip(axes, sheet.items(), strict=True):
        ax.set_title(words, fontsize=8)
        ax.axis("off")
        x = np.asarray(rows.x[column])
        if x.ndim == 4:
            ax.imshow(tiles(x, rows.y), cmap="gray", vmin=0, vmax=255)
            continue
        for label in np.unique(rows.y):
            ax.plot(x[rows.y == label][:SHOWN].T, color=f"C{label}", linewidth=0.6)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


def tiles(x, y):
    """One picture, a line of some rows a class."""
    lines = []
    for label in np.unique(y):
        own = x[y == label][:SHOWN, ..., 0]
        lines.append(np.concatenate(list(own), axis=1))
    return np.concatenate(lines, axis=0)


def table(found):
    print("| set | rows | Fréchet distance | found by a classifier | p | class as asked | s |")
    print("|---|---|---|---|---|---|---|")
    for each in found:
        seconds = ""
        if each["seconds"] is not None:
            seconds = f"{each['seconds']:.0f}"
        print(
            f"| {each['set']} | {each['rows']} | {each['distance']:.2f} | {each['accuracy']:.3f} "
            f"| {each['p']:.1g} | {each['as_asked']:.3f} | {seconds} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=[*SETS, "table"])
    parser.add_argument("--to", type=Path, default=Path("saved_models/drawn.jsonl"))
    parser.add_argument("--picture", type=Path, default=Path("saved_models/drawn.png"))
    given = parser.parse_args()
    if given.what == "table":
        table([json.loads(each) for each in given.to.read_text().splitlines()])
    else:
        quality(given.what, given.to, given.picture)


if __name__ == "__main__":
    main()
