"""Balancing texts: on a net's features, never between ids of tokens."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import run, text
from pipelines.balance import OversampleRandom, Smote
from pipelines.errors import RecipeError
from pipelines.recipe import tiny


@pytest.fixture(scope="module")
def remarks():
    frame = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)[
        ["remarks", "effect"]
    ]
    frame = frame[frame.remarks != ""]
    return pd.concat([frame[frame.effect != ""][:150], frame[frame.effect == ""][:650]])


def open_gate(recipe, **judge):
    recipe = tiny(recipe)
    return replace(recipe, judge=replace(recipe.judge, tolerance=1.0, **judge))


def test_smote_on_features_ships_and_the_report_shows_the_net_without_it(remarks, tmp_path):
    net = text.TextCnn(width=8, kernels=(3,), embedding_width=8)
    recipe = replace(open_gate(text.REMARKS), build=text.BalancedHead(net, epochs=5))
    report = run(recipe, remarks, folder=tmp_path).report
    smote, plain = report["balancing"]
    assert smote["ships"] and "Smote" in smote["balance"]
    # Redrawn to one positive in two, the head says "effect" more readily than the net that saw one
    # in five.
    assert smote["scores"]["log_loss"] != plain["scores"]["log_loss"]
    assert report["margin"]["metric"] == "average_precision"


def test_smote_on_ids_is_refused(remarks, tmp_path):
    with pytest.raises(RecipeError, match="BalancedHead"):
        run(
            replace(open_gate(text.REMARKS), teacher=None, balance=Smote()),
            remarks,
            folder=tmp_path,
        )
    with pytest.raises(RecipeError, match="a teacher together with Smote"):
        run(replace(open_gate(text.REMARKS), balance=Smote()), remarks, folder=tmp_path)


@pytest.mark.full  # `cli/test_cli` draws the rows of a table again in the normal run
def test_texts_can_be_drawn_again(remarks, tmp_path):
    report = run(
        replace(open_gate(text.REMARKS, beside=False), teacher=None, balance=OversampleRandom()),
        remarks,
        folder=tmp_path,
    ).report
    assert np.isfinite(report["scores"]["litert_int8"]["average_precision"])


@pytest.mark.parametrize(
    "build, said",
    [
        (text.BalancedHead(net=Smote()), "build.net"),
        (text.BalancedHead(balancer=text.TextCnn()), "build.balancer"),
    ],
)
def test_what_cannot_be_balanced_is_refused(build, said):
    with pytest.raises(RecipeError, match=said):
        build.check()
