"""What drawn rows of a rare class are worth to a classifier, on folds. A file collects a line of
JSON a fit, so that folds are added later:

    python -m tests.bench_generate fashion 0 1 2 --to generate.jsonl
    python -m tests.bench_generate italy_power 0 1 2 --to generate.jsonl
    python -m tests.bench_generate credit 0 1 2 --to generate.jsonl
    python -m tests.bench_generate table --to generate.jsonl

Of each set one class of two is made rare among training rows; validation rows, which choose the
epoch, and the fold that is judged on keep theirs. Scores are of the Keras model, differences by the
corrected resampled t-test. A minute of one core a fold. How like real rows drawn ones are:
tests.bench_drawn. Nothing here gates.
"""

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipelines import catalog, timeseries, vision
from pipelines.balance import (
    Diffusion,
    Gan,
    Generate,
    OversampleRandom,
    Smote,
    SmoteNC,
    VariationalAutoencoder,
)
from pipelines.recipe import Recipe
from pipelines.rows.split import SplitRandom
from pipelines.rows.split_fold import SplitFold
from pipelines.run import fit, read, split
from pipelines.studies.corrected import hold_against
from pipelines.tasks import task_of
from pipelines.verify.assess import answers_of

NUM_FOLDS = 5
METRIC = "average_precision"


@dataclass(frozen=True)
class Trial:
    """Rows and the ways to learn from them.

    Attributes:
        ways: Words → recipe.
        dataset: Its rows, of two classes.
        rare: Rows of the second class that are left to learn from.
        most: Rows that are folded at most.
    """

    ways: dict[str, Recipe]
    dataset: object
    rare: int
    most: int = 0


def generators(num_batches):
    """Each kind but WassersteinGan, which takes three times as long; less is learned than by
    default, in seconds a generator.
    """
    return (
        VariationalAutoencoder(width=128, code=8, num_batches=1000),
        Gan(num_batches=num_batches),
        Diffusion(num_batches=num_batches),
    )


def ways_of(plain, augment, *others, num_batches):
    """The recipe with nothing, with augmentation, and with each way of drawing rows."""
    ways = {"nothing": plain}
    if augment:
        ways["augmentation"] = replace(plain, augment=augment)
    for balance in (OversampleRandom(), *others):
        ways[type(balance).__name__] = replace(plain, balance=balance)
    for by in generators(num_batches):
        words = f"Generate(by={type(by).__name__}())"
        ways[words] = replace(plain, balance=Generate(by=by))
    return ways


def fashion():
    """T-shirts, and shirts of which few are left, of 14 × 14 pixels."""
    recipe = catalog.RECIPES["fashion_cnn"]
    load = replace(recipe.load, height=14, width=14, classes=("T-shirt", "shirt"))
    plain = replace(
        recipe,
        load=load,
        split=SplitRandom(),
        build=vision.Cnn(widths=(16, 32), pool_after=(0,), dropout=0.2),
        augment=(),
        training=replace(recipe.training, epochs=8),
    )
    with np.load("data/fashion_mnist_8k.npz") as file:
        pixels = file["x_train"]
        kinds = file["y_train"]
    kept = np.isin(kinds, (0, 6))
    source = {"picture": pixels[kept], "label": (kinds[kept] == 6).astype(np.int64)}
    dataset = read(plain, source).dataset
    return Trial(ways_of(plain, recipe.augment, num_batches=300), dataset, rare=40)


def italy_power():
    """The days of the test file, of which few winter days are left."""
    recipe = catalog.RECIPES["italy_power"]
    plain = replace(
        recipe,
        load=timeseries.LoadTsFiles("data/ItalyPowerDemand_TEST.ts.gz"),
        split=SplitRandom(),
        build=recipe.build.single(),
        augment=(),
        training=replace(recipe.training, epochs=15),
    )
    return Trial(
        ways_of(plain, recipe.augment, Smote(), num_batches=500), read(plain).dataset, rare=15
    )


def credit():
    """Customers, of whom few bad ones are left."""
    recipe = catalog.RECIPES["credit_mlp"]
    plain = replace(
        recipe,
        balance=None,
        build=replace(recipe.build, num_members=1),
        training=replace(recipe.training, epochs=15),
    )
    return Trial(ways_of(plain, (), SmoteNC(), num_batches=500), read(plain).dataset, rare=80)


SETS = {"fashion": fashion, "italy_power": italy_power, "credit": credit}


def thinned(rows, num_rare):
    """The rows, of whose second class the first few are left."""
    rare = np.flatnonzero(rows.y == 1)
    kept = np.concatenate([np.flatnonzero(rows.y == 0), rare[:num_rare]])
    return rows.take(np.sort(kept))


def lines(name, place):
    trial = SETS[name]()
    for words, recipe in trial.ways.items():
        how = SplitFold(SplitRandom(), NUM_FOLDS, place, most=trial.most)
        parts = split(replace(recipe, split=how), trial.dataset)
        train = thinned(parts.train, trial.rare)
        trained = fit(recipe, train, parts.valid)
        target = trained.signature.target
        answers = answers_of(trained, parts.test)
        scores = task_of(target).score(parts.test.y, answers, target)
        share = len(parts.test) / (len(train) + len(parts.valid))
        yield {
            "set": name,
            "fold": place,
            "way": words,
            "metric": METRIC,
            "score": scores[METRIC],
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=[*SETS, "table"])
    parser.add_argument("folds", type=int, nargs="*")
    parser.add_argument("--to", type=Path, default=Path("saved_models/generate.jsonl"))
    given = parser.parse_args()
    if given.what == "table":
        table([json.loads(each) for each in given.to.read_text().splitlines()])
    for fold in given.folds:
        for each in lines(given.what, fold):
            with given.to.open("a") as file:
                print(json.dumps(each), file=file)
            print(each, flush=True)


if __name__ == "__main__":
    main()
