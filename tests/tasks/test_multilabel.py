"""Several labels a row: decisions, calibration, losses and answers."""

import json

import numpy as np
import pytest

from pipelines.device.calibration import Calibration
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.primitives import Pack
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.device.tasks.multilabel import join_labels, label_probabilities, split_labels
from pipelines.errors import RecipeError
from pipelines.tasks import task_of
from pipelines.tasks.multilabel import calibrate_labels, choose_label_thresholds
from pipelines.tasks.thresholds import choose_threshold

TARGET = Target("y", "multilabel", ("a", "b", "c"), separator="|")


def draw(num_rows=500, seed=0):
    generator = np.random.default_rng(seed)
    y = (generator.random((num_rows, 3)) < [0.5, 0.2, 0.05]).astype(np.int64)
    logits = 3 * y - 2 + generator.normal(size=y.shape)
    return logits.astype(np.float32), y


def signature(**more):
    return Signature(
        columns=(Column("x", "numeric"),),
        target=TARGET,
        primitives=(Pack(("x",), "numbers"),),
        inputs=(Port("numbers", (1,), "float32", "0..1"),),
        output=Port("output", (3,), "float32", "log-odds"),
        **more,
    )


def test_joined_labels_come_back():
    has = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], bool)
    joined = join_labels(has, TARGET)
    assert joined.tolist() == ["a|c", "", "b"]
    np.testing.assert_array_equal(split_labels(joined, TARGET), has)


def test_each_label_has_its_own_threshold():
    raw = np.array([[0.0, 0.0, 0.0]], np.float32)
    plain = task_of(TARGET).device.answer(signature(), raw, form="float32")
    assert plain.labels.tolist() == ["a|b|c"]  # one half is enough
    shifted = signature(decisions={"float32": (-0.1, 0.1, -0.1)})
    answers = task_of(TARGET).device.answer(shifted, raw, form="float32")
    assert answers.labels.tolist() == ["b"]
    np.testing.assert_allclose(answers.scores, [[0.5, 0.5, 0.5]])


def test_probabilities_are_sigmoids_also_far_out():
    logits = np.array([[-800, 0, 800]], np.float32)
    np.testing.assert_allclose(label_probabilities(logits, Calibration()), [[0, 0.5, 1]])


def test_thresholds_are_those_of_two_classes_label_by_label():
    logits, y = draw()
    chosen = choose_label_thresholds(logits, y, metric="macro_f1", near=None)
    for label in range(3):
        column = logits[:, label : label + 1]
        assert chosen[label : label + 1] == choose_threshold(column, y[:, label], metric="f1")
    near = (0.3, -0.3, 0.0)
    for label, offset in enumerate(
        choose_label_thresholds(logits, y, metric="accuracy", near=near)
    ):
        column = logits[:, label : label + 1]
        own = choose_threshold(column, y[:, label], metric="accuracy", near=(near[label],))
        assert (offset,) == own


def test_label_without_validation_rows_keeps_its_threshold():
    logits, y = draw()
    y[:, 2] = 0
    assert choose_label_thresholds(logits, y, metric="f1", near=None)[2] == 0.0
    assert choose_label_thresholds(logits, y, metric="f1", near=(0.0, 0.0, 0.25))[2] == 0.25


def test_temperature_lowers_the_log_loss():
    logits, y = draw()
    found = calibrate_labels(4 * logits, y, how="temperature")
    assert found.factor == pytest.approx(
        calibrate_labels(logits, y, how="temperature").factor / 4, rel=1e-3
    )
    assert calibrate_labels(logits, y, how="none") == Calibration()
    for how in ("platt", "isotonic"):
        with pytest.raises(RecipeError, match="several labels a row"):
            calibrate_labels(logits, y, how=how)


def test_signature_of_labels_reads_back_and_others_are_as_they_were():
    written = signature().to_json()
    assert written["target"]["separator"] == "|"
    assert Signature.from_json(json.loads(json.dumps(written))) == signature()
    written["target"]["separator"] = "a"
    with pytest.raises(ValueError, match="joined by"):
        Signature.from_json(json.loads(json.dumps(written)))


def test_signature_without_the_new_field_is_read():
    target = Target("y", "regression")
    plain = Signature(
        columns=(Column("x", "numeric"),),
        target=target,
        primitives=(Pack(("x",), "numbers"),),
        inputs=(Port("numbers", (1,), "float32", "0..1"),),
        output=Port("output", (1,), "float32", "x"),
    )
    written = plain.to_json()
    assert "separator" not in written["target"]
    assert Signature.from_json(json.loads(json.dumps(written))) == plain


@pytest.mark.parametrize("deciding", task_of(TARGET).deciding_metrics)
def test_keras_follows_the_metric(deciding):
    logits, y = draw(800)
    metric = task_of(TARGET).keras_metric(deciding, TARGET)
    metric.update_state(y.astype(np.float32), logits)
    answers = task_of(TARGET).device.answer(signature(), logits, form="float32")
    wanted = task_of(TARGET).score(y, answers, TARGET)[deciding]
    assert float(metric.result()) == pytest.approx(wanted, abs=0.01)


def test_weights_of_labels_change_the_loss_as_written():
    from pipelines.training.label_weights import weigh_labels

    logits, y = draw(20)
    truth, outputs = y.astype(np.float32)[:, None], logits[:, None]
    plain = task_of(TARGET).default_loss(TARGET)
    ones = weigh_labels(plain, np.ones((2, 3), np.float32))
    np.testing.assert_allclose(ones(truth, outputs), plain(truth, outputs), rtol=1e-5)
    weights = np.array([[1, 2, 0.5], [3, 1, 10]], np.float32)
    weighted = np.asarray(weigh_labels(plain, weights)(truth, outputs))
    each = np.logaddexp(0, np.where(y == 1, -logits, logits))
    factor = np.where(y == 1, weights[1], weights[0])
    np.testing.assert_allclose(weighted[:, 0], (each * factor).mean(axis=1), rtol=1e-5)


def test_agreement_counts_single_labels():
    one = task_of(TARGET).device.answer(
        signature(), np.array([[1, -1, -1]], np.float32), form="int8"
    )
    other = task_of(TARGET).device.answer(
        signature(), np.array([[1, 1, -1]], np.float32), form="int8"
    )
    assert task_of(TARGET).agreement(one, other, TARGET) == pytest.approx(2 / 3)


def test_mistakes_name_the_label():
    logits = np.array([[5, -5, -5], [5, 3, -5]], np.float32)
    answers = task_of(TARGET).device.answer(signature(), logits, form="float32")
    y = np.array([[0, 0, 0], [1, 1, 1]])
    found = task_of(TARGET).confident_mistakes(y, answers, TARGET, most=5)
    assert [(each.row, each.truth, each.given, each.output) for each in found] == [
        (0, "no a", "a", 0),
        (1, "c", "no c", 2),
    ]
