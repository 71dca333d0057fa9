"""A small study of a real recipe: trained, converted and judged by workers, on inner folds."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.bundle.saved_recipe import load_recipe
from pipelines.errors import RecipeError
from pipelines.recipe import tiny
from pipelines.rows.split import split
from pipelines.run import read
from pipelines.studies import tune as module
from pipelines.studies.tune import tune
from pipelines.studies.tuning.judge import inner_folds
from pipelines.studies.tuning.objectives import Limits
from pipelines.studies.tuning.plan import SearchPlan
from pipelines.studies.workers import Workers

pytest.importorskip("optuna", reason="Optuna is missing: pip install 'pipelines[tune]'")
SEARCH = ("build.num_members=1|2", "training.optimizer.learning_rate=0.001..0.01:log")


@pytest.fixture(scope="module")
def recipe():
    small = tiny(catalog.RECIPES["penguins_mlp"])
    return replace(small, name="tuning", training=replace(small.training, epochs=3))


@pytest.mark.full
def test_a_study_of_three_trials(recipe, tmp_path):
    workers = Workers("local:2", folder=tmp_path)
    result = tune(recipe, SEARCH, num_trials=3, workers=workers)
    assert result.deciding == "rmse"
    assert result.before is result.trials[0]
    assert result.best.score == min(trial.score for trial in result.trials)
    assert all(trial.size_bytes > 1000 and trial.latency_ms > 0 for trial in result.trials)
    assert load_recipe(result.path, catalog.SPECS) == result.recipe
    assert result.recipe.split == recipe.split
    again = tune(recipe, SEARCH, num_trials=3, workers=workers)
    assert again == result
    limits = Limits(max_bytes=min(trial.size_bytes for trial in result.trials))
    (tmp_path / "tuning.trials.log").unlink()
    small = tune(recipe, SEARCH, num_trials=2, plan=SearchPlan(limits=limits), workers=workers)
    assert small.best.size_bytes <= limits.max_bytes
    assert all("before an epoch" in trial.reason for trial in small.pruned)


def test_no_trial_sees_a_test_row(recipe):
    data = read(recipe).dataset
    unseen = split(data, recipe.split).test.ids
    judged = []
    for fold in inner_folds(recipe, 5):
        parts = split(data, fold.split)
        seen = np.concatenate([parts.train.ids, parts.valid.ids, parts.test.ids])
        assert not np.intersect1d(seen, unseen).size
        judged.append(parts.test.ids)
    assert len(np.concatenate(judged)) == len(data) - len(unseen)


def test_one_fold_is_a_fifth():
    recipe = catalog.RECIPES["penguins_mlp"]
    [fold] = inner_folds(recipe, 1)
    assert (fold.split.num, fold.split.place, fold.split.inside) == (5, 0, True)
    assert [each.split.num for each in inner_folds(recipe, 7)] == [7] * 7


def test_without_optuna(recipe, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(RecipeError, match="no Optuna: ") as caught:
        tune(recipe, workers=Workers(folder=tmp_path))
    assert "pipelines[tune]" in caught.value.fix


def test_without_tflm(recipe, tmp_path, monkeypatch):
    where = "pipelines.studies.tuning.objectives.micro_available"
    monkeypatch.setattr(where, lambda: False)
    with pytest.raises(RecipeError, match="arena") as caught:
        tune(recipe, plan=SearchPlan(limits=Limits(max_arena=9)), workers=Workers(folder=tmp_path))
    assert "tflite-micro" in caught.value.fix


def test_no_trials(recipe, tmp_path):
    with pytest.raises(RecipeError, match="0 trials"):
        tune(recipe, num_trials=0, workers=Workers(folder=tmp_path))
    assert not list(tmp_path.iterdir())
    assert module.SearchPlan().shares() == (1.0,)
