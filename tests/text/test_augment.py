"""Augmentations of texts: what they may change, what they must keep, the same bits for the same
seed.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import run, tabular, text, vision
from pipelines.errors import LoadError, RecipeError
from pipelines.recipe import tiny
from pipelines.rows.split import SplitRandom, split
from pipelines.steps import (
    PairTokens,
    TokenizeCharacters,
    TokenizeWords,
    fit_steps,
    make_signature,
    to_ports,
)
from pipelines.text import AugmentDelete, AugmentMixUpEmbeddings, AugmentSwap, AugmentSynonyms
from pipelines.text.augment import synonym_table, text_augmenter
from pipelines.training.feed import TrainFeed, training_feed
from pipelines.training.fit import train
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Constant

WINDOW = 16


@pytest.fixture(scope="module")
def remarks():
    frame = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)[
        ["remarks", "effect"]
    ]
    frame = frame[frame.remarks != ""]
    return pd.concat([frame[frame.effect != ""][:200], frame[frame.effect == ""][:400]])


def encode(remarks, *steps):
    parts = split(text.REMARKS.load.read(remarks)[0], SplitRandom())
    fitted, rows = fit_steps(steps, parts.train)
    signature = make_signature((), fitted, rows)
    return signature, to_ports(signature, rows, encoded=True), to_ports(signature, parts.valid)


@pytest.fixture(scope="module")
def words(remarks):
    return encode(remarks, TokenizeWords(window=WINDOW), PairTokens(num_buckets=64))


@pytest.fixture
def synonyms(tmp_path):
    (tmp_path / "synonyms.txt").write_text(
        "Bird, birds, GULL\nno one knows these, at all\nplane,aircraft,a/c\n"
    )
    return AugmentSynonyms(str(tmp_path / "synonyms.txt"), share=0.5)


def altered(signature, rows, *specs, seed=(3, 0)):
    labels = {"y": rows.y[:, None].astype(np.float32)}
    columns = {name: tf.constant(x) for name, x in rows.x.items()}
    return tf.nest.map_structure(
        np.asarray, text_augmenter(specs, signature)(columns, labels, tf.constant(seed))
    )


def texts_of(ids):
    return [row[row > 0].tolist() for row in ids]


def right_aligned(ids):
    return (np.diff((ids > 0).astype(int), axis=1) >= 0).all()


def test_deletion_keeps_the_order_and_a_token(words):
    signature, rows, _ = words
    columns, labels = altered(signature, rows, AugmentDelete(share=0.3))
    before = texts_of(rows.x["tokens"])
    after = texts_of(columns["tokens"])
    for one, other in zip(before, after, strict=True):
        rest = iter(one)
        assert all(token in rest for token in other) and bool(other) == bool(one)
    assert right_aligned(columns["tokens"])
    assert 0.25 < 1 - sum(map(len, after)) / sum(map(len, before)) < 0.35
    np.testing.assert_array_equal(labels["y"][:, 0], rows.y)
    whole, _ = altered(signature, rows, AugmentDelete(share=0.95))
    assert all(texts_of(whole["tokens"]))


@settings(max_examples=10, deadline=None)
@given(share=st.floats(0, 1), seed=st.integers(0, 2**30))
def test_a_swap_keeps_every_token(words, share, seed):
    signature, rows, _ = words
    columns, _ = altered(signature, rows, AugmentSwap(share=share), seed=(seed, 1))
    for one, other in zip(texts_of(rows.x["tokens"]), texts_of(columns["tokens"]), strict=True):
        assert sorted(one) == sorted(other)
    np.testing.assert_array_equal(columns["tokens"] > 0, rows.x["tokens"] > 0)
    assert (columns["tokens"] != rows.x["tokens"]).any() == (share > 0.3) or 0 < share <= 0.3


def test_synonyms_come_from_the_file(words, synonyms):
    signature, rows, _ = words
    keys = dict(enumerate(signature.primitives[0].keys, start=1))
    columns, _ = altered(signature, rows, synonyms)
    changed = columns["tokens"] != rows.x["tokens"]
    pairs = {
        (keys[a], keys[b])
        for a, b in zip(rows.x["tokens"][changed], columns["tokens"][changed], strict=True)
    }
    known = [{"bird", "birds", "gull"}, {"plane", "aircraft"}]
    assert len(pairs) > 3 and all(any({*pair} <= group for group in known) for pair in pairs)
    table = synonym_table(synonyms.source, signature)
    again = np.isin(rows.x["tokens"], np.flatnonzero(table.any(axis=1)))
    assert 0.35 < changed[again].mean() < 0.65


def test_synonyms_that_cannot_be_used_are_refused(words, remarks, tmp_path):
    signature, _, _ = words
    with pytest.raises(LoadError, match="nowhere"):
        AugmentSynonyms(str(tmp_path / "nowhere")).check()
    (tmp_path / "odd.txt").write_text("xyzzy, plugh\n")
    with pytest.raises(RecipeError, match="no two words"):
        synonym_table(str(tmp_path / "odd.txt"), signature)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9, bar\n")
    with pytest.raises(LoadError, match="not UTF-8"):
        synonym_table(str(tmp_path / "latin.txt"), signature)
    with pytest.raises(RecipeError, match="synonyms for Characters"):
        synonym_table(
            str(tmp_path / "odd.txt"), encode(remarks, TokenizeCharacters(window=WINDOW))[0]
        )


def test_pairs_follow_the_tokens(words):
    signature, rows, _ = words
    columns, _ = altered(signature, rows, AugmentSwap(share=0.8))
    again = {"remarks": columns["tokens"]}
    signature.primitives[1].run(again)
    np.testing.assert_array_equal(columns["pairs"], again[signature.primitives[1].into])


def test_mixing_gives_the_partner_and_the_label(words):
    signature, rows, _ = words
    columns, labels = altered(signature, rows, AugmentMixUpEmbeddings(alpha=1.0))
    share = columns["mix_share"]
    assert share.shape == (len(rows), 1) and 0 <= share.min() < 0.2 < 0.8 < share.max() <= 1
    np.testing.assert_array_equal(columns["tokens_partner"], np.roll(rows.x["tokens"], 1, axis=0))
    mixed = share[:, 0] * rows.y + (1 - share[:, 0]) * np.roll(rows.y, 1)
    np.testing.assert_allclose(labels["y"][:, 0], mixed, rtol=1e-6)
    few, _ = altered(signature, rows, AugmentMixUpEmbeddings(alpha=0.01))
    assert np.isfinite(few["mix_share"]).all()


def test_a_net_that_mixes_ships_as_one_that_does_not(words):
    signature, rows, valid = words
    feed = TrainFeed(rows, augment=(AugmentDelete(), AugmentMixUpEmbeddings()))
    net = text.TextCnn(width=8, embedding_width=8, kernels=(2,))
    training = replace(
        text.REMARKS.training,
        epochs=8,
        schedule=Constant(patience=8),
        optimizer=AdamW(learning_rate=1e-2),
    )
    one, two = (
        train(net, feed, valid, signature=signature, training=training, deciding="roc_auc")
        for _ in range(2)
    )
    assert {each.name for each in one.model.inputs} == {"tokens", "pairs"}
    assert one.history["val_roc_auc"][-1] > 0.6
    for first, second in zip(one.model.get_weights(), two.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    start = net.build(signature).get_layer("member0_conv2").get_weights()[0]
    assert (one.model.get_layer("member0_conv2").get_weights()[0] != start).any()


def test_batches_are_the_same_for_the_same_seed(words, synonyms):
    signature, rows, _ = words

    def batches(seed):
        feed = TrainFeed(
            rows, augment=(AugmentDelete(), AugmentSwap(), synonyms, AugmentMixUpEmbeddings())
        )
        made, _ = training_feed(
            feed,
            {"y": rows.y[:, None].astype(np.float32)},
            signature=signature,
            batch_size=64,
            seed=seed,
        )
        return [(x["tokens"].numpy(), y["y"].numpy()) for x, y, _ in made.take(3)]

    first = batches(0)
    again = batches(0)
    other = batches(1)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])
    assert any((one[0] != two[0]).any() for one, two in zip(first, other, strict=True))


def test_augmentations_of_another_modality_are_refused(remarks, tmp_path):
    recipe = tiny(text.REMARKS)
    with pytest.raises(RecipeError, match="without pictures"):
        run(replace(recipe, augment=(vision.AugmentFlip(),)), remarks, folder=tmp_path)
    with pytest.raises(RecipeError, match="without texts"):
        run(replace(tiny(tabular.PENGUINS), augment=(AugmentDelete(),)), folder=tmp_path)
