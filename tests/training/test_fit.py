"""Training: two devices equal to one, every task, and what the model that ships is."""

import subprocess
import sys

import numpy as np
import pytest

from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import RecipeError, TrainError
from pipelines.rows.parts import HeldOut, Schema, TrainSet
from pipelines.tabular import ForestTeacher, Mlp
from pipelines.tasks import TASKS
from pipelines.training.feed import TrainFeed, plain_feed, training_feed
from pipelines.training.fit import train
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Constant
from pipelines.training.strategy import make_strategy
from pipelines.training.training import Training

TARGETS = {
    "binary": Target("y", "binary", ("no", "yes")),
    "multiclass": Target("y", "multiclass", ("a", "b", "c")),
    "multilabel": Target("y", "multilabel", ("a", "b")),
    "regression": Target("y", "regression", offset=100.0, factor=20.0),
    "forecast": Target(
        "y",
        "forecast",
        quantiles=(0.1, 0.5, 0.9),
        step_offsets=(0.0, 100.0),
        step_factors=(1.0, 20.0),
        mase_scale=2.0,
    ),
    "prototypes": Target("y", "prototypes", ("a", "b", "c"), embedding=4),
    "spelled": Target("y", "spelled", characters="ab", positions=2),
}
WIDTHS = {"multiclass": 3, "prototypes": 4, "multilabel": 2, "forecast": 6, "spelled": 6}


def make(kind, task, num_rows=256, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(num_rows, 6)).astype(np.float32)
    ids = random.integers(0, 5, (num_rows, 2)).astype(np.int32)
    signal = x[:, 0] + x[:, 1] * x[:, 2] + (ids[:, 0] > 2)
    y = {
        "binary": (signal > 1).astype(int),
        "multiclass": np.digitize(signal, [0, 1]),
        "multilabel": np.stack([signal > 1, signal > 0], axis=1).astype(int),
        "prototypes": np.digitize(signal, [0, 1]),
        "spelled": np.stack([signal > 1, np.digitize(signal, [0, 1])], axis=1).astype(int),
        "regression": 100 + 20 * signal,
        "forecast": np.stack([np.where(signal > 2, np.nan, signal), 100 + 20 * signal], axis=1),
    }[task]
    return kind(
        x={"standard_deviations": x, "category_ids": ids},
        y=y,
        ids=np.arange(num_rows) + 10_000 * seed,
        schema=Schema((Column("x", "numeric"),), TARGETS[task]),
    )


def signature_of(task):
    outputs = WIDTHS.get(task, 1)
    return Signature(
        (Column("x", "numeric"),),
        TARGETS[task],
        (),
        (
            Port("standard_deviations", (6,), "float32", ""),
            Port("category_ids", (2,), "int32", "", num_ids=5),
        ),
        Port("output", (outputs,), "float32", ""),
    )


def fit(
    task,
    *,
    deciding=None,
    net=Mlp(widths=(16, 16), num_members=2, residual=True),
    soft_labels=None,
    callbacks=(),
    **knobs,
):
    return train(
        net,
        TrainFeed(make(TrainSet, task), soft_labels),
        make(HeldOut, task, 90, 1),
        signature=signature_of(task),
        training=Training(**{"epochs": 3, "batch_size": 64, **knobs}),
        deciding=deciding or TASKS[task].deciding_metrics[0],
        callbacks=callbacks,
    )


def marked():
    """Every task and metric; another than the first of a task is for the full run, as the tests of
    metrics show what each is.
    """
    cases = []
    for task in TASKS.values():
        for place, metric in enumerate(task.deciding_metrics):
            marks = ()
            if place:
                marks = (pytest.mark.full,)
            if task.name not in ("forecast", "anomaly"):
                cases.append(pytest.param(task.name, metric, marks=marks))
    return cases


@pytest.mark.parametrize("task, deciding", marked())
def test_every_task_and_deciding_metric(task, deciding):
    trained = fit(task, deciding=deciding, epochs=1)
    assert set(trained.history) == {"loss", "val_loss", deciding, f"val_{deciding}"}
    assert trained.model.output_shape == (None, WIDTHS.get(task, 1))


def test_the_shipped_model_is_the_average_of_its_members():
    import keras

    from pipelines.training.members import average_members

    net = Mlp(widths=(8,), num_members=3)
    members = net.build(signature_of("multiclass"), seed=4)
    rows = make(HeldOut, "multiclass").x
    stacked = keras.ops.convert_to_numpy(members(rows))
    assert stacked.shape == (256, 3, 3) and np.abs(stacked[:, 0] - stacked[:, 1]).max() > 0.01
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(average_members(members)(rows)), stacked.mean(axis=1), atol=1e-5
    )


def test_early_stopping_brings_the_best_weights_back():
    trained = fit(
        "binary", epochs=40, schedule=Constant(patience=2), optimizer=AdamW(learning_rate=0.05)
    )
    values = trained.history["val_average_precision"]
    assert len(values) < 40
    import keras

    metric = keras.metrics.AUC(curve="PR", from_logits=True, num_thresholds=1000)
    held_out = make(HeldOut, "binary", 90, 1)
    metric.update_state(held_out.y[:, None], trained.model(held_out.x))
    assert float(metric.result()) == pytest.approx(max(values), abs=2e-3)


def test_a_loss_that_is_no_number_is_an_error():
    with pytest.raises(TrainError, match="the loss became nan in epoch"):
        fit("regression", soft_labels=np.full((256, 1), np.nan, np.float32))
    with pytest.raises(RecipeError, match="judge.deciding='mae' for a binary target"):
        fit("binary", deciding="mae")


def test_feeds_have_one_shape_and_every_row():
    rows = make(TrainSet, "binary", 100)
    labels = {"y": rows.y.astype(np.float32)}
    feed, steps = training_feed(TrainFeed(rows), labels, signature=None, batch_size=32, seed=0)
    seen = np.concatenate([x["standard_deviations"] for x, _, _ in feed.take(25)])
    assert steps == 3 and len(seen) == 800
    _, counts = np.unique(seen[:, 0], return_counts=True)
    assert len(counts) == 100 and set(counts) == {8}, "every row as often as every other"
    first, second = (
        np.concatenate(
            [
                y["y"]
                for _, y, _ in training_feed(
                    TrainFeed(rows), labels, signature=None, batch_size=50, seed=seed
                )[0].take(2)
            ]
        )
        for seed in (0, 1)
    )
    assert (first != second).any()
    batches = list(plain_feed(rows, labels, batch_size=32))
    assert [len(weight) for _, _, weight in batches] == [32] * 4
    weight = np.concatenate([each for _, _, each in batches])
    assert weight.sum() == 100 and (weight[:100] == 1).all()
    np.testing.assert_array_equal(
        np.concatenate([y["y"] for _, y, _ in batches])[:100], labels["y"]
    )


def test_teacher_answers_from_trees_that_did_not_see_the_row():
    random = np.random.default_rng(0)
    rows = make(TrainSet, "binary", 400)
    rows.x["standard_deviations"][:] = random.normal(size=(400, 6))  # nothing to learn
    rows.y[:] = random.integers(0, 2, 400)
    soft = ForestTeacher(share=1.0, num_trees=60, min_samples_leaf=1).soften(rows, rows)[:, 0]
    # A forest that answered for rows that it had seen would know every label.
    assert abs(np.corrcoef(soft, rows.y)[0, 1]) < 0.2
    for task in ("binary", "multiclass", "regression"):
        soft = ForestTeacher(num_trees=40).soften(make(TrainSet, task), None)
        assert soft.shape == (256, 3 if task == "multiclass" else 1) and soft.dtype == np.float32


TWO_DEVICES = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import sys
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.training.test_fit import fit_on
from pipelines.training.strategy import make_strategy
from pipelines.engine.environment import device_kind
assert device_kind().endswith("CPU in 2")
assert "CPU" not in device_kind(threads=1, num_gpus=0)
assert make_strategy("mirrored").num_replicas_in_sync == 2
np.savez(sys.argv[1], *fit_on("mirrored", sys.argv[2]))
"""


def fit_on(strategy, task):
    """Dropout draws other masks on two devices; everything else must be equal. 256 rows in batches
    of 48 do not divide.
    """
    import keras

    trained = fit(
        task, net=Mlp(widths=(16, 16), num_members=2, dropout=0.0), strategy=strategy, batch_size=48
    )
    with make_strategy(strategy).scope():  # as a compression does, which fits the same variables
        keras.optimizers.Adam().build(trained.model.trainable_variables)
    return *trained.model.get_weights(), *trained.history.values()


@pytest.mark.parametrize("task", [pytest.param("binary", marks=pytest.mark.full), "multiclass"])
def test_two_logical_devices_train_the_same_weights(task, tmp_path):
    assert make_strategy("one_device").num_replicas_in_sync == 1
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, str(tmp_path / "fit.npz"), task],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "fit.npz") as file:
        for one, name in zip(fit_on("one_device", task), file.files, strict=True):
            np.testing.assert_allclose(one, file[name], atol=2e-5)
