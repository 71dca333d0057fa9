"""A tiny bundle of each modality, read in every way that it allows."""

from dataclasses import replace

import pytest

from pipelines import catalog
from pipelines.bundle.folder import Bundle
from pipelines.errors import BundleError, RecipeError
from pipelines.recipe import tiny
from pipelines.run import run
from pipelines.studies.interpret.interpret import NUMBERS, PAGE, interpret
from pipelines.targets.litert.spec import TargetLiteRT

READ = {
    "penguins_mlp": {"Permutation importance", "Partial dependence", "Integrated gradients"},
    "fashion_cnn": {"Integrated gradients", "Grad-CAM", "Calibration"},
    "remarks_cnn": {"Integrated gradients", "Calibration"},
    "dates_attention": {"Attention"},
    "glucose_mlp": {"Permutation importance", "Integrated gradients"},
    "gun_point_minirocket": {"Calibration"},
    "weather_anomaly": {"Permutation importance"},
}


@pytest.mark.full
@pytest.mark.parametrize("name", READ)
def test_every_modality_is_read(name, tmp_path):
    recipe = tiny(catalog.RECIPES[name])
    shipping = replace(recipe.shipping, targets=(TargetLiteRT(),))
    judge = replace(recipe.judge, tolerance=1.0, min_agreement=0.0, beside=False)
    bundle = run(replace(recipe, shipping=shipping, judge=judge), folder=tmp_path)
    result = interpret(bundle.folder, part="test")
    found = {each.title for each in result.readings}
    assert found >= READ[name] | {"Occlusion", "Error slices"}
    for each in result.not_read:
        assert each.reason
    files = Bundle(bundle.folder).files()
    assert {PAGE, NUMBERS} <= files.keys()
    again = interpret(bundle.folder, part="test")
    assert again.readings[0].lines == result.readings[0].lines


@pytest.mark.full
def test_other_rows_are_refused(tmp_path):
    import pandas as pd

    recipe = tiny(catalog.RECIPES["penguins_mlp"])
    recipe = replace(recipe, shipping=replace(recipe.shipping, targets=(TargetLiteRT(),)))
    table = pd.read_csv(recipe.load.source)
    folder = run(recipe, table, folder=tmp_path).folder
    interpret(folder, table, part="valid", by=["Island"])
    with pytest.raises(BundleError, match="is another one now|the rows split"):
        interpret(folder, table.iloc[1:])
    with pytest.raises(RecipeError, match="--by 'nothing'"):
        interpret(folder, table, by=["nothing"])
    with pytest.raises(BundleError, match="rows 'train'"):
        interpret(folder, table, part="train")
