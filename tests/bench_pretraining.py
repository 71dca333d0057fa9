"""Learning from few labels, with pretraining on all training rows and without: the deciding metric
on the test rows (accuracy, of texts average precision) for 1 %, 10 % and 100 % of the labels, of
the Keras model and with --int8 of every form. A seed draws the validation rows, the labels that are
kept and the weights. A file collects a line of JSON a net, so that seeds are added later:

    python -m tests.bench_pretraining fashion 0 1 2 --to curve.jsonl
    python -m tests.bench_pretraining italy_power 0 1 2 3 4 --to curve.jsonl
    python -m tests.bench_pretraining remarks 0 1 2 --to curve.jsonl
    python -m tests.bench_pretraining table --to curve.jsonl

Of pictures a seed takes about five minutes of one core, of series one. Nothing here gates.
"""

import argparse
import json
from collections import defaultdict
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from scipy import stats

from pipelines import catalog, text, timeseries, vision
from pipelines.rows.split import SplitGiven, SplitRandom
from pipelines.run import fit, judge, read, ship, split
from pipelines.targets.litert.spec import TargetLiteRT
from pipelines.tasks import task_of
from pipelines.training.blocks import copy_weights
from pipelines.training.optimizers import AdamW
from pipelines.verify.assess import answers_of

# Share of the labels → epochs and batch: some hundred steps for each, as few rows make few.
SHARES = {0.01: (60, 8), 0.1: (25, 32), 1.0: (10, 64)}
PRETRAINED = {}  # seed → weights, as all shares of the labels have the same rows


class OnceASeed:
    """Pretrains once a seed; stands before the kind of pretraining that does it."""

    def warm_up(self, model, *rows, **goal):
        seed = goal["training"].seed
        if seed in PRETRAINED:
            copy_weights(PRETRAINED[seed], model)
            return
        super().warm_up(model, *rows, **goal)
        import keras

        kept = keras.models.clone_model(model)
        copy_weights(model, kept)
        PRETRAINED[seed] = kept


@dataclass(frozen=True)
class ContrastiveOnce(OnceASeed, vision.ContrastivePretraining):
    """Of pictures."""


@dataclass(frozen=True)
class MaskedOnce(OnceASeed, timeseries.MaskedSeriesPretraining):
    """Of series."""


@dataclass(frozen=True)
class MaskedTextsOnce(OnceASeed, text.MaskedPretraining):
    """Of texts."""


def fashion(seed, share):
    recipe = catalog.RECIPES["fashion_few_labels"]
    epochs, batch_size = SHARES[share]
    known = {field.name: vars(recipe.build)[field.name] for field in fields(recipe.build)}
    return ContrastiveOnce(**known), replace(
        recipe,
        build=recipe.build.net,
        split=SplitGiven(valid=0.05, seed=seed, labelled=share),
        training=replace(recipe.training, epochs=epochs, batch_size=batch_size),
    )


def italy_power(seed, share):
    """The test file alone, 1,029 days: the official training file has 67."""
    recipe = catalog.RECIPES["italy_power"]
    epochs, batch_size = SHARES[share]
    net = recipe.build.single()
    pretrained = MaskedOnce(net=net, epochs=60, learning_rate=3e-3)
    return pretrained, replace(
        recipe,
        build=net,
        load=timeseries.LoadTsFiles("data/ItalyPowerDemand_TEST.ts.gz"),
        split=SplitRandom(test=0.3, valid=0.1, seed=seed, labelled=share),
        training=replace(recipe.training, epochs=epochs, batch_size=batch_size),
    )


def remarks(seed, share):
    """A transformer, and no teacher: it would answer for rows whose labels are hidden."""
    recipe = catalog.RECIPES["remarks_cnn"]
    epochs, batch_size = SHARES[share]
    net = text.TransformerEncoder()
    return MaskedTextsOnce(net=net), replace(
        recipe,
        build=net,
        teacher=None,
        split=SplitRandom(test=0.2, valid=0.1, seed=seed, labelled=share),
        training=replace(recipe.training, epochs=epochs, batch_size=batch_size),
    )


SETS = {"fashion": fashion, "italy_power": italy_power, "remarks": remarks}


def line(name, seed, share, *, is_pretrained, rate, has_int8):
    build, recipe = SETS[name](seed, share)
    recipe = replace(
        recipe,
        training=replace(recipe.training, seed=seed, optimizer=AdamW(learning_rate=rate)),
        judge=replace(recipe.judge, threshold="none", tolerance=1.0, peers=False, beside=False),
        shipping=replace(recipe.shipping, targets=(TargetLiteRT(),)),
    )
    if is_pretrained:
        recipe = replace(recipe, build=build)
    parts = split(recipe, read(recipe).dataset)
    trained = fit(recipe, parts.train, parts.valid)
    target = trained.signature.target
    metric = recipe.judge.deciding
    answers = answers_of(trained, parts.test)
    scores = {metric: task_of(target).score(parts.test.y, answers, target)[metric]}
    if has_int8:
        rungs = judge(recipe, ship(recipe, trained), parts.test).rungs
        scores |= {rung.form: rung.scores[metric] for rung in rungs if rung.scores}
    return {
        "set": name,
        "seed": seed,
        "share": share,
        "rows": len(parts.train),
        "pretrained": is_pretrained,
        "rate": rate,
        "valid": trained.validation_score,
        "metric": metric,
        **scores,
    }


def table(lines):
    """One row a share: means over seeds, and the paired difference with its 95 % interval."""
    found = defaultdict(dict)
    for each in lines:
        key = (each["set"], each["share"], each["rows"])
        found[key][each["pretrained"], each["seed"]] = each[each["metric"]]
    print("| set | labels | from scratch | pretrained | difference | 95 % interval | seeds |")
    print("|---|---|---|---|---|---|---|")
    for (name, share, rows), scores in sorted(found.items()):
        seeds = sorted(seed for is_pretrained, seed in scores if is_pretrained)
        scratch = np.array([scores[False, seed] for seed in seeds])
        pretrained = np.array([scores[True, seed] for seed in seeds])
        gain = pretrained - scratch
        half = stats.t.ppf(0.975, len(gain) - 1) * stats.sem(gain)
        print(
            f"| {name} | {share:.0%}, {rows:,} | {scratch.mean():.3f} | {pretrained.mean():.3f} | "
            f"{gain.mean():+.3f} | {gain.mean() - half:+.3f} to {gain.mean() + half:+.3f} | "
            f"{len(seeds)} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=[*SETS, "table"])
    parser.add_argument("seeds", type=int, nargs="*")
    parser.add_argument("--to", type=Path, default=Path("saved_models/pretraining.jsonl"))
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--shares", type=float, nargs="*", default=list(SHARES))
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--pretrained", type=int, nargs="*", default=[0, 1])
    given = parser.parse_args()
    if given.what == "table":
        table([json.loads(each) for each in given.to.read_text().splitlines()])
        return
    for seed in given.seeds:
        for share in given.shares:
            for is_pretrained in map(bool, given.pretrained):
                row = line(
                    given.what,
                    seed,
                    share,
                    is_pretrained=is_pretrained,
                    rate=given.rate,
                    has_int8=given.int8,
                )
                with given.to.open("a") as file:
                    print(json.dumps(row), file=file)
                print(row, flush=True)


if __name__ == "__main__":
    main()
