"""Ways to make a bundle's net smaller, side by side, and the choice for a budget."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import run
from pipelines.compress import ClusterWeights, FactorizeLowRank, PruneChannels
from pipelines.device.runner import LiteRT
from pipelines.errors import BundleError, RecipeError, VerifyError
from pipelines.recipe import tiny
from pipelines.studies import tradeoff
from pipelines.studies.tradeoff import Way, compress_bundle, ways_to_shrink
from pipelines.tabular import LoadTable, table_recipe
from pipelines.targets.micro.spec import TargetMicro


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A file of penguins, and the bundle of a dense net that learned from it."""
    folder = tmp_path_factory.mktemp("models")
    frame = pd.read_csv("data/penguins.csv.gz")[
        ["Species", "Culmen Length (mm)", "Flipper Length (mm)"]
    ].dropna()
    frame.to_csv(folder / "penguins.csv", index=False)
    recipe = tiny(table_recipe(LoadTable(str(folder / "penguins.csv"), "Species"), name="net"))
    recipe = replace(
        recipe,
        judge=replace(recipe.judge, tolerance=1.0, beside=False),
        training=replace(recipe.training, epochs=20),
    )
    return folder / "penguins.csv", run(
        replace(recipe, build=replace(recipe.build, widths=(64, 64))), folder=folder
    )


HALF = PruneChannels(share=0.75, epochs=1)
WAYS = [
    Way("float32", form="float32"),
    Way("int8"),
    Way("pruned", (HALF,)),
    Way("pruned, 16 weights", (HALF, ClusterWeights(epochs=1))),
    Way("low rank", (FactorizeLowRank(energy=0.999999, epochs=1),)),
]


def test_a_way_that_answers_with_nan_is_refused(table, monkeypatch):
    class Spoiled(LiteRT):
        def run(self, inputs):
            return np.full_like(super().run(inputs), np.nan)

    monkeypatch.setattr(tradeoff, "LiteRT", Spoiled)
    _, bundle = table
    with pytest.raises(VerifyError, match="the float32 file answers held-out rows with NaN"):
        compress_bundle(bundle.folder, ways=WAYS[:1])


def test_the_choice_is_written_with_the_table_of_all(table, capsys):
    _, bundle = table
    small = compress_bundle(bundle.folder, ways=WAYS)
    told = json.loads((small.folder / "tradeoff.json").read_text())
    points = {point["name"]: point for point in told["points"]}
    assert set(points) == {"float32", "int8", "pruned", "pruned, 16 weights"} and told["rows"] > 0
    assert (
        points["pruned"]["size_bytes"]
        < 0.7 * points["int8"]["size_bytes"]
        < points["float32"]["size_bytes"]
    )
    assert any(point["on_front"] for point in points.values())
    (chosen,) = [point for point in points.values() if point["chosen"]]
    int8 = next(rung for rung in small.report["ladder"] if rung["form"] == "litert_int8")
    assert int8["size_bytes"] == chosen["size_bytes"] and small.folder.name == "net_tiny_small"
    assert small.report["compression"][0]["what"] == "as trained" and small.report["gate"]["passed"]
    page = (small.folder / "report.html").read_text()
    assert "How it was made smaller" in page and page.count("data:image/png") > 4
    printed = capsys.readouterr().out
    (headings,) = [line for line in printed.splitlines() if "gzip" in line]
    assert headings.rstrip("┃ ").endswith("result")
    assert "low rank" in printed and "not possible: " in printed and "ships" in printed


def test_a_budget_rules_out_what_is_over_it(table):
    _, bundle = table
    with pytest.raises(
        RecipeError, match="no way to make the model small keeps .* the smallest, .* has"
    ):
        compress_bundle(bundle.folder, ways=WAYS[:2], budget=TargetMicro(max_bytes=1000))
    assert {path.name for path in bundle.folder.parent.glob(".*")} <= {".cache"}


def test_other_data_are_refused(table):
    path, bundle = table
    before = path.read_text()
    path.write_text(before.replace("Adelie", "Emperor"))
    with pytest.raises(BundleError, match="give other steps than those of"):
        compress_bundle(bundle.folder, ways=WAYS[1:2])
    path.write_text(before)


def test_ways_suit_the_net(table):
    from pipelines.training.keras_file import read_keras

    names = [way.name for way in ways_to_shrink(read_keras(table[1].folder), epochs=1)]
    assert len(set(names)) == len(names) and "int8, least squares" not in names and "int8" in names
