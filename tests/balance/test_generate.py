"""Rows drawn by a variational autoencoder: what it learns, and that they are readable rows."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.balance import (
    Generate,
    Smote,
    VariationalAutoencoder,
    frechet_distance,
    two_sample_test,
)
from pipelines.balance.generators.rows import ClassRows
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.errors import BalanceError
from pipelines.own_model.export import export_model
from pipelines.rows.parts import Schema, TrainSet
from pipelines.targets.litert.spec import TargetLiteRT
from pipelines.targets.micro.spec import TargetMicro
from tests.contracts.samples import pictures, series, table, texts

NUM_ROWS = 300
SMALL = Generate(by=VariationalAutoencoder(width=32, code=4, num_batches=800, learning_rate=5e-3))


def rare(x, columns, y):
    schema = Schema(tuple(columns), Target("y", "binary", ("no", "yes")))
    return TrainSet(x=x, y=y, ids=np.arange(len(y)) + 1000, schema=schema)


def squares():
    """Pictures of a bright square, left or, in one of ten, right."""
    random = np.random.default_rng(0)
    y = (np.arange(NUM_ROWS) % 10 == 0).astype(np.int64)
    pixels = random.integers(0, 30, (NUM_ROWS, 8, 8, 1), np.uint8)
    for row, label in enumerate(y):
        top = random.integers(0, 5)
        pixels[row, top : top + 4, 4 * label : 4 * label + 4] = 220
    return rare({"picture": pixels}, [Column("picture", "picture", shape=(8, 8, 1))], y)


def waves():
    """Two series of sines whose frequency is the class."""
    random = np.random.default_rng(0)
    y = (np.arange(NUM_ROWS) % 10 == 0).astype(np.int64)
    phase = random.uniform(0, 2 * np.pi, NUM_ROWS)[:, None]
    steps = np.arange(24) / 24 * 2 * np.pi * (1 + 2 * y[:, None]) + phase
    x = {"sine": np.sin(steps).astype(np.float32), "ten": 10 * np.cos(steps).astype(np.float32)}
    return rare(x, [Column(name, "series", shape=(24,)) for name in x], y)


def test_pictures_of_the_rare_class_are_drawn():
    train = squares()
    drawn = SMALL.resample(train)
    assert drawn.x["picture"].dtype == np.uint8 and np.bincount(drawn.y).tolist() == [270, 270]
    assert np.array_equal(drawn.x["picture"][:NUM_ROWS], train.x["picture"])
    assert np.array_equal(drawn.ids[:NUM_ROWS], train.ids)
    made = drawn.x["picture"][NUM_ROWS:].astype(float)
    assert len(np.unique(made, axis=0)) > 200
    assert made[..., 4:, 0].mean() > made[..., :4, 0].mean() + 40


def test_series_of_the_rare_class_are_drawn():
    drawn = SMALL.resample(waves())
    made = drawn.x["sine"][NUM_ROWS:]
    power = np.abs(np.fft.rfft(made, axis=1))
    assert np.mean(power.argmax(axis=1) == 3) > 0.9
    assert made.dtype == np.float32 and drawn.x["ten"][NUM_ROWS:].std() > 3


def test_categories_are_those_that_were_seen():
    random = np.random.default_rng(0)
    y = (np.arange(NUM_ROWS) % 10 == 0).astype(np.int64)
    kind = np.array([("a", "b", None)[each] for each in random.integers(0, 3, NUM_ROWS)], object)
    kind[y == 1] = "rare"
    number = random.normal(5 + 10 * y, 2).astype(np.float32)
    columns = [Column("kind", "categorical"), Column("number", "numeric")]
    drawn = SMALL.resample(rare({"kind": kind, "number": number}, columns, y))
    made = drawn.x["kind"][NUM_ROWS:]
    assert set(made) <= {"a", "b", None, "rare"} and np.mean(made == "rare") > 0.9
    assert abs(drawn.x["number"][NUM_ROWS:].mean() - 15) < 1


def test_rows_are_given_back_better_by_what_is_learned():
    random = np.random.default_rng(0)
    values = random.normal(size=(40, 5)).astype(np.float32)
    rows = ClassRows(values, np.arange(40) % 2, 2, (5,))
    spec = VariationalAutoencoder(width=6, code=2, num_batches=1, learning_rate=1e-6)
    before = _error(spec.learn(rows, seed=0))
    spec = replace(spec, num_batches=300, learning_rate=1e-2)
    assert _error(spec.learn(rows, seed=0)) < before / 2


def inputs_of(vae):
    return np.concatenate([vae._rest, vae._one_hot[vae._y]], axis=1)


def _error(vae):
    mean, _ = vae._code_of(vae._encoder.forward(inputs_of(vae))[-1])
    given = vae.decode(mean, vae._y)
    return np.mean((given - vae._means[vae._y] - vae._rest) ** 2)


def test_rows_of_any_class_are_drawn():
    train = squares()
    drawn = SMALL.draw(train, np.repeat([0, 1], [7, 5]))
    assert drawn.y.tolist() == [0] * 7 + [1] * 5 and len(drawn.x["picture"]) == 12
    parents = dict(zip(train.ids.tolist(), train.y.tolist(), strict=True))
    assert [parents[each] for each in drawn.ids.tolist()] == drawn.y.tolist()
    with pytest.raises(BalanceError, match="without a training row"):
        three = Target("y", "multiclass", ("no", "yes", "never"))
        SMALL.draw(replace(train, schema=replace(train.schema, target=three)), np.array([2]))


@pytest.mark.full  # imports TensorFlow, and two converters of it
@pytest.mark.parametrize("rows", (squares, waves))
def test_the_decoder_runs_in_int8_on_both_interpreters(rows, tmp_path):
    train = rows()
    model = SMALL.decoder(train)
    random = np.random.default_rng(3)
    code = random.standard_normal((200, 4), dtype=np.float32)
    one_hot = np.eye(2, dtype=np.float32)[np.arange(200) % 2]
    inputs = {"code": code, "label": one_hot}
    bundle = export_model(
        model, inputs, name="decoder", targets=(TargetLiteRT(), TargetMicro()), folder=tmp_path
    )
    forms = {rung["form"] for rung in bundle.report["ladder"]}
    assert {"litert_int8", "micro_int8"} <= forms
    answers = np.asarray(model(inputs))
    assert answers.shape[1:] in ((8, 8, 1), (48,))
    if rows is squares:
        bright = answers[1::2, :, 4:].mean() - answers[1::2, :, :4].mean()
        assert bright > 40 and answers.max() < 400


def test_what_no_row_can_be_drawn_for_is_refused():
    assert not SMALL.suits(pictures().sketch()) and not SMALL.suits(series().sketch())
    assert "on texts" in SMALL.suits(texts().sketch())
    with pytest.raises(BalanceError, match="missing values|date column"):
        SMALL.resample(table().splits().train)
    wide = rare(
        {"wave": np.zeros((30, 2**14 + 1), np.float32)},
        [Column("wave", "series", shape=(2**14 + 1,))],
        np.arange(30) % 3 // 2,
    )
    with pytest.raises(BalanceError, match="values"):
        SMALL.resample(wide)
    assert replace(SMALL, seed=1) != SMALL and "pictures" in Smote().suits(pictures().sketch())


def test_the_distance_of_known_normals():
    """Of N(0, 1) and N(3, 4), each feature by itself: 9 + 1 + 4 - 2 * 2."""
    random = np.random.default_rng(0)
    one = random.normal(0, 1, (20_000, 2))
    other = random.normal(3, 2, (20_000, 2))
    assert frechet_distance(one, other) == pytest.approx(20, rel=0.03)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_a_classifier_finds_what_is_unlike_alone():
    random = np.random.default_rng(0)
    real = random.normal(size=(400, 3))
    same = two_sample_test(real, random.normal(size=(500, 3)))
    other = two_sample_test(real, random.normal(1.5, 1, (500, 3)))
    assert same.p > 0.01 and abs(same.accuracy - 0.5) < 0.1
    assert other.p < 1e-6 and other.accuracy > 0.8
