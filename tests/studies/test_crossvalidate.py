"""Cross-validation: everything is learned anew in each fold, by workers, and judged on its rows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.bundle.saved_recipe import load_recipe, write_recipe
from pipelines.cli.crossvalidate import print_folds
from pipelines.engine.cache import caching
from pipelines.errors import BundleError, RecipeError, SplitError
from pipelines.recipe import tiny
from pipelines.rows.split import split
from pipelines.rows.split_fold import SplitFold
from pipelines.run import read
from pipelines.studies.crossvalidate import FoldsResult, Tuning, crossvalidate
from pipelines.studies.judged import Judged, judge_once, perform_judged
from pipelines.studies.tuning.judge import inner_folds
from pipelines.studies.workers import Workers
from tests.engine.in_process import in_process


@pytest.fixture(scope="module")
def recipe():
    small = tiny(catalog.RECIPES["penguins_mlp"])
    return replace(small, name="folded", training=replace(small.training, epochs=3))


@pytest.fixture(scope="module")
def result(recipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    with in_process():
        return folder, crossvalidate(recipe, num_folds=2, workers=Workers(folder=folder))


def test_every_row_is_judged_on_once(result):
    _, folds = result
    assert sum(fold.num_rows["test"] for fold in folds.folds) == 342
    assert all(sum(fold.num_rows.values()) == 342 for fold in folds.folds)
    assert folds.deciding == "rmse"
    assert len(folds.values("rmse")) == 2


def test_a_fold_is_the_recipe_with_another_split(recipe, result):
    _, folds = result
    fold = replace(recipe, split=SplitFold(recipe.split, 2, 1))
    alone = judge_once(fold, split(read(fold).dataset, fold.split))
    assert alone.num_rows == folds.folds[1].num_rows
    # Other numbers of threads sum in another order.
    assert alone.score == pytest.approx(folds.folds[1].score, rel=1e-3)


def test_it_is_written_and_taken_again(recipe, result, capsys):
    folder, folds = result
    written = json.loads((folder / "folded.folds.json").read_text())
    assert written["means"]["int8"]["rmse"]["mean"] == pytest.approx(np.mean(folds.values("rmse")))
    with in_process():
        again = crossvalidate(recipe, num_folds=2, workers=Workers(folder=folder))
    assert again == folds


def test_the_table(result, capsys):
    _, folds = result
    print_folds(folds)
    shown = capsys.readouterr().out
    assert "2 folds of SplitRandom" in shown and "342 rows judged" in shown
    assert "rmse of Body Mass (g) decides" in shown
    table = folds.table()
    assert list(table["fold"]) == [0, 1]
    assert list(table["rmse"]) == folds.values("rmse")


def test_a_score_that_a_fold_lacks_has_no_mean():
    scores = {"int8": {"auc": None, "f1": 0.5}, "float32": {"auc": 0.5, "f1": 0.5}}
    rows = {"train": 6, "valid": 2, "test": 2}
    fold = Judged("f1", scores, {}, rows, 1000)
    folds = FoldsResult("name", "split", 0, 2, False, (fold, fold))
    assert folds.metrics() == ["f1"]
    assert folds.test_share == 0.25


def test_peers_are_compared_fold_by_fold(capsys):
    def fold(ours, linear, forest):
        scores = {"int8": {"rmse": ours}, "float32": {"rmse": ours}}
        rows = {"train": 60, "valid": 20, "test": 20}
        peers = {"linear": {"rmse": linear}, "forest": {"rmse": forest}, "odd": {"rmse": None}}
        return Judged("rmse", scores, {}, rows, 1000, peers=peers)

    folds = (fold(10, 12, 9), fold(11, 13.1, 10.2), fold(12, 14.2, 10.9))
    result = FoldsResult("name", "split", 0, 3, False, folds)
    means = result.peer_means()
    assert list(means) == ["forest", "linear"]
    assert means["linear"][1].mean == pytest.approx(2.1) and means["linear"][1].low > 0
    assert means["forest"][1].mean == pytest.approx(-0.9667, abs=1e-3)
    print_folds(result)
    assert "Behind the best plain peer, forest: worse by 0.9667" in capsys.readouterr().out


@pytest.mark.parametrize("knobs", [{"num_folds": 1}, {"repeats": 0}])
def test_no_folds(recipe, knobs, tmp_path):
    with pytest.raises(RecipeError, match="folds"):
        crossvalidate(recipe, **knobs, workers=Workers(folder=tmp_path))


def test_more_folds_than_rows_end_before_a_training(recipe, tmp_path):
    many = replace(recipe, split=SplitFold(recipe.split, 900, 0))
    with caching(tmp_path, "folds"), pytest.raises(SplitError, match="900 folds of 342 rows"):
        perform_judged(many)


def test_a_recipe_in_a_file(recipe, tmp_path):
    path = tmp_path / "mine.json"
    write_recipe(path, recipe)
    assert load_recipe(path, catalog.SPECS) == recipe


@pytest.mark.parametrize("content", ["", "[1]", '{"spec": "Smote"}', '{"spec": "Recipe"}', "{"])
def test_what_is_no_recipe(content, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(BundleError) as caught:
        load_recipe(path, catalog.SPECS)
    assert "mine.json" in caught.value.received
    assert caught.value.expected and caught.value.fix


@pytest.mark.full
def test_nested_folds(recipe, tmp_path, capsys):
    """Each fold is tuned by the rows that it learns from."""
    pytest.importorskip("optuna", reason="Optuna is missing: pip install 'pipelines[tune]'")
    workers = Workers("local:2", folder=tmp_path)
    tuning = Tuning(("build.num_members=1|2", "build.dropout=0.1|0.2"), num_trials=2)
    folds = crossvalidate(recipe, num_folds=2, tuning=tuning, workers=workers)
    assert len(folds.chosen) == 2 and len(folds.folds) == 2
    assert all(set(params) == {"build.num_members", "build.dropout"} for params in folds.chosen)
    place = tmp_path / "folded.folds"
    assert {path.name for path in place.glob("*.json")} == {
        "folded_0_tuned.json",
        "folded_1_tuned.json",
    }
    [first, *_] = sorted(place.glob("*.json"))
    tuned = load_recipe(first, catalog.SPECS)
    assert tuned.split == SplitFold(recipe.split, 2, 0)
    assert str(tuned.build.num_members) == folds.chosen[0]["build.num_members"]
    print_folds(folds)
    assert "fold 1 was tuned to build.num_members=" in capsys.readouterr().out


def test_inner_folds_of_a_fold_leave_its_rows_out(recipe):
    fold = replace(recipe, split=SplitFold(recipe.split, 4, 1))
    data = read(fold).dataset
    outer = split(data, fold.split)
    [inner] = inner_folds(fold, 1)
    parts = split(data, inner.split)
    seen = np.concatenate([parts.train.ids, parts.valid.ids, parts.test.ids])
    assert not np.intersect1d(seen, outer.test.ids).size
    assert sorted(seen) == sorted([*outer.train.ids, *outer.valid.ids])


def test_folds_of_streamed_rows_are_refused_before_a_worker_starts(recipe, tmp_path):
    """For every study that judges on folds, with the way out."""
    from pipelines.studies.diagnosis.fitted import fitted_task
    from pipelines.studies.judged import judged_task
    from pipelines.studies.rehearsed import rehearsed_task
    from pipelines.tabular.memory import Memory

    load = replace(recipe.load, memory=Memory("streamed"))
    streamed = replace(recipe, load=load, teacher=None)
    [fold] = inner_folds(streamed, 1)
    for task in (judged_task, fitted_task, rehearsed_task):
        with pytest.raises(RecipeError, match="folds of rows that are streamed") as error:
            task(fold)
        assert "load.memory.way=whole" in error.value.fix
    with pytest.raises(RecipeError, match="folds of rows that are streamed"):
        crossvalidate(streamed, num_folds=2, workers=Workers(folder=tmp_path))


def test_under_launch_a_fold_is_trained_by_its_worker(recipe):
    """No group is there: the recipe that is chosen by folds is trained by one afterwards."""
    from pipelines.studies.diagnosis.fitted import fitted_task
    from pipelines.studies.judged import judged_task

    training = replace(recipe.training, strategy="multiworker")
    [fold] = inner_folds(replace(recipe, training=training), 1)
    plain = inner_folds(recipe, 1)[0]
    for task in (judged_task, fitted_task):
        assert task(fold).spec["training"]["strategy"] == "one_device"
        assert task(fold) == task(plain)
