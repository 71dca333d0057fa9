"""Nets whose answer only rises, or only falls, with some columns."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.primitives import Pack
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import RecipeError
from pipelines.tabular import MonotoneMlp
from pipelines.tabular.monotone import KeepSigns

NAMES = ("up", "other", "down")


def signature(**changes):
    made = Signature(
        tuple(Column(name, "numeric") for name in NAMES),
        Target("y", "regression"),
        (Pack(NAMES, "numbers"),),
        (Port("numbers", (3,), "float32", ""),),
        Port("output", (1,), "float32", ""),
    )
    return replace(made, **changes)


def test_it_keeps_its_signs_through_training_against_the_data():
    import keras

    net = MonotoneMlp(rising=("up",), falling=("down",), widths=(8, 4), dropout=0.0)
    model = net.build(signature(), seed=1)
    random = np.random.default_rng(0)
    x = random.normal(size=(256, 3)).astype(np.float32)
    y = (-x[:, 0] + x[:, 1] ** 2 + x[:, 2])[:, None, None]  # against both
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="mse")
    before = model.get_weights()[0].copy()
    model.fit({"numbers": x}, y, epochs=4, verbose=0)
    first = model.get_weights()[0]
    assert (first[0] >= 0).all() and (first[2] <= 0).all() and np.abs(first - before).max() > 0.01
    assert (first[1] > 0).any() and (first[1] < 0).any()
    steps = np.linspace(-3, 3, 31, dtype=np.float32)
    for place, sign in ((0, 1), (2, -1)):
        swept = np.repeat(x[:20], len(steps), axis=0)
        swept[:, place] = np.tile(steps, 20)
        answers = np.asarray(model({"numbers": swept})).reshape(20, len(steps))
        assert (np.diff(answers, axis=1) * sign >= -1e-5).all()
    config = json.dumps(model.get_config())  # a saved net holds plain layers
    assert "KeepSigns" not in config and '"function"' not in config


def test_a_kernel_loses_its_wrong_signs():
    kernel = np.float32([[1, -1], [2, -2], [3, -3]])
    kept = KeepSigns(np.float32([1, 0, -1]))(kernel)
    assert np.asarray(kept).tolist() == [[1, 0], [2, -2], [0, -3]]


@pytest.mark.parametrize(
    ("net", "changes", "words"),
    [
        (MonotoneMlp(rising=("none",)), {}, "'none'"),
        (MonotoneMlp(rising=("up",)), {"output": Port("o", (3,), "float32", "")}, "3 outputs"),
        (
            MonotoneMlp(rising=("up",)),
            {"inputs": (Port("numbers", (3, 1), "float32", ""),)},
            "shape",
        ),
    ],
)
def test_what_cannot_be_monotone_is_refused(net, changes, words):
    with pytest.raises(RecipeError, match=words):
        net.build(signature(**changes))


def test_bins_of_a_column_are_refused():
    from pipelines.run import read, split
    from pipelines.training.inputs import fit_inputs

    recipe = catalog.override(
        catalog.RECIPES["credit_monotone"], "encode=(EncodeBins(), EncodeOnehot())"
    )
    splits = split(recipe, read(recipe).dataset)
    scaled = catalog.RECIPES["credit_monotone"]
    scaled.build.build(fit_inputs(scaled, splits.train, splits.valid).signature)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    with pytest.raises(RecipeError, match="'Amount'"):
        recipe.build.build(inputs.signature)


def test_knobs_that_do_not_go_together_are_refused():
    with pytest.raises(RecipeError, match="both name 'up'"):
        MonotoneMlp(rising=("up",), falling=("up",)).check()
    recipe = catalog.override(
        catalog.RECIPES["credit_monotone"], "shipping.compress=(QuantizeAware(),)"
    )
    with pytest.raises(RecipeError, match="keep their signs"):
        recipe.check()


@pytest.mark.full
def test_the_int8_file_is_as_monotone(tmp_path):
    """Credit: no test row's risk moves the wrong way as a column is swept, on the int8 file; the
    usual net's does.
    """
    from pipelines.run import run
    from pipelines.studies.monotone import measure_monotone

    broken = {}
    for name in ("credit_monotone", "credit_mlp"):
        recipe = catalog.override(
            catalog.RECIPES[name],
            "training.epochs=6",
            "judge.peers=False",
            "judge.beside=False",
            "judge.tolerance=1.0",
            "shipping.targets=(TargetLiteRT(),)",
        )
        bundle = run(recipe, folder=tmp_path)
        swept = measure_monotone(bundle.folder, rising=("Amount",), falling=("Seniority", "Income"))
        broken[name] = [each.num_broken for each in swept]
    assert broken["credit_monotone"] == [0, 0, 0]
    assert min(broken["credit_mlp"]) > 0
