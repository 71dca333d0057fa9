"""What drawn rows of rare classes are worth to a classifier, on folds, and how like real rows they
are. A file collects a line of JSON a fit, so that folds are added later:

    python -m tests.bench_generate emoji 0 1 2 3 4 --to generate.jsonl
    python -m tests.bench_generate italy_power 0 1 2 3 4 --to generate.jsonl
    python -m tests.bench_generate birds 0 1 2 3 4 --to generate.jsonl
    python -m tests.bench_generate table --to generate.jsonl
    python -m tests.bench_generate quality

Scores are of the Keras model on the fold that is held out, differences by the corrected resampled
t-test. Two minutes of one core a fold. Nothing here gates.
"""

import argparse
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines import catalog, timeseries, vision
from pipelines.balance import (
    Generate,
    OversampleRandom,
    Smote,
    SmoteNC,
    WeightByClass,
    frechet_distance,
    two_sample_test,
)
from pipelines.rows.split import SplitRandom
from pipelines.rows.split_fold import SplitFold
from pipelines.run import fit, read, split
from pipelines.studies.corrected import hold_against
from pipelines.tasks import task_of
from pipelines.training.blocks import last_features
from pipelines.verify.assess import answers_of
from pipelines.vision.features import compute_features

NUM_FOLDS = 5
RARE_ROWS = 40  # that are left of one of two classes of ItalyPowerDemand, which has 516


def emoji(place):
    """Nine groups of 85 to 386 pictures, 16 × 16 pixels."""
    recipe = catalog.RECIPES["emoji_cnn"]
    plain = replace(
        recipe,
        load=replace(recipe.load, height=16, width=16),
        build=vision.Cnn(widths=(16, 32, 48), pool_after=(0, 1), dropout=0.3),
        augment=(),
        training=replace(recipe.training, epochs=25),
    )
    altered = replace(plain, augment=(vision.AugmentFlip(), vision.AugmentCrop(pixels=2)))
    draw = Generate(num_batches=1500)
    ways = {
        "nothing": plain,
        "OversampleRandom": replace(plain, balance=OversampleRandom()),
        "Generate": replace(plain, balance=draw),
        "augmentation": altered,
        "augmentation, Generate": replace(altered, balance=draw),
    }
    return ways, read(plain).dataset, "macro_f1"


def italy_power(place):
    """The test file alone; of its winter days few are left."""
    recipe = catalog.RECIPES["italy_power"]
    plain = replace(
        recipe,
        load=timeseries.LoadTsFiles("data/ItalyPowerDemand_TEST.ts.gz"),
        split=SplitRandom(),
        build=recipe.build.single(),
        augment=(),
        training=replace(recipe.training, epochs=30),
    )
    dataset = read(plain).dataset
    rare = np.flatnonzero(dataset.y == 1)
    kept = np.sort(np.concatenate([np.flatnonzero(dataset.y == 0), rare[:RARE_ROWS]]))
    dataset = replace(
        dataset,
        x={name: x[kept] for name, x in dataset.x.items()},
        y=dataset.y[kept],
        ids=dataset.ids[kept],
        weight=None,
        part=None,
    )
    ways = {
        "nothing": plain,
        "Smote": replace(plain, balance=Smote()),
        "Generate": replace(plain, balance=Generate(width=128, code=8)),
        "augmentation": replace(plain, augment=recipe.augment),
    }
    return ways, dataset, "average_precision"


def birds(place):
    """At most 3,000 strikes, of which one in ten did damage."""
    recipe = catalog.RECIPES["birds_mlp"]
    plain = replace(
        recipe, balance=None, teacher=None, training=replace(recipe.training, epochs=10)
    )
    ways = {
        "nothing": plain,
        "WeightByClass": replace(plain, balance=WeightByClass()),
        "SmoteNC": replace(plain, balance=SmoteNC()),
        "Generate": replace(plain, balance=Generate()),
    }
    return ways, read(plain).dataset, "average_precision"


SETS = {"emoji": emoji, "italy_power": italy_power, "birds": birds}


def lines(name, place):
    ways, dataset, metric = SETS[name](place)
    for words, recipe in ways.items():
        how = SplitFold(recipe.split, NUM_FOLDS, place, most=3000)
        parts = split(replace(recipe, split=how), dataset)
        trained = fit(recipe, parts.train, parts.valid)
        target = trained.signature.target
        answers = answers_of(trained, parts.test)
        scores = task_of(target).score(parts.test.y, answers, target)
        share = len(parts.test) / (len(parts.train) + len(parts.valid))
        yield {
            "set": name,
            "fold": place,
            "way": words,
            "metric": metric,
            "score": scores[metric],
            "test_share": share,
        }


def table(found):
    """One row a way: the mean, and how far ahead of nothing, with Holm's p."""
    by_set = defaultdict(lambda: defaultdict(dict))
    shares = {}
    for each in found:
        by_set[each["set"], each["metric"]][each["way"]][each["fold"]] = each["score"]
        shares[each["set"]] = each["test_share"]
    print("| set | way | mean | ahead of nothing | 95 % interval | p | folds |")
    print("|---|---|---|---|---|---|---|")
    for (name, metric), ways in by_set.items():
        folds = sorted(set.intersection(*(set(scores) for scores in ways.values())))
        usual = [ways["nothing"][fold] for fold in folds]
        words = [each for each in ways if each != "nothing"]
        others = [[ways[each][fold] for fold in folds] for each in words]
        held = hold_against(usual, others, sign=1, test_share=shares[name])
        print(f"| {name}, {metric} | nothing | {np.mean(usual):.3f} | | | | {len(folds)} |")
        for each, scores, one in zip(words, others, held, strict=True):
            ahead = one.ahead
            print(
                f"| {name} | {each} | {np.mean(scores):.3f} | {ahead.mean:+.3f} | "
                f"{ahead.low:+.3f} to {ahead.high:+.3f} | {one.p_value:.2f} | {len(folds)} |"
            )


def quality():
    """Of emoji: features of a net of our own, of held-out rows against training rows, rows drawn,
    and noise.
    """
    ways, dataset, _ = emoji(0)
    recipe = ways["augmentation"]
    parts = split(replace(recipe, split=SplitFold(recipe.split, NUM_FOLDS, 0)), dataset)
    trained = fit(recipe, parts.train, parts.valid)
    import keras
    import tensorflow as tf

    model = keras.Model(trained.model.input, last_features(trained.model, "logits"))
    call = tf.function(lambda pixels: model({"image": pixels}, training=False))
    # The classes of the held-out rows, so that it is not their shares that differ.
    made = Generate(num_batches=1500).draw(parts.train, parts.test.y).x["picture"]
    random = np.random.default_rng(0)
    sets = {
        "training rows": parts.train.x["picture"],
        "drawn rows": made,
        "noise": random.integers(0, 256, made.shape, np.uint8),
    }
    real = compute_features(call, parts.test.x["picture"])
    print("| against held-out rows | Fréchet distance | found by a classifier | p |")
    for words, pixels in sets.items():
        features = compute_features(call, pixels)
        found = two_sample_test(real, features)
        distance = frechet_distance(real, features)
        print(f"| {words} | {distance:.2f} | {found.accuracy:.3f} | {found.p:.1g} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=[*SETS, "table", "quality"])
    parser.add_argument("folds", type=int, nargs="*")
    parser.add_argument("--to", type=Path, default=Path("saved_models/generate.jsonl"))
    given = parser.parse_args()
    if given.what == "quality":
        quality()
    elif given.what == "table":
        table([json.loads(each) for each in given.to.read_text().splitlines()])
    for fold in given.folds:
        for each in lines(given.what, fold):
            with given.to.open("a") as file:
                print(json.dumps(each), file=file)
            print(each, flush=True)


if __name__ == "__main__":
    main()
