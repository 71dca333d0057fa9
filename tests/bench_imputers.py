"""What imputers fill in, and what a net gains by them: real tables with one more number in five
taken away at random.

    python -m tests.bench_imputers [birds_mlp credit_mlp storms_mlp]

Error of the filled cells: on the test rows of the recipe's split, in training standard deviations,
mean over columns. Gain: folds inside the other rows, the int8 file of a small net, each against
median with flags, and pipelines of scikit-learn on the same folds.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import catalog, steps
from pipelines.cli.compare import print_comparison
from pipelines.recipe import Candidate
from pipelines.rows.split import split
from pipelines.run import read
from pipelines.steps.step import is_numeric
from pipelines.studies import compare as study
from pipelines.studies.alternatives import Alternatives
from pipelines.studies.workers import Workers
from tests.bench_compare.__main__ import Column
from tests.bench_compare.plain import fold_splits, plain_scores
from tests.bench_compare.small import NAMES, small_form

SHARE = 0.2
SEED = 0
IMPUTERS = (
    steps.ImputeMean(),
    steps.ImputeMedian(),
    steps.ImputeRandom(),
    steps.ImputeNeighbors(),
    steps.ImputeLinear(),
    steps.ImputeAutoencoder(),
)
# The first is what the others are held against.
FILLS = (
    (steps.FlagMissing(), steps.ImputeMedian()),
    (steps.ImputeMedian(),),
    (steps.FlagMissing(), steps.ImputeLinear()),
    (steps.ImputeLinear(),),
    (steps.FlagMissing(), steps.ImputeAutoencoder()),
    (steps.FlagMissing(), steps.ImputeMultiple()),
    (steps.FlagMissing(), steps.ImputeNeighbors()),
    (steps.FlagMissing(), steps.ImputeRandom()),
)


def masked(recipe, folder):
    """Writes the recipe's table with numbers taken away.

    Returns:
        The recipe of the new file, and the rows as they were.
    """
    whole = read(recipe).dataset
    names = [name for name, x in whole.x.items() if is_numeric(x)]
    table = pd.read_csv(recipe.load.source, dtype=str, keep_default_na=False)
    random = np.random.default_rng(SEED)
    for name in names:
        table.loc[random.random(len(table)) < SHARE, name] = ""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{recipe.name}_masked.csv.gz"
    table.to_csv(path, index=False)
    return replace(recipe, load=replace(recipe.load, source=str(path))), whole


def cell_errors(recipe, whole):
    """Returns imputer → (RMSE, mean absolute error) of the cells taken away from test rows."""
    parts = split(read(recipe).dataset, recipe.split)
    truth = split(whole, recipe.split)
    np.testing.assert_array_equal(parts.test.ids, truth.test.ids)
    names = [name for name, x in parts.train.x.items() if is_numeric(x)]
    errors = {}
    for imputer in IMPUTERS:
        fitted = replace(imputer, columns=tuple(names)).fit(parts.train)
        filled = fitted.apply_columns(parts.test.x)
        by_column = []
        for name in names:
            taken = np.isnan(parts.test.x[name]) & ~np.isnan(truth.test.x[name])
            apart = filled[name][taken] - truth.test.x[name][taken]
            by_column.append(apart / np.nanstd(parts.train.x[name]))
        rmse = np.mean([np.sqrt(np.mean(each**2)) for each in by_column])
        mae = np.mean([np.mean(np.abs(each)) for each in by_column])
        errors[type(imputer).__name__] = (rmse, mae)
    return names, errors


def candidates(recipe):
    """Returns median with flags, and what is held against it."""
    small = small_form(recipe)
    before = tuple(
        step
        for step in recipe.prepare
        if not isinstance(step, (steps.FlagMissing, steps.ImputeMedian))
    )
    found = []
    for fill in FILLS:
        words = ", ".join(type(step).__name__ for step in fill)
        found.append(Candidate(words, replace(small, prepare=(*before, *fill))))
    usual, *others = found
    return Alternatives(usual, tuple(others), {})


def gains(recipe, *, folds, most_rows, workers):
    """Returns the comparison over folds inside the rows that are no test rows."""
    found = candidates(recipe)
    with workers.open() as engine:
        usual, *others = study._judge_all(found, folds, most_rows, engine)
    ranked = study._ranked(others, usual.folds[0].deciding)
    return study.Comparison(recipe.name, "impute", repr(recipe.split), 0, usual, ranked, {})


def main():
    """Prints both tables of each recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--folder", type=Path, default=Path("saved_models/masked"))
    parser.add_argument("--most-rows", type=int, default=6_000)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--cells-only", action="store_true")
    options = parser.parse_args()
    workers = Workers(options.engine, folder=options.folder)
    for name in options.names:
        recipe, whole = masked(catalog.RECIPES[name], options.folder)
        names, errors = cell_errors(recipe, whole)
        print(f"{name}: {len(names)} columns of numbers, {SHARE:.0%} more taken away, seed {SEED}")
        for imputer, (rmse, mae) in errors.items():
            print(f"  {imputer:20} RMSE {rmse:.3f} sd, mean absolute error {mae:.3f} sd")
        if not options.cells_only:
            found = gains(
                recipe,
                folds=options.folds,
                most_rows=options.most_rows,
                workers=workers,
            )
            print_comparison(found)
            folds = fold_splits(
                recipe,
                num_folds=options.folds,
                most_rows=options.most_rows,
            )
            plain = plain_scores(
                "impute",
                folds,
                threshold=recipe.judge.threshold,
                metric=found.deciding,
            )
            for words, cell in Column(found, plain).theirs().items():
                print(f"  {words}: {cell}")


if __name__ == "__main__":
    main()
