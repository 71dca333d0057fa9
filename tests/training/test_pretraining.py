"""Pretraining without labels, of pictures and of series: what it learns, from whom, and that one
seed gives one net. Texts have tests/text/test_pretraining.py.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import timeseries, vision
from pipelines.errors import RecipeError
from pipelines.recipe import Judge, Recipe
from pipelines.rows.split import SplitGiven, SplitGrouped, SplitRandom, split
from pipelines.rows.split_fold import SplitFold
from pipelines.run import fit, judge, ship
from pipelines.steps import fit_steps, make_signature, to_ports, unlabelled_to_ports
from pipelines.tabular import LoadTable
from pipelines.training.training import Training
from pipelines.vision.pretraining import contrastive_loss
from tests.contracts.samples import pictures, series

CONTRASTIVE = vision.ContrastivePretraining(
    net=vision.Cnn(widths=(4,), pool_after=()),
    views=(vision.AugmentFlip(),),
    epochs=1,
    batch_size=32,
)
FCN = timeseries.SeriesFcn(widths=(4,), kernels=(3,), num_members=2)
VIEWS = (timeseries.AugmentJitter(), timeseries.AugmentScaling())
OF_SERIES = replace(CONTRASTIVE, net=FCN, views=VIEWS)
MASKED = timeseries.MaskedSeriesPretraining(net=FCN, epochs=1)
CASES = (
    (pictures, CONTRASTIVE),
    pytest.param(series, OF_SERIES, marks=pytest.mark.full),
    pytest.param(series, MASKED, marks=pytest.mark.full),
)


def prepared(make, labelled=0.5):
    """The signature, and training and validation rows as ports."""
    sample = make()
    parts = split(sample.dataset, SplitGiven(labelled=labelled))
    fitted, encoded = fit_steps(sample.encode, parts.train)
    signature = make_signature(fitted, (), encoded)
    rows = to_ports(signature, parts.train)
    rows = replace(rows, unlabelled=unlabelled_to_ports(signature, parts.train))
    return signature, rows, to_ports(signature, parts.valid)


def warmed_up(spec, signature, rows, valid):
    model = spec.build(signature, seed=3)
    training = Training(batch_size=32, seed=3)
    spec.warm_up(model, rows, valid, signature=signature, training=training, deciding="")
    return model


@pytest.mark.parametrize("make, spec", CASES)
def test_all_layers_but_the_last_learn_alike_from_one_seed(make, spec):
    signature, rows, valid = prepared(make)
    start = spec.build(signature, seed=3)
    model = warmed_up(spec, signature, rows, valid)
    others = replace(valid, y=1 - valid.y, x={name: x[::-1] for name, x in valid.x.items()})
    relabelled = replace(rows, y=1 - rows.y)
    again = warmed_up(spec, signature, relabelled, others)
    for layer in start.layers:
        if not layer.weights:
            continue
        learned = model.get_layer(layer.name).get_weights()
        assert all(map(np.array_equal, learned, again.get_layer(layer.name).get_weights()))
        is_same = all(map(np.array_equal, learned, layer.get_weights()))
        assert is_same == layer.name.endswith("_logits"), layer.name


@pytest.mark.full
def test_rows_without_a_label_are_learned_from():
    signature, rows, valid = prepared(series)
    model = warmed_up(MASKED, signature, rows, valid)
    fewer = warmed_up(MASKED, signature, replace(rows, unlabelled=None), valid)
    assert not np.array_equal(model.get_weights()[0], fewer.get_weights()[0])


def test_the_loss_is_that_of_the_paper():
    """Equation 1 of Chen et al. 2020, row by row."""
    vectors = np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=2, keepdims=True)
    forms = np.concatenate([unit[:, 0], unit[:, 1]])
    similar = np.exp(forms @ forms.T / 0.5)
    np.fill_diagonal(similar, 0)
    row = np.arange(10)
    each = -np.log(similar[row, (row + 5) % 10] / similar.sum(axis=1))
    wanted = (each[:5] + each[5:]) / 2
    assert np.allclose(contrastive_loss(0.5)(None, vectors), wanted, atol=1e-5)


def test_masked_steps_alone_count():
    signature, rows, _ = prepared(series)
    task = MASKED.pretext(MASKED.build(signature), rows, signature=signature, seed=0)
    x = {name: values[:16] for name, values in rows.x.items()}
    import tensorflow as tf

    columns = {name: tf.constant(values) for name, values in x.items()}
    weight = tf.ones(len(next(iter(x.values()))))
    masked, truth, _ = task.alter(tf.constant(0, tf.int64), (columns, {}, weight))
    kept, is_masked = np.split(truth.numpy(), 2, axis=2)
    assert np.array_equal(masked["series"], np.where(is_masked, 0, kept))
    assert 0.2 < is_masked.mean() < 0.4
    members = np.tile(kept, 2)
    wrong = members + np.tile(1 - is_masked, 2)
    assert not np.any(task.loss(truth, wrong)) and np.all(task.loss(truth, members + 2) > 3.9)


@pytest.mark.parametrize("how", (SplitGiven(), SplitRandom(), SplitGrouped()))
def test_a_share_of_the_training_rows_keeps_its_label(how):
    dataset = pictures().dataset
    if isinstance(how, SplitRandom) and not isinstance(how, SplitGrouped):
        dataset = replace(dataset, group=None)
    whole = split(dataset, how)
    parts = split(dataset, replace(how, labelled=0.4))
    assert len(parts.train) + len(parts.train.unlabelled) == len(whole.train)
    assert set(parts.train.ids) < set(whole.train.ids) and set(parts.train.y) == {0, 1}
    hidden = np.setdiff1d(whole.train.ids, parts.train.ids)
    pixels = dataset.x["picture"][np.isin(dataset.ids, hidden)]
    assert np.array_equal(parts.train.unlabelled.x["picture"], pixels)
    for part in ("valid", "test"):
        assert np.array_equal(getattr(parts, part).ids, getattr(whole, part).ids)
    assert any("keep their label" in note for note in parts.notes)


def test_folds_keep_the_share_too_and_streams_refuse_it():
    how = SplitFold(SplitRandom(labelled=0.5), num=3)
    parts = split(replace(pictures().dataset, group=None), how)
    assert len(parts.train.unlabelled) == pytest.approx(len(parts.train), abs=1)
    assert "streamed" in SplitRandom(labelled=0.5).refuses_stream()
    assert not SplitRandom().refuses_stream()


@pytest.mark.parametrize(
    "build",
    (
        replace(CONTRASTIVE, views=()),
        replace(CONTRASTIVE, net=CONTRASTIVE),
        replace(CONTRASTIVE, net=timeseries.MiniRocket()),
        replace(CONTRASTIVE, net=None),
        replace(MASKED, net=timeseries.SeriesMlp()),
    ),
)
def test_what_cannot_be_pretrained_is_refused(build):
    with pytest.raises(RecipeError, match=r"build\.(net|views)="):
        build.check()


def test_views_of_other_rows_are_refused():
    assert "AugmentJitter" in replace(CONTRASTIVE, views=VIEWS).suits(pictures().sketch())
    assert "AugmentFlip" in replace(CONTRASTIVE, net=OF_SERIES.net).suits(series().sketch())


@pytest.mark.full
@pytest.mark.parametrize("make, spec", CASES)
def test_from_few_labels_to_int8(make, spec):
    sample = make()
    parts = split(sample.dataset, SplitGiven(labelled=0.5))
    recipe = Recipe(
        name="few",
        about="",
        load=LoadTable("none.csv", "y"),
        encode=sample.encode,
        build=spec,
        training=Training(epochs=1, batch_size=16),
        judge=Judge(tolerance=1.0, beside=False, min_agreement=0.0),
    )
    shipped = ship(recipe, fit(recipe, parts.train, parts.valid))
    rungs = judge(recipe, shipped, parts.test).rungs
    assert {"litert_int8", "micro_int8"} <= {rung.form for rung in rungs}
