"""Small real data and one small bundle that many tests look at."""

from dataclasses import replace

import pandas as pd
import pytest

from pipelines import tabular
from pipelines.recipe import tiny
from pipelines.split import split


@pytest.fixture(scope="session")
def birds():
    """Two thousand bird strikes, a DataFrame as read from the CSV."""
    return pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False).iloc[::9][:2000].reset_index(drop=True)


@pytest.fixture(scope="session")
def birds_recipe():
    return tiny(tabular.BIRDS)


@pytest.fixture(scope="session")
def birds_splits(birds, birds_recipe):
    dataset, _ = birds_recipe.load.read(birds)
    return split(dataset, birds_recipe.split)


@pytest.fixture(scope="session")
def bundle(birds, birds_recipe, tmp_path_factory):
    """The bundle of a tiny run on those bird strikes. Two epochs make a poor model: the ladder's gate is tested
    elsewhere, here it is open."""
    from pipelines import run
    recipe = replace(birds_recipe, judge=replace(birds_recipe.judge, tolerance=1.0))
    return run(recipe, birds, folder=tmp_path_factory.mktemp("models"))
