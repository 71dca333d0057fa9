"""Every augmentation: a batch altered by its seed alone, and held-out rows as they are."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import slots, steps
from pipelines.errors import LeakError
from pipelines.training.feed import TrainFeed, plain_feed, training_feed
from tests.contracts.samples import first_sample_for, members, name_of, with_defaults

AUGMENTATIONS = members(slots.Augmentation)
BY_KIND = pytest.mark.parametrize("kind", AUGMENTATIONS, ids=name_of)
BATCH = 32


@pytest.fixture(scope="module")
def synonyms(tmp_path_factory):
    """A file of words of one meaning, as `AugmentSynonyms` reads it."""
    file = tmp_path_factory.mktemp("synonyms") / "words.txt"
    file.write_text("bird, gull\nengine, wing\nhit, damage\n", encoding="utf-8")
    return str(file)


@pytest.fixture
def spec(kind, synonyms):
    """The augmentation with its defaults, a strong one so that every draw shows."""
    made = with_defaults(kind, source=synonyms)
    if "share" in vars(made):
        made = replace(made, share=0.5)
    return made


def inputs_of(sample):
    """Fits the sample's steps on its training rows.

    Returns:
        The signature, and the parts with its ports for columns.
    """
    parts = sample.splits()
    fitted, encoded = steps.fit_steps(sample.encode, parts.train)
    signature = steps.make_signature(fitted, (), encoded)
    train = steps.to_ports(signature, parts.train)
    return signature, train, steps.to_ports(signature, parts.valid)


def batch_of(train):
    """The first rows: columns, and labels float32 [rows, 1]."""
    columns = {name: x[:BATCH] for name, x in train.x.items()}
    return columns, {"y": train.y[:BATCH, None].astype(np.float32)}


def composed(spec):
    """The augmentation for its sample, and the training rows of that."""
    signature, train, _ = inputs_of(first_sample_for(spec))
    return type(spec).compose((spec,), signature), train


def altered(alter, train, seed):
    """Columns and labels of a batch, as arrays, after the augmentation."""
    columns, labels = alter(*batch_of(train), np.array([seed, 0], np.int64))
    as_arrays = {name: np.asarray(x) for name, x in columns.items()}
    return as_arrays, {name: np.asarray(y) for name, y in labels.items()}


def differ(one, other):
    return any((one[name] != x).any() for name, x in other.items())


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name, x in other.items():
        np.testing.assert_array_equal(one[name], x)


@BY_KIND
def test_a_batch_depends_on_its_seed_alone(kind, spec):
    alter, train = composed(spec)
    columns, labels = altered(alter, train, 1)
    again, labels_again = altered(*composed(spec), 1)
    assert_equal(columns, again)
    assert_equal(labels, labels_again)
    assert any(differ(columns, altered(alter, train, seed)[0]) for seed in (2, 3))


@BY_KIND
def test_a_batch_keeps_its_shape_and_its_range(kind, spec):
    signature, train, _ = inputs_of(first_sample_for(spec))
    plain, plain_labels = batch_of(train)
    columns, labels = altered(*composed(spec), 1)
    more = {port.name for port in kind.training_ports((spec,), signature)}
    assert set(columns) == set(plain) | more
    for name, x in plain.items():
        assert columns[name].shape == x.shape
        assert np.isfinite(columns[name]).all()
    for name, y in plain_labels.items():
        assert labels[name].shape == y.shape
        assert labels[name].min() >= 0 and labels[name].max() <= 1
    for port in signature.inputs:
        if port.is_picture:
            assert columns[port.name].min() > -1 and columns[port.name].max() < 256
        if port.num_ids:
            assert columns[port.name].min() >= 0 and columns[port.name].max() < port.num_ids


@BY_KIND
def test_held_out_rows_stay_plain(kind, spec):
    signature, train, valid = inputs_of(first_sample_for(spec))
    labels = {"y": valid.y[:, None].astype(np.float32)}
    unmixed = kind.unmixed(valid.x)
    for name, x in valid.x.items():
        np.testing.assert_array_equal(unmixed[name], x)
    ports = {port.name for port in kind.training_ports((spec,), signature)}
    assert ports <= set(unmixed)
    batches = list(plain_feed(valid, labels, batch_size=len(valid)))
    assert len(batches) == 1
    columns, given, weight = batches[0]
    assert_equal({name: np.asarray(x) for name, x in columns.items()}, valid.x)
    np.testing.assert_array_equal(given["y"], labels["y"])
    assert (np.asarray(weight) == 1).all()
    with pytest.raises(LeakError):
        TrainFeed(valid, augment=(spec,))


@BY_KIND
def test_the_training_feed_alters_each_epoch_anew_and_alike(kind, spec):
    signature, train, _ = inputs_of(first_sample_for(spec))
    feed = TrainFeed(train, augment=(spec,))
    labels = {"y": train.y[:, None].astype(np.float32)}
    drawn = []
    for _ in range(2):
        batches, num_steps = training_feed(
            feed, labels, signature=signature, batch_size=BATCH, seed=5
        )
        taken = batches.take(2 * num_steps)
        drawn.append([{name: np.asarray(x) for name, x in each[0].items()} for each in taken])
    for one, other in zip(*drawn, strict=True):
        assert_equal(one, other)
    assert differ(drawn[0][0], drawn[0][num_steps])
