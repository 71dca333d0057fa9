"""Spaces: what is written for --search, the recipe's own values, what is searched by default."""

from pathlib import Path

import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.settings import override
from pipelines.slots import Network
from pipelines.studies.tuning.parse import parse_search
from pipelines.studies.tuning.space import Choice, Range, params_of, turn_all
from pipelines.studies.tuning.usual import USUAL, usual_space

PENGUINS = catalog.RECIPES["penguins_mlp"]
CREDIT = catalog.RECIPES["credit_mlp"]
RATE = "training.optimizer.learning_rate"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{RATE}=0.0003..0.01:log", Range(RATE, 0.0003, 0.01, True, False)),
        (f"{RATE}=1..2", Range(RATE, 1.0, 2.0, False, False)),
        (f"{RATE}=1e-4 .. 1e-2 :log", None),
        ("training.epochs=3..30", Range("training.epochs", 3, 30, False, True)),
        ("build.widths=16..128:log", Range("build.widths", 16, 128, True, True)),
        ("build.dropout", Range("build.dropout", 0, 0.95, False, False)),
        ("build.num_members", Range("build.num_members", 1, 64, False, True)),
        ("build.normalization", Choice("build.normalization", ("True", "False"))),
        ("balance=None | SmoteNC(k_neighbors=3)", None),
        ("build.activation=relu|'tanh'", Choice("build.activation", ("relu", "'tanh'"))),
        ("build.widths=(64, 32)|(9,)", Choice("build.widths", ("(64, 32)", "(9,)"))),
    ],
)
def test_what_is_written_is_a_dimension(text, wanted):
    if wanted is None:
        with_spaces = parse_search([text], CREDIT)[0]
        assert with_spaces == parse_search([text.replace(" ", "")], CREDIT)[0]
    else:
        assert parse_search([text], CREDIT) == (wanted,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("build.droput=0..0.5", "build.dropout"),
        ("build.droput", "build.dropout"),
        ("training.learning_rate=0.1|0.2", "training.optimizer.learning_rate"),
        ("build.dropout=0..2", "0.95"),
        ("build.dropout=0.5..0.1", "lower end first"),
        ("build.dropout=0..0.5:log", "above 0"),
        ("build.dropout=0.5", "two or more"),
        ("build.dropout=0.5|0.5", "two or more"),
        ("build.dropout=", "a float"),
        ("training.epochs", "15..240:log"),
        ("build.widths", "build.widths=A|B"),
        ("balance", "balance=A|B"),
        ("balance=None|Smotenc()", "SmoteNC"),
        ("name.more=1..2", "no knob"),
    ],
)
def test_what_cannot_be_searched(text, words):
    with pytest.raises(RecipeError) as caught:
        parse_search([text], CREDIT)
    assert words in str(caught.value)


def test_a_knob_twice():
    with pytest.raises(RecipeError, match="twice"):
        parse_search(["build.dropout", "build.dropout=0..0.5"], CREDIT)


def test_an_unknown_knob_has_the_error_of_set():
    with pytest.raises(RecipeError) as wanted:
        override(CREDIT, "build.droput=0", catalog.SPECS, what="recipe 'credit_mlp'")
    with pytest.raises(RecipeError) as caught:
        parse_search(["build.droput"], CREDIT)
    assert str(caught.value) == str(wanted.value)


def test_a_slot_is_turned_before_the_knobs_below_it():
    space = parse_search(["build.dropout=0..0.5", "build=Mlp()|Mlp(widths=(8,))"], CREDIT)
    turned = turn_all(CREDIT, space, {"build.dropout": 0.25, "build": "Mlp(widths=(8,))"})
    assert (turned.build.widths, turned.build.dropout) == ((8,), 0.25)


def test_the_recipes_own_values():
    space = parse_search([f"{RATE}=0.0001..0.1:log", "build.num_members=2|4"], PENGUINS)
    assert params_of(PENGUINS, space) == {RATE: 3e-3, "build.num_members": "2"}
    assert params_of(CREDIT, space) is None


def test_every_network_has_its_line():
    """A network that is new is searched by its rate, decay and dropout, until it has a line."""
    wrappers = {"BalancedHead", "MaskedPretraining", "EarlierModel", "KerasApplication"}
    networks = {spec for spec in catalog.SPECS if issubclass(spec, Network)}
    named = {spec for spec in networks if spec.__name__ not in wrappers}
    assert set(USUAL) <= named


@pytest.mark.parametrize("name", catalog.RECIPES)
def test_the_usual_space_of_a_named_recipe(name):
    recipe = catalog.RECIPES[name]
    source = str(vars(recipe.load).get("source"))
    if source.startswith("/usr/share") and not Path(source).exists():
        pytest.skip("needs the whole of Fashion-MNIST: apt-get install dataset-fashion-mnist")
    space = usual_space(recipe)
    assert len(space) <= 8
    assert len(space) >= 3 or recipe.build.solves
    for dimension in space:
        dimension.check(recipe)
        for value in dimension.ends():
            dimension.turn(recipe, value).check()
    own = params_of(recipe, space)
    assert turn_all(recipe, space, own) == recipe


def test_a_network_that_is_solved_and_has_no_line(monkeypatch):
    recipe = catalog.RECIPES["gun_point_minirocket"]
    monkeypatch.delitem(USUAL, type(recipe.build))
    with pytest.raises(RecipeError, match="no space is known") as caught:
        usual_space(recipe)
    assert "--search" in caught.value.fix


def test_classes_are_balanced_and_numbers_are_not():
    assert any(each.knob == "balance" for each in usual_space(CREDIT))
    assert not any(each.knob == "balance" for each in usual_space(PENGUINS))


@pytest.mark.parametrize("network", USUAL, ids=lambda network: network.__name__)
def test_the_usual_dimensions_are_within_the_limits(network):
    from dataclasses import replace

    recipe = replace(CREDIT, build=network())
    for usual in USUAL[network]:
        dimension = usual.of(recipe)
        if dimension is not None:
            dimension.check(recipe)
