"""The linear table of tokens: what int8 keeps of a weight; folds see training rows only."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import steps, text
from pipelines.balance import OversampleRandom
from pipelines.convert.convert import convert
from pipelines.convert.forms import TfliteFiles
from pipelines.device.cells import SERIES, Column
from pipelines.device.runner import LiteRT
from pipelines.device.target import Target
from pipelines.errors import RecipeError, TrainError
from pipelines.rows.inner_folds import fold_places
from pipelines.rows.parts import Dataset, Schema, TrainSet
from pipelines.rows.sketch import DataSketch
from pipelines.rows.split import SplitGiven, split
from pipelines.run import fit, read
from pipelines.tasks import task_of
from pipelines.text.candidates import table_recipe
from pipelines.text.linear_tokens import (
    LinearTokens,
    TokenRows,
    TokenWeighting,
    WeightingChoice,
    _fold_answers,
    count_ids,
    length_factors,
)
from pipelines.text.table_weights import STEPS, two_columns
from pipelines.text.token_table import write_linear
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train
from pipelines.training.members import average_members
from pipelines.training.training import Training
from pipelines.verify.judge import Judge

TINY = text.TokenTable().tiny()
TEXTS_OF_TWO = ["a good film, not a bad one", "not good, bad"]
NUM_ROWS = 160
BINARY = Target("y", "binary", ("no", "yes"))
CLASSES = Target("y", "multiclass", ("a", "b", "c"))
LABELS = Target("y", "multilabel", ("a", "b", "c"))
NUMBER = Target("y", "regression", ())


def truth_of(target, has):
    """y of rows, by which of three words a row has, bool [rows, 3]."""
    if target is BINARY:
        return has[:, 0].astype(np.int64)
    if target is CLASSES:
        return np.where(has[:, 0], 0, np.where(has[:, 1], 1, 2)).astype(np.int64)
    if target is LABELS:
        return has.astype(np.int64)
    return has @ np.array([1.0, -2.0, 0.5]) + 10.0


def prepared(target=BINARY, seed=0, more=()):
    """Training and validation rows as ports, and their signature."""
    random = np.random.default_rng(seed)
    words = np.array([f"w{place}" for place in range(40)])
    drawn = [random.choice(words, random.integers(1, 30)) for _ in range(NUM_ROWS)]
    has = np.array([np.isin(["w0", "w1", "w2"], row) for row in drawn])
    texts = np.array([" ".join(row) for row in drawn], np.dtypes.StringDType())
    schema = Schema((Column("t", "text"),), target)
    part = np.array(["train", "train", "train", "valid", "test"] * (NUM_ROWS // 5), object)
    dataset = Dataset({"t": texts}, truth_of(target, has), np.arange(NUM_ROWS), schema, part=part)
    parts = split(dataset, SplitGiven())
    fitted, encoded = steps.fit_steps((steps.TokenizeWords(window=24), *more), parts.train)
    signature = steps.make_signature(fitted, (), encoded)
    rows = steps.to_ports(signature, encoded, encoded=True)
    return signature, rows, steps.to_ports(signature, parts.valid)


def solved(signature, rows, valid, *, seed=0):
    task = task_of(signature.target)
    return train(
        TINY,
        TrainFeed(rows),
        valid,
        signature=signature,
        training=Training(seed=seed),
        deciding=task.usual_deciding(signature.target),
    )


def random_function(signature, exponent):
    """A linear function with one weight that is far larger than the rest."""
    random = np.random.default_rng(1)
    port = signature.inputs[0]
    weights = random.normal(0, 0.1, (port.num_ids, signature.output.shape[0]))
    weights[3] = 4.0
    weights[0] = 0.0
    factors = length_factors(port.shape[0], exponent)
    return LinearTokens(weights, random.normal(size=weights.shape[1]), factors)


def test_two_columns_hold_a_weight_to_a_254th_of_a_127th_of_the_largest():
    weights = np.random.default_rng(0).standard_cauchy((500, 3))
    columns, largest = two_columns(weights)
    steps_of_127 = columns * STEPS
    assert np.abs(steps_of_127 - np.round(steps_of_127)).max() < 1e-4
    coarse = columns[:, 0::2].astype(np.float64)
    fine = columns[:, 1::2].astype(np.float64)
    assert np.abs(fine).max() < 0.51
    error = np.abs(weights - largest * (coarse + fine / STEPS))
    assert error.max() <= largest / (127 * 254) * (1 + 1e-4)


@pytest.mark.parametrize("target", [BINARY, CLASSES], ids=lambda target: target.task)
@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_the_layers_compute_the_linear_function(target, exponent):
    signature, rows, _ = prepared(target)
    linear = random_function(signature, exponent)
    port = signature.inputs[0]
    ids = rows.x[port.name]
    counts = count_ids([(ids, port.num_ids)])
    model = TINY.build(signature)
    write_linear(model, linear, counts, signature=signature)
    expected = linear.outputs(counts)
    answers = np.asarray(model({port.name: ids}))[:, 0]
    # A gate is rounded to 127 steps of the largest of its range, which is at most twice as large.
    spread = np.abs(expected - linear.bias).max()
    assert np.abs(answers - expected).max() < spread / STEPS


def test_a_text_without_tokens_gets_the_bias():
    signature, rows, _ = prepared()
    linear = random_function(signature, 0.5)
    port = signature.inputs[0]
    model = TINY.build(signature)
    write_linear(model, linear, count_ids([(rows.x[port.name], port.num_ids)]), signature=signature)
    empty = np.zeros((1, port.shape[0]), np.int32)
    assert np.asarray(model({port.name: empty})) == pytest.approx(linear.bias[0], abs=1e-6)


def test_int8_answers_as_float_does_with_a_weight_far_above_the_rest():
    signature, rows, _ = prepared()
    linear = random_function(signature, 0.5)
    port = signature.inputs[0]
    ids = rows.x[port.name]
    members = TINY.build(signature)
    write_linear(members, linear, count_ids([(ids, port.num_ids)]), signature=signature)
    model = average_members(members)
    content = convert(model, rows, files=TfliteFiles(forms=("int8",)))["int8"]
    interpreter = LiteRT(content)
    raw = interpreter.run({port.name: ids}).astype(np.float64)
    scale, zero_point = interpreter.quantization()["output"]
    answers = ((raw - zero_point) * scale).mean(axis=1)
    expected = np.asarray(model({port.name: ids}))[:, 0]
    # The largest weight alone moves the answer by 4; a single column of it has steps of .03.
    assert np.abs(answers - expected).max() < np.ptp(expected) / 255


@pytest.mark.parametrize("target", [BINARY, CLASSES, LABELS, NUMBER], ids=lambda each: each.task)
def test_each_kind_of_answer_is_learned(target):
    signature, rows, valid = prepared(target)
    result = solved(signature, rows, valid)
    outputs = np.asarray(result.model(valid.x))
    truth = task_of(target).training_truth(valid.y, signature.target)
    if target is CLASSES:
        assert (outputs.argmax(axis=1) == valid.y).mean() > 0.6
    else:
        for output, column in zip(outputs.T, truth.T, strict=True):
            assert np.corrcoef(output, column)[0, 1] > 0.5
    assert result.history == {}


def test_pairs_of_neighbours_have_weights_too():
    signature, rows, valid = prepared(more=(steps.PairTokens(num_buckets=50),))
    num_ids = [port.num_ids for port in signature.inputs]
    random = np.random.default_rng(1)
    weights = random.normal(size=(sum(num_ids), 1))
    weights[[0, num_ids[0]]] = 0.0
    linear = LinearTokens(weights, np.zeros(1), length_factors(24, 0.5))
    columns = [rows.x[port.name] for port in signature.inputs]
    counts = count_ids(list(zip(columns, num_ids, strict=True)))
    model = TINY.build(signature)
    write_linear(model, linear, counts, signature=signature)
    expected = linear.outputs(counts)
    answers = np.asarray(model(rows.x))[:, 0]
    assert np.abs(answers - expected).max() < np.abs(expected).max() / STEPS
    result = solved(signature, rows, valid)
    content = convert(result.model, rows, files=TfliteFiles(forms=("int8",)))["int8"]
    raw = LiteRT(content).run(valid.x).astype(np.float64).mean(axis=1)
    in_float = np.asarray(result.model(valid.x))[:, 0]
    assert np.corrcoef(raw, in_float)[0, 1] > 0.999


def test_held_out_rows_change_no_weight_and_one_seed_gives_one_model():
    signature, rows, valid = prepared()
    result = solved(signature, rows, valid)
    assert result.out_of_fold is None
    weights = result.model.get_weights()
    other = replace(valid, y=1 - valid.y, x={name: x[::-1] for name, x in valid.x.items()})
    again = solved(signature, rows, other).model.get_weights()
    assert all(np.array_equal(*pair) for pair in zip(weights, again, strict=True))


def test_the_answers_of_a_fold_do_not_depend_on_its_own_truth():
    signature, rows, _ = prepared()
    port = signature.inputs[0]
    truth = task_of(BINARY).training_truth(rows.y, BINARY)
    counts = count_ids([(rows.x[port.name], port.num_ids)])
    choice = WeightingChoice((1.0,), (0.0,), (1.0,), 1.0, 0)
    way = TokenWeighting(1.0, 0.0, 1.0)
    folds = fold_places(rows, 3, seed=0)
    answered = folds[0][1]

    def answers(truth):
        weight = np.ones(len(truth), np.float32)
        known = TokenRows(counts, truth, weight, port.shape[0], output_kind="sigmoid")
        return _fold_answers(known, folds, way, choice)

    changed = truth.copy()
    changed[answered] = 1 - changed[answered]
    assert np.array_equal(answers(truth)[answered], answers(changed)[answered])
    assert not np.array_equal(answers(truth), answers(changed))


def test_copies_of_a_row_and_rows_of_a_group_stay_in_one_fold():
    _, rows, _ = prepared()
    copies = rows.take(np.repeat(np.arange(len(rows)), 3))
    grouped = TrainSet(rows.x, rows.y, rows.ids, rows.schema, group=np.arange(len(rows)) // 4)
    for train_set, together in ((copies, copies.ids), (grouped, grouped.group)):
        for learned, answered in fold_places(train_set, 4, seed=0):
            assert not np.intersect1d(together[learned], together[answered]).size


def test_a_class_rarer_than_the_folds_is_learned_all_the_same():
    signature, rows, valid = prepared(CLASSES)
    y = np.where(rows.y == 1, 0, rows.y)
    y[5] = 1
    result = solved(signature, replace(rows, y=y), valid)
    assert np.isfinite(result.validation_score)


def test_what_it_cannot_do_is_refused():
    series = DataSketch((task_of(BINARY),), frozenset({SERIES}))
    assert "a net for texts" in TINY.suits(series)
    with pytest.raises(RecipeError, match=r"build\.strengths=\(\)"):
        text.TokenTable(strengths=()).check()
    signature, rows, valid = prepared()
    with pytest.raises(TrainError, match="3 training rows"):
        solved(signature, rows.take(np.arange(3)), valid)
    with pytest.raises(RecipeError, match="solved for, not trained"):
        replace(text.REMARKS_LINEAR, teacher=text.TfidfTeacher()).check()


def test_rows_that_nothing_is_decided_by_are_learned_from():
    """With folds to decide by, the answers to decide by are out of fold, and validation rows are
    training rows.
    """
    source = {"text": TEXTS_OF_TWO * 20, "what": ["a", "b"] * 20}
    recipe = replace(
        table_recipe(text.text_recipe(text.LoadTexts("m.csv", "text", "what"))),
        judge=Judge(peers=False),
    )
    recipe = replace(recipe, build=replace(recipe.build.tiny(), decides_by_folds=True))
    dataset = read(recipe, source).dataset
    parts = split(dataset, recipe.split)
    trained = fit(recipe, parts.train, parts.valid)
    assert trained.num_rows == len(parts.train) + len(parts.valid)
    outside = trained.inputs.out_of_fold
    assert outside.shape == (trained.num_rows, 1)
    assert trained.inputs.decision_rows is trained.inputs.calibration
    with pytest.raises(RecipeError, match="decides_by_folds"):
        replace(recipe, balance=OversampleRandom()).check()
