"""Every kind of net of `make devices`, untrained: its C against TFLM, bit by bit."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines.recipe import Shipping
from pipelines.run import frame, read, settle, split
from pipelines.targets.c.model.reference import NumpyModel
from pipelines.targets.rehearse import export_untrained
from pipelines.training.inputs import fit_inputs
from tests.bench_devices import nets
from tests.targets.c.compiled_model import CompiledModel, extreme_rows, tflm_outputs

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc"),
]
# The largest takes minutes a row on TFLM's plain kernels.
LARGE = ("picture, EfficientNet-Lite0",)
NAMES = [name for name, _ in nets() if name not in LARGE]


@pytest.mark.parametrize("name", NAMES)
def test_every_output_is_that_of_tflm(name, tmp_path):
    pytest.importorskip("tflite_micro")
    recipe = dict(nets())[name]
    recipe = replace(recipe, balance=None, augment=(), shipping=Shipping(targets=()))
    splits = frame(recipe, split(recipe, read(recipe).dataset))
    recipe = settle(recipe, splits.train.schema)
    inputs = fit_inputs(recipe, splits.train, splits.valid)
    content = export_untrained(recipe, inputs).tflite["int8"]
    compiled = CompiledModel(content, tmp_path / "c")
    rows = extreme_rows(compiled.network, 6)
    found = compiled.run(rows)
    np.testing.assert_array_equal(found, tflm_outputs(content, rows))
    few = {port: x[:2] for port, x in rows.items()}
    np.testing.assert_array_equal(found[:2], NumpyModel(content).run(few).reshape(2, -1))
