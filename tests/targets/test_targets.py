"""Targets and their budgets: refused before an epoch, gated at the end, told in the report."""

from dataclasses import replace

import pytest

from pipelines import catalog, run
from pipelines.catalog import override
from pipelines.errors import RecipeError
from pipelines.recipe import Shipping, tiny
from pipelines.targets.budgets import Cost, broken_budgets
from pipelines.targets.c.spec import TargetC
from pipelines.targets.litert.spec import TargetLiteRT
from pipelines.targets.micro.spec import TargetMicro
from pipelines.verify.ladder import unscored
from tests.folders import left_in

PENGUINS = tiny(catalog.RECIPES["penguins_mlp"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One for several runs: stages that they share are made once."""
    return tmp_path_factory.mktemp("models")


@pytest.mark.parametrize(
    "budget, words",
    [
        ("TargetMicro(max_bytes=2000)", r"TargetMicro: [\d,]+ bytes where the budget is 2,000"),
        ("TargetMicro(max_arena_bytes=500)", r"[\d,]+ bytes of memory where the budget is 500"),
        ("TargetLiteRT(max_ms=0.0001)", "ms a row where the budget is 0.0001"),
    ],
)
def test_a_budget_is_checked_before_an_epoch(budget, words, folder, capfd):
    recipe = override(PENGUINS, f"shipping.targets=({budget},)")
    with pytest.raises(RecipeError, match=f"the untrained net breaks a budget: .*{words}"):
        run(recipe, folder=folder)
    assert "train:" not in capfd.readouterr().err and not left_in(folder)


def test_a_budget_is_of_the_net_that_ships(tmp_path, capfd):
    """What pruning will take away is taken away before the untrained net is asked; and then it is
    gated, and told.
    """
    recipe = override(
        PENGUINS,
        "build.widths=(128, 128)",
        "build.num_members=1",
        "judge.tolerance=1.0",
        "shipping.targets=(TargetMicro(max_bytes=9000),)",
        "shipping.probabilities=none",
    )
    with pytest.raises(RecipeError, match="the untrained net breaks a budget"):
        run(recipe, folder=tmp_path)
    report = run(
        override(recipe, "shipping.compress=(PruneChannels(share=0.75, epochs=1),)"),
        folder=tmp_path,
    ).report
    assert [step["what"].split("(")[0] for step in report["compression"]] == [
        "as trained",
        "PruneChannels",
    ]
    assert report["compression"][1]["num_weights"] < 0.5 * report["compression"][0]["num_weights"]
    assert report["ladder"][2]["size_bytes"] <= 9000 and "PruneChannels" in capfd.readouterr().err


def test_what_a_target_lacks_is_told_before_an_epoch(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("PIPELINES_NODE_MODULES", str(tmp_path / "none"))
    recipe = override(PENGUINS, "shipping.targets=(TargetWeb(),)")
    with pytest.raises(RecipeError, match="no LiteRT.js in .*npm install"):
        run(recipe, folder=tmp_path)
    with pytest.raises(RecipeError, match="MediaPipe Tasks classifies pictures and texts"):
        run(override(PENGUINS, "shipping.targets=(TargetMediaPipe(),)"), folder=tmp_path)
    assert "train:" not in capfd.readouterr().err and not left_in(tmp_path)
    optional = override(
        PENGUINS,
        "judge.tolerance=1.0",
        "shipping.targets=(TargetWeb(required=False), TargetMediaPipe(required=False))",
    )
    report = run(optional, folder=tmp_path).report
    notes = {rung["form"]: rung["note"] for rung in report["ladder"]}
    assert (
        "not possible: no LiteRT.js" in notes["web"]
        and "not possible: MediaPipe" in notes["mediapipe"]
    )
    assert list(report["scores"]) == ["keras", "litert_float32", "litert_int8"]


def test_a_budget_is_gated_at_the_end():
    rungs = [unscored("litert_int8", 5000, ""), unscored("micro_int8", 5000, "", arena_bytes=900)]
    assert (
        broken_budgets((TargetLiteRT(max_bytes=5000), TargetMicro(max_arena_bytes=900)), rungs)
        == ""
    )
    assert "900 bytes of memory" in broken_budgets(
        (TargetMicro(max_arena_bytes=899), TargetC(max_bytes=1)), rungs
    )
    assert (
        TargetLiteRT(max_ms=1.0).broken_budget(Cost(1, latency_ms=None)) == ""
    )  # what is not known breaks nothing


def test_targets_are_chosen_and_listed_once():
    assert [type(each) for each in Shipping(targets=()).runs_on()] == [TargetLiteRT]
    with pytest.raises(RecipeError, match="each target once"):
        replace(
            PENGUINS, shipping=Shipping(targets=(TargetMicro(), TargetMicro(max_ms=1.0)))
        ).check()
    with pytest.raises(RecipeError, match="shipping.targets holds 'micro'"):
        replace(PENGUINS, shipping=Shipping(targets=("micro",))).check()
    with pytest.raises(RecipeError, match="shipping.probabilities='often'"):
        override(PENGUINS, "shipping.probabilities=often").check()
