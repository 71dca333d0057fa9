"""Recipes print, compare, are overridden and come back from JSON."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.balance import Smote
from pipelines.errors import RecipeError
from pipelines.recipe import Recipe, override, tiny
from pipelines.settings import from_json, to_json
from pipelines.steps import EncodeBins, ImputeMedian, ScaleStandard


@pytest.mark.parametrize("name", catalog.RECIPES)
def test_json_round_trip(name):
    recipe = catalog.RECIPES[name]
    recipe.check()
    again = from_json(json.loads(json.dumps(to_json(recipe))), catalog.SPECS)
    assert again == recipe and repr(again) == repr(recipe) and recipe.name == name
    assert tiny(recipe).training.epochs == 2


def test_only_known_specs_come_of_json():
    for values, words in (
        ({"spec": "Popen", "args": "x"}, "no spec is called 'Popen'"),
        ({"spec": "Smote", "shell": True}, "Smote with shell"),
    ):
        with pytest.raises(RecipeError, match=words):
            from_json(values, catalog.SPECS)


@pytest.mark.parametrize(
    "setting, where, value",
    [
        ("training.epochs=3", lambda r: r.training.epochs, 3),
        ("training.optimizer.learning_rate=1", lambda r: r.training.optimizer.learning_rate, 1.0),
        ("balance=Smote(k_neighbors=3)", lambda r: r.balance, Smote(k_neighbors=3)),
        ("balance=Smote", lambda r: r.balance, Smote()),
        ("balance=None", lambda r: r.balance, None),
        (
            "encode=(ScaleStandard(columns=('height',)), EncodeBins())",
            lambda r: r.encode,
            (ScaleStandard(columns=("height",)), EncodeBins()),
        ),
        ("prepare=ImputeMedian()", lambda r: r.prepare, (ImputeMedian(),)),
        ("load.kinds={'zip': 'categorical'}", lambda r: r.load.kinds, {"zip": "categorical"}),
        ("load.source=a=b.csv", lambda r: r.load.source, "a=b.csv"),
        ("build.widths=8", lambda r: r.build.widths, (8,)),
        ("load.target=2", lambda r: r.load.target, "2"),
        ("build.residual=True", lambda r: r.build.residual, True),
    ],
)
def test_override(setting, where, value):
    before = catalog.RECIPES["credit_mlp"]
    after = override(before, setting, catalog.SPECS)
    assert where(after) == value and after != before
    assert override(after, setting, catalog.SPECS) == after


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_no_setting_runs_code_or_breaks(text):
    try:
        made = override(catalog.RECIPES["birds_mlp"], f"load.source={text}", catalog.SPECS)
    except RecipeError:
        return
    assert isinstance(made, Recipe) and isinstance(made.load.source, str)


@pytest.mark.parametrize(
    "setting",
    [
        "training.epochs=__import__('os').getpid()",
        "training.epochs=1+1",
        "build.normalization=1",
        "training=3",
        "nothing=1",
        "training.epochs.x=1",
        "balance=Smote(3)",
    ],
)
def test_refused(setting):
    with pytest.raises(RecipeError):
        recipe = override(catalog.RECIPES["birds_mlp"], setting, catalog.SPECS)
        recipe.check()
