"""Own data: the source is read once, and a recipe that misses its gate gives way to the next."""

import sys
from dataclasses import replace

import pytest

from pipelines.cli.own_recipe import OwnDataOptions
from pipelines.cli.table import ColumnOptions
from pipelines.compress.quantize_aware import QuantizeAware
from pipelines.errors import RecipeError, VerifyError
from pipelines.recipe import Candidate, Tried
from pipelines.rows.split import SplitGrouped
from pipelines.studies import choose as choosing
from pipelines.tabular import LoadTable, Mlp, table_recipe
from pipelines.tabular.memory import Memory
from pipelines.text import AttentionDecoder, LoadTexts, text_candidates
from pipelines.timeseries import MiniRocket

RECIPE = table_recipe(LoadTable("data/penguins.csv.gz", "Body Mass (g)"), name="penguins")
LINEAR = replace(RECIPE, build=Mlp(widths=()))


@pytest.fixture
def ran(monkeypatch):
    """Recipes in the order in which they are run; the first two miss their gate."""
    recipes = []

    def run(recipe, *, folder, data, callbacks):
        recipes.append(recipe)
        assert len(data.dataset) == 342
        if len(recipes) <= 2:
            raise VerifyError("too much is lost", expected="less", fix="train longer")

    def choose(candidates, **knobs):
        return [candidate.recipe for candidate in candidates]

    # The package's `run` is the function; its module has the same name.
    monkeypatch.setattr(sys.modules["pipelines.run"], "run", run)
    monkeypatch.setattr(choosing, "choose", choose)
    return recipes


def train(*recipes, tmp_path):
    options = OwnDataOptions(folder=tmp_path, name="penguins")
    options.train_best([Candidate("a net", recipe) for recipe in recipes])


def test_after_the_best_comes_training_with_rounding_and_then_the_next(ran, tmp_path, capfd):
    train(RECIPE, LINEAR, tmp_path=tmp_path)
    assert [recipe.build for recipe in ran] == [RECIPE.build, RECIPE.build, LINEAR.build]
    assert [recipe.shipping.compress for recipe in ran] == [(), (QuantizeAware(),), ()]
    shown = capfd.readouterr()
    assert shown.err.count("too much is lost; the next best recipe is taken") == 2
    assert shown.out.count("342 rows; target") == 1


def test_if_none_passes_the_last_error_is_raised(ran, tmp_path):
    with pytest.raises(VerifyError, match="too much is lost"):
        train(RECIPE, tmp_path=tmp_path)
    assert len(ran) == 2


def test_a_network_that_no_epochs_train_is_not_trained_with_rounding():
    solved = replace(RECIPE, build=MiniRocket())
    assert choosing.in_order_to_run([solved, LINEAR]) == [solved, LINEAR]


def test_a_recipe_that_was_run_before_is_named_in_the_report():
    tried = tuple(Tried(words, 0.5, 1, 10) for words in ("dense net", "linear net"))
    recipe = replace(RECIPE, tried=tried)
    noted = choosing.with_missed(recipe, {"linear net": "int8 lost 0.02 of mase"})
    assert noted.tried[0] == tried[0]
    assert noted.tried[1].note == "run before this one: int8 lost 0.02 of mase"


def test_a_knob_of_the_loader_is_turned_before_a_recipe_is_made_for_it():
    columns = ColumnOptions(target=["Body Mass (g)"], settings=["load.group=('Island',)"])
    penguins = columns.candidates("data/penguins.csv.gz", "penguins")
    assert [type(each.recipe.split) for each in penguins] == [SplitGrouped] * len(penguins)
    spelled = OwnDataOptions(settings=["load.target_kind=characters", "training.epochs=2"])
    load = spelled.turned_load(LoadTexts("dates.csv", "written", "iso"))
    builds = [type(each.recipe.build) for each in text_candidates(load)]
    assert AttentionDecoder in builds
    with pytest.raises(RecipeError, match="no knob 'load.target_kid'"):
        OwnDataOptions(settings=["load.target_kid=characters"]).turned_load(load)


def test_a_second_training_of_streamed_rows_is_refused_where_it_is_asked_for(ran, tmp_path):
    """The usual recipe trains once on them; what a user sets is not left out without a word."""
    load = replace(RECIPE.load, memory=Memory("streamed"))
    twice = replace(RECIPE.training, refit=True)
    usual = Candidate("a net", replace(RECIPE, load=load, training=twice))
    options = OwnDataOptions(folder=tmp_path, name="penguins", settings=["training.refit=True"])
    with pytest.raises(RecipeError, match="refit=True on rows that are streamed"):
        options.train_best([usual])
    once = OwnDataOptions(folder=tmp_path, name="penguins")._learning_once(usual)
    assert not once.recipe.training.refit
