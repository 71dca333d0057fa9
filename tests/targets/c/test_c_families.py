"""Every kind of net of `make devices` and every recipe of the catalogue, of whole size and untrained:
its C against TFLM, bit by bit, on held-out rows, random ones, all 127 and all -128.
"""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.catalog import RECIPES
from pipelines.device.runner import Runner
from pipelines.recipe import Shipping
from pipelines.rows.columns import read_rows
from pipelines.run import frame, read, run, settle, split
from pipelines.targets.c.model.reference import NumpyModel
from pipelines.targets.rehearse import export_untrained
from pipelines.training.inputs import fit_inputs
from pipelines.verify.ladder import some_places
from tests.bench_devices import nets
from tests.targets.c.compiled_model import CompiledModel, extreme_rows, tflm_outputs

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc"),
]
NETS = {**RECIPES, **dict(nets())}
# What is fitted, and has no untrained form.
FITTED = ("gun_point_minirocket",)
NAMES = [name for name in NETS if name not in FITTED]
HELD_OUT_ROWS = 50
NUMPY_ROWS = 2


@pytest.mark.parametrize("name", NAMES)
def test_every_output_is_that_of_tflm(name, tmp_path):
    pytest.importorskip("tflite_micro")
    exported, test = untrained(NETS[name])
    content = exported.tflite["int8"]
    compiled = CompiledModel(content, tmp_path / "c")
    held_out = prepared(exported, test)
    rows = extreme_rows(compiled.network, 6, num_ids=fewest_ids(compiled.network))
    for each in (held_out, rows):
        found = compiled.run(each)
        np.testing.assert_array_equal(found, tflm_outputs(content, each))
        few = {port: x[:NUMPY_ROWS] for port, x in each.items()}
        in_numpy = NumpyModel(content).run(few).reshape(NUMPY_ROWS, -1)
        np.testing.assert_array_equal(found[:NUMPY_ROWS], in_numpy)


@pytest.mark.parametrize("name", FITTED)
def test_a_fitted_net_is_that_of_tflm(name, tmp_path):
    pytest.importorskip("tflite_micro")
    recipe = RECIPES[name]
    bundle = run(replace(recipe, judge=recipe.judge.tiny()), folder=tmp_path)
    rungs = {rung["form"]: rung for rung in bundle.report["ladder"]}
    assert rungs["c_int8"]["int8_steps"] == 0 and rungs["c_int8"]["num_rows"] > 0
    content = (bundle.folder / "model_int8.tflite").read_bytes()
    compiled = CompiledModel(content, tmp_path / "c")
    rows = extreme_rows(compiled.network, 6)
    np.testing.assert_array_equal(compiled.run(rows), tflm_outputs(content, rows))


def untrained(recipe):
    """The untrained net of a recipe with its files, and the held-out rows."""
    recipe = replace(recipe, balance=None, augment=(), teacher=None, shipping=Shipping(targets=()))
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    return export_untrained(recipe, inputs), splits.test


def prepared(exported, test):
    """What the runner gives the model for held-out rows, evenly drawn."""
    places = some_places(len(test), HELD_OUT_ROWS)
    columns = {}
    for column in exported.signature.columns:
        columns[column.name] = read_rows(test.x[column.name], places)
    return Runner(exported.signature, None).prepare(columns)


def fewest_ids(network):
    """The rows of the smallest table that ids choose from."""
    sizes = []
    for operation in network.operations:
        if operation.kind == "GATHER":
            sizes.append(operation.input.shape[0])
    return min(sizes, default=2)
