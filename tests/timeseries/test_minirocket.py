"""MiniRocket: its kernels, its thresholds, its steps in int8, and what it refuses."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pipelines.catalog import RECIPES
from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.convert.operators import operator_sequence
from pipelines.device.ports import Port
from pipelines.device.runner import LiteRT
from pipelines.device.units import SERIES_STANDARD
from pipelines.errors import RecipeError
from pipelines.rows.sketch import DataSketch
from pipelines.tasks import TASKS
from pipelines.timeseries import MiniRocket
from pipelines.timeseries.minirocket import HEAD, STEP
from pipelines.timeseries.minirocket_kernels import (
    GOLDEN_RATIO,
    ConvolutionPlan,
    Grid,
    choose_thresholds,
    draw_kernels,
    plan_convolutions,
)
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train
from pipelines.training.training import Training
from tests.timeseries.test_classes import prepared, signature_of, waves

# Dilations 1, 1, 2, 2, 4: of 2 one layer is padded, the other is not.
NUM_STEPS = 33
NET = MiniRocket(num_features=84 * 5)


@cache
def fitted(seed=0, num_features=NET.num_features):
    """The signature, the training rows as ports and the result of a fit of waves."""
    signature, rows, valid = prepared(waves(steps=NUM_STEPS))
    result = train(
        MiniRocket(num_features),
        TrainFeed(rows),
        valid,
        signature=signature,
        training=Training(seed=seed),
        deciding="accuracy",
    )
    return signature, rows, result


def shares_of(rows, signature, num_features=NET.num_features, seed=0):
    """The shares that whole numbers give, float64 [rows, features], layer after layer."""
    steps = np.concatenate([rows.x[port.name] for port in signature.inputs], axis=2)
    grid = Grid.of_range(steps.min(), steps.max())
    places = grid.places(steps)
    shares = []
    first = 0
    for plan in plan_convolutions(steps.shape[1], num_features):
        kernels = draw_kernels(plan, steps.shape[2], seed)
        thresholds = choose_thresholds(places, kernels, plan, first=first, seed=seed)
        reach = 4 * plan.dilation
        padded = places
        if plan.is_padded:
            padded = np.pad(places, ((0, 0), (reach, reach), (0, 0)))
        num_windows = padded.shape[1] - 2 * reach
        values = 0
        for place, weights in enumerate(kernels):
            start = place * plan.dilation
            values = values + padded[:, start : start + num_windows] @ weights
        shares.append((values > thresholds).mean(axis=1))
        first += plan.num_filters
    return np.concatenate(shares, axis=1)


def num_scales(content):
    """How many scales the weights and the biases of convolutions have."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    (graph,) = model.subgraphs
    counts = set()
    for operator in graph.operators:
        if model.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.CONV_2D:
            tensors = [graph.tensors[place] for place in operator.inputs[1:]]
            counts.update(len(each.quantization.scale) for each in tensors)
    return counts


@pytest.mark.parametrize("num_channels", [1, 2, 30])
def test_kernels_are_those_of_the_paper(num_channels):
    plan = ConvolutionPlan(dilation=2, num_blocks=2, is_padded=True, roll=3)
    kernels = draw_kernels(plan, num_channels, seed=1)
    assert kernels.shape == (9, num_channels, 168)
    np.testing.assert_array_equal(kernels[..., :84], kernels[..., 84:])
    reads = (kernels != 0).all(axis=0)
    np.testing.assert_array_equal(reads, (kernels != 0).any(axis=0))
    counts = reads.sum(axis=0)
    assert counts.min() >= 1 and counts.max() <= min(num_channels, 9)
    shapes = {kernels[:, np.argmax(reads[:, place]), place].tobytes() for place in range(84)}
    assert len(shapes) == 84
    np.testing.assert_array_equal(kernels.sum(axis=0), 0)
    for shape in map(np.frombuffer, shapes, [np.int64] * 84):
        assert sorted(shape) == [-64] * 3 + [-63] * 3 + [127] * 3


@pytest.mark.parametrize("num_steps", [9, 10, 24, 150, 1460])
@pytest.mark.parametrize("num_features", [84, 504, 1008, 9996])
def test_layers_span_the_series_and_merge_with_no_other(num_steps, num_features):
    plans = plan_convolutions(num_steps, num_features)
    assert sum(plan.num_filters for plan in plans) == num_features // 84 * 84
    assert max(plan.dilation for plan in plans) <= (num_steps - 1) // 8
    if num_features >= 504:
        assert max(plan.dilation for plan in plans) >= (num_steps - 1) // 8 - 1
    spread = [(plan.dilation, plan.is_padded) for plan in plans if plan.dilation > 1]
    assert len(spread) == len(set(spread))
    for plan in plans:
        assert plan.is_padded or 16 * plan.dilation <= num_steps
    names = [plan.name for plan in plans]
    assert len(names) == len(set(names))
    near = {plan.roll % 84: draw_kernels(plan, 1, 0).tobytes() for plan in plans[:84]}
    assert len(set(near.values())) == len(near), "kernels in another order in every layer"


def test_thresholds_are_quantiles_of_a_training_row():
    random = np.random.default_rng(0)
    row = random.integers(-128, 128, (1, 400, 1))
    plan = ConvolutionPlan(dilation=3, num_blocks=4, is_padded=True, roll=0)
    kernels = draw_kernels(plan, 1, seed=0)
    thresholds = choose_thresholds(row, kernels, plan, first=84, seed=0)
    padded = np.pad(row[0, :, 0], 12)
    windows = np.stack([padded[3 * step : 3 * step + 400] for step in range(9)], axis=1)
    above = (windows @ kernels[:, 0] > thresholds).mean(axis=0)
    numbers = 84 + np.arange(84) * 4 + np.arange(1, 5)[:, None]
    np.testing.assert_allclose(above, 1 - (numbers.ravel() * GOLDEN_RATIO) % 1, atol=0.01)


def test_the_grid_is_that_of_the_int8_input():
    grid = Grid.of_range(-1.0, 3.0)
    values = np.float32([-1.0, 0.0, 3.0, 9.0])
    places = grid.places(values)
    np.testing.assert_array_equal(places, [-64, 0, 191, 191])
    assert Grid.of_range(2.0, 5.0).lowest == 0
    assert Grid.of_range(0.0, 0.0).scale == 1.0


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    one, again, other = (make()[2] for make in (fitted, fitted.__wrapped__, lambda: fitted(1)))
    assert one.history == {}
    for first, second in zip(one.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    heads = [each.model.get_layer("logits").get_weights()[0] for each in (one, other)]
    assert np.abs(heads[0] - heads[1]).max() > 0
    assert one.validation_score > 0.8


def test_keras_gives_the_shares_of_whole_numbers():
    import keras

    signature, rows, result = fitted()
    extractor = keras.Model(result.model.inputs, result.model.get_layer("logits").input)
    shares = extractor.predict(dict(rows.x), verbose=0) / STEP
    np.testing.assert_allclose(shares, shares_of(rows, signature), atol=1e-3)


def test_steps_are_exact_in_int8_and_no_layer_merges():
    import keras

    signature, rows, result = fitted()
    extractor = keras.Model(result.model.inputs, result.model.get_layer("logits").input)
    files = convert(extractor, rows, copies=1, files=TfliteFiles(forms=("float32", "int8")))
    sequence = operator_sequence(files["int8"])
    assert sequence.count("CONV_2D") == len(plan_convolutions(NUM_STEPS, NET.num_features))
    assert not {"SPACE_TO_BATCH_ND", "ADD", "QUANTIZE", "RELU6", "MEAN"} & set(sequence)
    interpreter = LiteRT(files["int8"])
    scales = interpreter.quantization()
    columns = {}
    for port in signature.inputs:
        scale, zero_point = scales[port.name]
        places = np.round(rows.x[port.name] / scale) + zero_point
        columns[port.name] = np.clip(places, -128, 127).astype(np.int8)
    scale, zero_point = scales["output"]
    shares = (interpreter.run(columns).astype(np.float64) - zero_point) * scale / STEP
    # A pooling rounds to one of 255 shares.
    assert np.abs(shares - shares_of(rows, signature)).max() <= 0.51 / 255
    assert num_scales(files["int8"]) == {1}


def test_the_float32_file_rounds_its_input_as_keras_does():
    """A step just above a threshold is above it in each form, though only one computes in int8."""
    _, rows, result = fitted()
    wanted = result.model.predict(rows.x, verbose=0)
    tflite = convert(result.model, rows, files=TfliteFiles(forms=("float32", "int8")))
    interpreter = LiteRT(tflite["float32"])
    np.testing.assert_allclose(interpreter.run(rows.x), wanted, atol=1e-4)


def test_other_columns_of_a_row_join_the_shares():
    ports = (
        Port("steps", (24, 2), "float32", SERIES_STANDARD),
        Port("numbers", (3,), "float32", "standard deviations"),
    )
    signature = signature_of(ports[0])
    signature = replace(signature, inputs=ports)
    model = MiniRocket(num_features=168).build(signature, seed=3)
    assert model.get_layer(HEAD).input.shape == (None, 168 + 3)


def test_what_is_no_series_with_classes_is_refused():
    short = signature_of(Port("steps", (8, 1), "float32", SERIES_STANDARD))
    with pytest.raises(RecipeError, match="series of 8 steps"):
        MiniRocket().build(short)
    classes = tuple(task for task in TASKS.values() if task.has_classes)
    sketch = DataSketch(classes, frozenset({"series"}))
    assert MiniRocket().suits(sketch) == ""
    assert "8 steps" in MiniRocket().suits(replace(sketch, window_steps=8))
    assert "forecast" in MiniRocket().suits(replace(sketch, tasks=(TASKS["forecast"],)))
    with pytest.raises(RecipeError, match="augment=.*has no epochs"):
        replace(RECIPES["gun_point"], build=MiniRocket()).check()
