"""Sets of labels of a real recipe, by every runtime of this machine."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.device.runner import answer
from pipelines.recipe import tiny
from pipelines.run import run
from pipelines.studies.interpret.opened import open_bundle
from pipelines.studies.interpret.sets import _is_short, read_coverage
from pipelines.targets.web.runner import Browser, available


@pytest.mark.full
def test_storms_are_held_as_often_as_asked_for(tmp_path):
    """Validation and test rows are other storms; 250 of them leave room for .04."""
    targets = "litert,c"
    if not available():
        targets = "litert,c,web"
    recipe = tiny(catalog.RECIPES["storms_mlp"])
    recipe = replace(
        recipe,
        shipping=replace(recipe.shipping, targets=catalog.targets_named(targets)),
        judge=replace(recipe.judge, tolerance=1.0, min_agreement=0.0, beside=False, coverage=0.9),
    )
    folder = run(recipe, folder=tmp_path).folder
    opened = open_bundle(folder)
    found = read_coverage(opened).values
    assert found["coverage"] == pytest.approx(0.9, abs=0.04) and found["mean_size"] < 9
    assert "signature_set" in (folder / "c" / "signature.h").read_text()
    if available():
        return
    columns = opened.columns_at(np.arange(100))
    with Browser(folder / "web", opened.signature) as browser:
        answers = browser.predict_columns(columns)
    # The page's own file may differ from LiteRT's by a step; its sets are those of its outputs.
    wanted = answer(opened.signature, answers.raw, form="int8")
    assert answers.sets.tolist() == wanted.sets.tolist()


def test_coverage_falls_short_only_by_more_than_chance():
    assert not _is_short(0.889, 0.9, 1545, 3861)
    assert _is_short(0.87, 0.9, 1545, 3861)
    assert not _is_short(0.95, 0.9, 10, 10)
