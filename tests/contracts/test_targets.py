"""Every target: refuses with a reason, or gives files, a cost and the answers of the int8 file."""

from dataclasses import replace

import pytest

from pipelines import catalog, slots
from pipelines.errors import RecipeError
from pipelines.recipe import Judge, Recipe, Shipping
from pipelines.rows.split import SplitGiven
from pipelines.run import fit, judge, prepare, ship
from pipelines.tabular import LoadTable, Mlp
from pipelines.targets.budgets import Cost
from pipelines.training.training import Training
from tests.contracts.samples import members, name_of, table, with_defaults

TARGETS = members(slots.Target)
# What starts a browser, a runner of another vendor or a compiler of a chip is for the full run.
CHEAP = ("TargetLiteRT", "TargetC", "TargetMicro")


def marked():
    """Every target; those that take long are for the full run."""
    cases = []
    for kind in TARGETS:
        marks = ()
        if kind.__name__ not in CHEAP:
            marks = (pytest.mark.full,)
        cases.append(pytest.param(kind, marks=marks, id=kind.__name__))
    return cases


def recipe_for(*targets):
    sample = table()
    return Recipe(
        name="contract",
        about="",
        load=LoadTable("none.csv", "y"),
        split=SplitGiven(),
        encode=sample.encode,
        build=Mlp(widths=(8,), num_members=1, dropout=0.0),
        training=Training(epochs=1, batch_size=24),
        judge=Judge(tolerance=1.0, beside=False),
        shipping=Shipping(targets=targets),
    )


@pytest.fixture(scope="module")
def parts():
    return table().splits()


@pytest.fixture(scope="module")
def trained(parts):
    """One small net, which every target gets."""
    return fit(recipe_for(), parts.train, parts.valid)


def test_words_and_forms_are_unique():
    assert len({kind.word() for kind in TARGETS}) == len(TARGETS)
    assert len({kind.form for kind in TARGETS}) == len(TARGETS)
    assert catalog.TARGETS.keys() == {kind.word() for kind in TARGETS}


@pytest.mark.parametrize("kind", TARGETS, ids=name_of)
def test_a_refusal_has_words_and_is_asked_for(kind, trained):
    reason = with_defaults(kind).refusal(trained.inputs.signature, trained.model)
    assert isinstance(reason, str)
    if reason:
        assert kind.asks_net and len(reason) > 10
    overrides = "refusal" in vars(kind)
    assert not overrides or kind.asks_net


@pytest.mark.parametrize("kind", TARGETS, ids=name_of)
def test_a_budget_that_is_broken_is_named(kind):
    free = with_defaults(kind)
    assert not free.has_budget()
    assert free.broken_budget(Cost(10**9, latency_ms=1e6)) == ""
    held = replace(free, max_bytes=100, max_ms=1.0)
    assert held.has_budget()
    assert held.broken_budget(Cost(100, latency_ms=1.0)) == ""
    assert kind.__name__ in held.broken_budget(Cost(101, latency_ms=1.0))
    assert "ms" in held.broken_budget(Cost(100, latency_ms=1.5))


@pytest.mark.parametrize("kind", marked())
def test_a_budget_is_held_against_the_untrained_net(kind, parts, trained):
    """`cost` is asked before any file of the target was written."""
    target = replace(with_defaults(kind), max_bytes=1)
    if target.refusal(trained.inputs.signature, trained.model):
        return
    with pytest.raises(RecipeError, match=f"breaks a budget: {kind.__name__}: .* bytes"):
        prepare(recipe_for(target), parts.train, parts.valid)


@pytest.mark.parametrize("kind", marked())
def test_refuses_or_climbs(kind, parts, trained):
    recipe = recipe_for(replace(with_defaults(kind), required=False))
    target = recipe.shipping.targets[0]
    shipped = ship(recipe, trained)
    rungs = {rung.form: rung for rung in judge(recipe, shipped, parts.test).rungs}
    rung = rungs[target.form]
    if kind.form in shipped.refused:
        assert len(shipped.refused[kind.form]) > 10 and rung.note
        return
    cost = target.cost(shipped.exported)
    assert cost.size_bytes == rung.size_bytes > 0
    for name, content in target.files(shipped.exported).items():
        assert content and shipped.exported.files[name] == content
    if rung.num_rows:
        one_row = 1 / len(parts.test)  # kernels may round a row at the threshold otherwise
        assert rung.agreement >= rungs["litert_int8"].agreement - one_row
        assert rung.agreement >= 0.9
    else:
        assert rung.note


def test_files_are_the_same_each_time(trained):
    recipe = recipe_for(catalog.TARGETS["c"])
    files = ship(recipe, trained).exported.files_below("c")
    assert files and files == ship(recipe, trained).exported.files_below("c")
