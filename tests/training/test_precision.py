"""Mixed precision: what computes in 16 bits, what stays in 32, what is refused, and a whole run."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.rows.sketch import DataSketch
from pipelines.run import fit, frame, judge, read, ship, split
from pipelines.tabular import Mlp
from pipelines.training import fit as fitting
from pipelines.training.averaging import ExponentialAverage
from pipelines.training.clipping import ClipByNorm
from pipelines.training.schedules import Cosine
from pipelines.training.training import Training
from tests.contracts.samples import table
from tests.contracts.test_networks import recipe_of

NETWORK = Mlp(widths=(16,), num_members=1)


@pytest.mark.full
@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_layers_compute_in_16_bits_and_all_that_is_kept_has_32(precision, monkeypatch):
    seen = []
    compiled = fitting.compile_model

    def compile_model(model, **arguments):
        kinds = {layer.name: layer.compute_dtype for layer in model.layers}
        seen.append((kinds, type(arguments["optimizer"]).__name__))
        compiled(model, **arguments)

    monkeypatch.setattr(fitting, "compile_model", compile_model)
    recipe = recipe_of(NETWORK, table)
    training = replace(recipe.training, epochs=2, precision=precision)
    parts = table().splits()
    trained = fit(replace(recipe, training=training), parts.train, parts.valid)
    ((kinds, optimizer),) = seen
    assert kinds["member0_dense0"] == precision
    assert kinds["members"] == kinds["logits"] == "float32"
    assert (optimizer == "LossScaleOptimizer") == (precision == "float16")
    assert {layer.compute_dtype for layer in trained.model.layers} == {"float32"}
    assert {weight.dtype for weight in trained.model.weights} == {"float32"}
    assert np.isfinite(trained.validation_score)
    plain = fit(recipe, parts.train, parts.valid).model
    assert {layer.compute_dtype for layer in plain.layers} == {"float32"}


@pytest.mark.parametrize(
    "turned",
    [
        {"clip": ClipByNorm()},
        {"accumulation": 2},
        {"average": ExponentialAverage(), "schedule": Cosine()},
        {"watch": True},
    ],
    ids=lambda each: next(iter(each)),
)
def test_what_a_scaled_loss_cannot_carry_is_refused(turned):
    with pytest.raises(RecipeError, match="loss is scaled") as refused:
        Training(precision="float16", **turned).check()
    assert "bfloat16" in refused.value.fix
    Training(precision="bfloat16", **turned).check()


def test_other_words_networks_without_epochs_and_replicas_are_refused():
    with pytest.raises(RecipeError, match="training.precision='half'"):
        Training(precision="half").check()
    with pytest.raises(RecipeError, match="which has no epochs"):
        catalog.override(
            catalog.RECIPES["gun_point_minirocket"], "training.precision=bfloat16"
        ).check()
    mirrored = Training(precision="float16", strategy="mirrored")
    assert "training.precision=float16" in str(mirrored.suits(DataSketch()))
    assert Training(precision="bfloat16", strategy="mirrored").suits(DataSketch()) == ""


@pytest.mark.full
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_real_recipe_reaches_its_score_and_ships(precision):
    """credit_mlp, eight epochs: average precision of int8 on its 891 test rows."""
    recipe = catalog.override(
        catalog.RECIPES["credit_mlp"],
        f"training.precision={precision}",
        "training.epochs=8",
        "build.num_members=2",
        "judge.peers=False",
        "judge.beside=False",
    )
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    trained = fit(recipe, splits.train, splits.valid)
    evaluation = judge(recipe, ship(recipe, trained), splits.test)
    found = {rung.form: rung for rung in evaluation.rungs}["litert_int8"]
    print(precision, trained.fit_seconds, trained.validation_score, found.scores, found.agreement)
    assert evaluation.failed == ""
    assert found.agreement >= 0.98 and found.scores["average_precision"] >= 0.63
