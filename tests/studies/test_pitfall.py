"""The pitfall of imbalanced-learn's own pages: rows that are resampled before they are split make
folds look better than new rows do (https://imbalanced-learn.org/stable/common_pitfalls.html).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification

from pipelines import tabular
from pipelines.balance import UndersampleRandom
from pipelines.errors import LeakError
from pipelines.rows.split import SplitRandom, split
from pipelines.run import fit, judge, read, ship
from pipelines.studies.crossvalidate import crossvalidate
from pipelines.studies.judged import alone
from pipelines.studies.workers import Workers

NUM_ROWS = 6_000


@pytest.fixture(scope="module")
def rows():
    """One row in ten is of the rare class, and the classes overlap."""
    x, y = make_classification(
        NUM_ROWS,
        n_features=10,
        n_informative=4,
        weights=[0.9],
        flip_y=0.05,
        class_sep=0.6,
        random_state=0,
    )
    columns = {f"x{place}": x[:, place] for place in range(x.shape[1])}
    return pd.DataFrame({**columns, "y": np.where(y, "rare", "common")})


def recipe_of(file):
    recipe = tabular.table_recipe(tabular.LoadTable(str(file), "y"), name="pitfall")
    judge = replace(recipe.judge, deciding="average_precision", peers=False, tolerance=0.05)
    training = replace(recipe.training, epochs=15)
    return alone(replace(recipe, balance=UndersampleRandom(), judge=judge, training=training))


@pytest.mark.full
def test_folds_and_new_rows_agree(rows, tmp_path):
    known, new = rows[: NUM_ROWS // 2], rows[NUM_ROWS // 2 :]
    known.to_csv(tmp_path / "known.csv", index=False)
    recipe = recipe_of(tmp_path / "known.csv")
    folds = crossvalidate(recipe, workers=Workers("local:2", folder=tmp_path))
    splits = split(read(recipe).dataset, SplitRandom(test=0.05))
    shipped = ship(recipe, fit(recipe, splits.train, splits.valid))
    unseen = split(read(recipe, new).dataset, SplitRandom(test=0.9)).test
    unseen = replace(unseen, ids=unseen.ids + NUM_ROWS)
    scores = judge(recipe, shipped, unseen).rungs[-1].scores
    mean = folds.mean("balanced_accuracy")
    print(f"folds {mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}], new rows {scores}")
    # The standard error of a share of some hundred rare rows is about .015.
    assert mean.low - 0.03 < scores["balanced_accuracy"] < mean.high + 0.03


def test_rows_that_were_resampled_first_are_refused(rows):
    """Copies that a balancer makes have no way into a training set whose steps are fitted."""
    recipe = recipe_of("")
    splits = split(read(recipe, rows[:500]).dataset, recipe.split)
    resampled = recipe.balance.resample(splits.train)
    with pytest.raises(LeakError, match="a TrainSet, as it was before balancing"):
        fit(recipe, resampled, splits.valid)
