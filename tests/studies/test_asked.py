"""Candidates that the targets refuse are left out before a fold is trained."""

from dataclasses import replace

import pytest

from pipelines.errors import RecipeError
from pipelines.recipe import Candidate
from pipelines.run import read
from pipelines.studies import asked
from pipelines.studies.asked import without_refused
from pipelines.tabular import LoadTable, Mlp, table_recipe
from pipelines.targets.c.spec import TargetC

USUAL = table_recipe(LoadTable("data/penguins.csv.gz", "Body Mass (g)"), name="penguins")


@pytest.fixture
def rehearsed(monkeypatch):
    """The widths of the nets that the targets were asked about; two layers are refused."""
    found = []

    def rehearse(recipe, inputs):
        assert len(inputs.train_rows) > 100
        found.append(recipe.build.widths)
        if len(recipe.build.widths) > 1:
            raise RecipeError(
                f"{recipe.build.widths} is over a budget", expected="less", fix="less"
            )

    monkeypatch.setattr(asked, "rehearse", rehearse)
    return found


def candidates(*widths, shipping=USUAL.shipping):
    recipe = replace(USUAL, shipping=shipping)
    return [Candidate(f"net {each}", replace(recipe, build=Mlp(widths=each))) for each in widths]


def limited():
    return replace(USUAL.shipping, targets=(TargetC(max_flash_bytes=20000),))


def test_those_over_a_budget_are_left_out_and_named(rehearsed, capfd):
    given = candidates((64, 32), (8,), (), shipping=limited())
    assert without_refused(given, read(USUAL)) == given[1:]
    assert rehearsed == [(64, 32), (8,), ()]
    notice = "net (64, 32): left out before training: (64, 32) is over a budget"
    shown = " ".join(capfd.readouterr().err.split())
    assert notice in shown and "is left;" not in shown
    assert without_refused(given[:2], read(USUAL)) == given[1:2]
    shown = " ".join(capfd.readouterr().err.split())
    assert "net (8,): the one that is left; it is taken without folds" in shown


def test_if_all_are_over_it_the_error_is_that_of_the_usual_one(rehearsed):
    given = candidates((64, 32), (16, 8), shipping=limited())
    with pytest.raises(RecipeError, match=r"\(64, 32\) is over a budget"):
        without_refused(given, read(USUAL))


def test_without_a_budget_none_is_asked(rehearsed):
    given = candidates((64, 32), (8,))
    assert without_refused(given, read(USUAL)) == given
    assert rehearsed == []
