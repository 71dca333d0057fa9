"""One slot with everything that suits it: what is compared, and what the table states."""

import json
from dataclasses import replace

import pytest

from pipelines import catalog
from pipelines.balance import Smote, WeightByClass
from pipelines.cli.compare import CompareOptions, print_comparison
from pipelines.errors import RecipeError, StepError
from pipelines.recipe import tiny
from pipelines.rows.split import split
from pipelines.run import read
from pipelines.steps import FlagMissing, ImputeMean
from pipelines.studies.alternatives import alternatives
from pipelines.studies.compare import Comparison, MemberFolds, compare
from pipelines.studies.corrected import holm
from pipelines.studies.judged import Judged
from pipelines.studies.workers import Workers

BIRDS = catalog.RECIPES["birds_mlp"]
CREDIT = catalog.RECIPES["credit_mlp"]
PENGUINS = catalog.RECIPES["penguins_mlp"]


def recipes_by_words(found):
    return {each.words: each.recipe for each in found.others}


def test_where_rows_are_redrawn_there_is_no_teacher():
    found = alternatives(BIRDS, "balance")
    assert found.usual.recipe is BIRDS and found.usual.words == "None"
    others = recipes_by_words(found)
    assert others["WeightByClass()"].teacher == BIRDS.teacher
    assert others["OversampleRandom(), no teacher"].teacher is None
    assert others["None, no teacher"] == replace(BIRDS, teacher=None)
    assert "None" not in others


def test_what_does_not_suit_the_columns_is_refused_before_training():
    found = alternatives(CREDIT, "balance")
    assert found.usual.words == "WeightByClass(strength=0.5)"
    assert recipes_by_words(found)["None"].balance is None
    schema = split(read(CREDIT).dataset, CREDIT.split).train.schema
    settled = found.settled(schema)
    assert settled.refused["Smote()"] == "Smote on categorical columns"
    assert "SmoteNC()" in recipes_by_words(settled)


def test_imputers_with_and_without_flags():
    found = alternatives(CREDIT, "impute")
    assert found.usual.words == "FlagMissing(), ImputeMedian()"
    others = recipes_by_words(found)
    assert "flags, ImputeMedian()" not in others  # the recipe as it is
    flagged = others["flags, ImputeMean()"].prepare
    assert flagged[-2:] == (FlagMissing(), ImputeMean())
    assert others["ImputeMean()"].prepare == (*CREDIT.prepare[:2], ImputeMean())
    assert others["ImputeMedian()"].prepare == (*CREDIT.prepare[:2], CREDIT.prepare[3])


def test_losses_that_suit_the_target():
    schema = split(read(PENGUINS).dataset, PENGUINS.split).train.schema
    found = alternatives(PENGUINS, "loss").settled(schema)
    assert "Huber()" in recipes_by_words(found)
    refused = found.refused["Focal()"]
    assert refused.startswith("training.loss=Focal(")
    assert "Focal is a loss of classes" in refused
    # The task's own loss by another name.
    assert not {"UsualLoss()", "WithRules()"} & {*found.refused, *recipes_by_words(found)}


def test_an_unknown_slot_and_one_with_nothing_in_it():
    with pytest.raises(RecipeError, match="--slot prepare"):
        alternatives(BIRDS, "prepare")
    with pytest.raises(RecipeError, match="fills no missing numbers"):
        alternatives(replace(BIRDS, prepare=()), "impute")


def test_a_file_and_a_named_recipe():
    options = CompareOptions(
        data="data/credit_data.csv.gz",
        slot="balance",
        target=["Status"],
        settings=["training.epochs=2"],
    )
    recipe = options.recipe()
    assert recipe.name == "credit_data" and recipe.training.epochs == 2
    assert recipe.load.target == "Status"
    named = CompareOptions(data="credit_mlp", slot="balance", name="mine").recipe()
    assert named == replace(CREDIT, name="mine")


def folds_of(words, scores, *, error=None):
    """A member with the scores, one a fold of 100 rows learned from and 25 judged on."""
    rows = {"train": 80, "valid": 20, "test": 25}
    folds = []
    for score in scores:
        by_metric = {"auc": score, "roc_auc": 0.5, "log_loss": None}
        folds.append(Judged("auc", {"int8": by_metric}, {}, rows, 1000))
    return MemberFolds(words, folds, error)


def comparison_of(*others):
    usual = folds_of("None", [0.5, 0.6, 0.7, 0.8, 0.9])
    refused = {"Smote()": "Smote on categorical columns"}
    return Comparison("mine", "balance", "SplitRandom()", 0, usual, others, refused)


def test_a_difference_that_every_fold_shows_is_none_of_noise(capsys):
    better = folds_of("WeightByClass()", [0.61, 0.7, 0.79, 0.91, 1.0])
    same = folds_of("OversampleRandom()", [0.6, 0.5, 0.7, 0.9, 0.8])
    broken = folds_of("SmoteNC()", [], error=StepError("no\nrows", expected="", fix=""))
    result = comparison_of(better, same, broken)
    found = result.differences()
    assert not found["WeightByClass()"].is_noise and found["OversampleRandom()"].is_noise
    assert list(found) == ["WeightByClass()", "OversampleRandom()"]
    assert result.verdict().startswith("Better than None: WeightByClass(). The other")
    print_comparison(result)
    shown = capsys.readouterr().out
    assert "SmoteNC(): no\n" in shown and "does not suit: Smote on categorical" in shown
    assert "125 rows judged" in shown and "log_loss" not in shown
    written = json.loads(json.dumps(result.to_json()))
    assert [each["words"] for each in written["members"]][0] == "None"


def test_noise_is_stated():
    result = comparison_of(folds_of("Smote()", [0.6, 0.5, 0.7, 0.9, 0.8]))
    assert result.verdict().startswith("All differences from None are noise")
    assert comparison_of().verdict() == "Nothing else could be compared with None."


def test_holm():
    # Statsmodels' multipletests(method="holm") of the same.
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.full
def test_all_that_suits_on_the_same_folds(tmp_path):
    small = tiny(CREDIT)
    recipe = replace(small, name="compared", training=replace(small.training, epochs=1))
    result = compare(
        recipe, "balance", num_folds=2, most_rows=800, workers=Workers("local:2", folder=tmp_path)
    )
    assert {len(member.folds) for member in (result.usual, *result.others) if member.scores} == {2}
    assert "SmoteNC()" in result.differences() and "Smote()" in result.refused
    rows = {tuple(fold.num_rows.values()) for fold in result.usual.folds}
    assert sum(sum(each) for each in rows) in (800, 1600)
    again = compare(
        recipe, "balance", num_folds=2, most_rows=800, workers=Workers("local:1", folder=tmp_path)
    )
    assert again.to_json() == result.to_json()
    written = json.loads((tmp_path / "compared.balance.json").read_text())
    assert written["verdict"] == result.verdict()


def test_members_are_of_the_catalogue():
    words = {each.words for each in alternatives(CREDIT, "balance").others}
    assert {f"{type(each).__name__}()" for each in (Smote(), WeightByClass())} <= words
