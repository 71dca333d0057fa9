"""Every balancer, and every step that fills numbers, through a real recipe to an int8 file that
scores and answers as Keras does; or a refusal with its reason. The slots of training are in
tests/training/test_to_int8.py, ensembles in tests/training/ensembles/test_shipped.py.
"""

from dataclasses import replace
from functools import cache

import pytest

from pipelines import catalog, slots
from pipelines.errors import PipelineError
from pipelines.run import fit, frame, judge, read, ship, split
from pipelines.slots import Step
from pipelines.steps import FlagMissing, ImputeMedian
from tests.contracts.samples import members, name_of, with_defaults

NUMBERS = ("Seniority", "Time", "Age", "Expenses", "Income", "Assets", "Debt", "Amount", "Price")
CATEGORIES = ("Home", "Marital", "Records", "Job")
# Columns of credit_mlp; () are all of them.
COLUMNS = ((), NUMBERS, CATEGORIES)
# Average precision of its 891 test rows, of which .28 are bad; of some columns alone less.
LEAST = {(): 0.6, NUMBERS: 0.5, CATEGORIES: 0.4}
# What leaves out rows of the frequent class by where they lie moves the border into the rare one.
LEAVES_OUT = {"NearMiss": 0.3, "ClusterCentroids": 0.3}
FILLS = [kind for kind in members(Step) if kind.fills_numbers]


def small(columns=()):
    """credit_mlp of some columns as one small net for LiteRT alone."""
    recipe = catalog.override(
        catalog.RECIPES["credit_mlp"],
        "teacher=None",
        "balance=None",
        "build=Mlp(widths=(32,), num_members=1)",
        "training.epochs=12",
        "judge.peers=False",
        "judge.beside=False",
    )
    if columns == NUMBERS:  # a flag is no number
        prepare = [step for step in recipe.prepare if not isinstance(step, FlagMissing)]
        recipe = replace(recipe, prepare=tuple(prepare))
    load = replace(recipe.load, columns=columns)
    targets = catalog.targets_named("litert")
    return replace(recipe, load=load, shipping=replace(recipe.shipping, targets=targets))


@cache
def rows(columns):
    """The splits of credit_mlp."""
    recipe = small(columns)
    return frame(recipe, split(recipe, read(recipe).dataset))


def assert_ships(recipe, least):
    """Trains, ships and judges."""
    splits = rows(recipe.load.columns)
    recipe.check()
    trained = fit(recipe, splits.train, splits.valid)
    evaluation = judge(recipe, ship(recipe, trained), splits.test)
    assert evaluation.failed == ""
    int8 = {rung.form: rung for rung in evaluation.rungs}["litert_int8"]
    print(int8.scores["average_precision"], int8.agreement)
    assert int8.agreement >= 0.98
    assert int8.scores["average_precision"] >= least


@pytest.mark.full
@pytest.mark.parametrize("kind", FILLS, ids=name_of)
def test_what_fills_numbers(kind):
    recipe = small()
    filled = with_defaults(kind)
    prepare = [filled if isinstance(step, ImputeMedian) else step for step in recipe.prepare]
    assert filled in prepare
    assert_ships(replace(recipe, prepare=tuple(prepare)), LEAST[()])


@pytest.mark.full
@pytest.mark.parametrize("kind", members(slots.Balancer), ids=name_of)
def test_balancers(kind):
    """Of all columns, or else of the kind that it works on: the others it refuses, with a fix."""
    balancer = with_defaults(kind, of=catalog.balance.UndersampleRandom())
    refused = []
    for columns in COLUMNS:
        recipe = replace(small(columns), balance=balancer)
        least = LEAVES_OUT.get(kind.__name__, LEAST[columns])
        try:
            assert_ships(recipe, least)
            break
        except PipelineError as error:
            assert error.expected and error.fix
            assert f"{kind.__name__} on " in error.received
            refused.append(columns)
    assert len(refused) < len(COLUMNS)
