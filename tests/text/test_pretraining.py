"""Pretraining by masked tokens: on whom, what it changes, and that no held-out text takes part."""

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from pipelines import text
from pipelines.balance import OversampleRandom, WeightByClass
from pipelines.errors import LeakError, RecipeError
from pipelines.recipe import tiny
from pipelines.rows.parts import HeldOut
from pipelines.rows.split import SplitGrouped, SplitRandom, split
from pipelines.steps import (
    PairTokens,
    TokenizeWords,
    fit_steps,
    make_signature,
    to_ports,
    unlabelled_to_ports,
)
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train
from pipelines.training.inputs import fit_inputs
from tests.learned import learn

NETS = [
    text.TransformerEncoder(),
    text.TextCnn(num_members=2),
    text.Gru(bidirectional=True, token_dropout=0.2),
]


def source(most=160):
    """Remarks whose effect is known, told in one of two words, and more without one."""
    frame = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)[
        ["remarks", "effect"]
    ]
    frame = frame[frame.remarks != ""]
    told = frame[frame.effect != ""][:most].assign(
        effect=lambda rows: np.where(rows.effect == "Precautionary Landing", "landing", "other")
    )
    return pd.concat([told, frame[frame.effect == ""][:most]], ignore_index=True)


def recipe_of(net=text.TransformerEncoder(), **knobs):
    recipe = tiny(
        replace(
            text.REMARKS,
            encode=(TokenizeWords(window=12),),
            split=SplitRandom(test=0.3, valid=0.3),
            load=text.LoadTexts("data/birds.csv.gz", "remarks", "effect"),
            build=text.MaskedPretraining(net=net, **knobs),
        )
    )
    return replace(
        recipe,
        judge=replace(recipe.judge, beside=False),
        training=replace(recipe.training, epochs=1, batch_size=32),
    )


@pytest.fixture(scope="module")
def parts():
    return parts_of(source())


def parts_of(frame, how=None, **knobs):
    recipe = recipe_of()
    return split(replace(recipe.load, **knobs).read(frame)[0], how or recipe.split)


def fitted(parts):
    """(signature, training rows as ports with the unlabelled ones, validation rows as ports)."""
    encoders, encoded = fit_steps((TokenizeWords(window=12),), parts.train)
    signature = make_signature((), encoders, encoded)
    rows = replace(
        to_ports(signature, parts.train), unlabelled=unlabelled_to_ports(signature, parts.train)
    )
    return signature, rows, to_ports(signature, parts.valid)


def test_rows_without_a_target_stay_beside_training_rows(parts):
    frame = source()
    dataset, notes = recipe_of().load.read(frame)
    assert dataset.unlabelled.x["remarks"].tolist() == frame.remarks[frame.effect == ""].tolist()
    assert any(
        "160 rows without it are left out; MaskedPretraining() can learn" in each.why
        for each in notes
    )
    held_out = {
        each.lower() for part in (parts.valid, parts.test) for each in part.x["remarks"].tolist()
    }
    kept = [
        each for each in parts.train.unlabelled.x["remarks"].tolist() if each.lower() in held_out
    ]
    assert not kept and 100 < len(parts.train.unlabelled) <= 160
    assert parts.valid.unlabelled is None and parts.test.unlabelled is None
    few = parts.train.take(np.arange(9)).with_columns({})
    assert few.unlabelled is parts.train.unlabelled
    for balancer in (WeightByClass(), OversampleRandom()):
        assert balancer.resample(parts.train).unlabelled is None
    with pytest.raises(LeakError, match="HeldOut with rows to learn from"):
        replace(parts.valid, unlabelled=parts.train.unlabelled)
    for knobs in ({"target_kind": "presence"}, {"empty_class": "None"}):
        assert replace(recipe_of().load, **knobs).read(frame)[0].unlabelled is None


def test_unlabelled_rows_of_held_out_groups_are_left_out():
    frame = source().assign(who=lambda rows: [str(place % 20) for place in range(len(rows))])
    frame.loc[frame.index[-1], "who"] = ""  # of an unknown group: it could be any
    parts = parts_of(frame, SplitGrouped(), group=("who",))
    codes = parts.train.unlabelled.group
    held_out = np.concatenate([parts.valid.group, parts.test.group])
    assert len(codes) and not np.isin(codes, held_out).any() and len(codes) < 140
    dataset, _ = replace(recipe_of().load, group=("who",)).read(frame)
    assert len(dataset.unlabelled) == 159 and set(dataset.unlabelled.group) == set(dataset.group)


def test_words_of_texts_without_a_label_are_known(parts):
    """To a net that learns from these texts, and to no other."""
    recipe = recipe_of()
    everywhere = words_of(recipe, parts)
    labelled = words_of(replace(recipe, build=recipe.build.net), parts)
    assert labelled < everywhere
    seen = " ".join(parts.train.x["remarks"]).lower()
    assert [word for word in everywhere if word not in seen]
    assert all(word in seen for word in labelled)


def words_of(recipe, parts):
    """Which words have an id of their own."""
    signature = fit_inputs(recipe, parts.train, parts.valid).signature
    return set(signature.primitives[0].keys)


def test_a_row_like_a_held_out_text_changes_nothing(parts):
    """Whatever its case and white space; a row like no held-out text does change the weights."""
    frame = source()
    weights = [weights_of(parts)]
    for extra in ([_odd(parts.test), _odd(parts.valid)], ["engine shut down"]):
        more = pd.DataFrame({"remarks": extra, "effect": [""] * len(extra)}, dtype=object)
        weights.append(weights_of(parts_of(pd.concat([frame, more], ignore_index=True))))
    assert all(map(np.array_equal, weights[0], weights[1]))
    assert not all(map(np.array_equal, weights[0], weights[2]))


@cache
def weights_of(parts):
    """Of a tiny net, as `run.fit` trains it."""
    signature, rows, valid = fitted(parts)
    recipe = recipe_of(text.TextCnn(kernels=(3,)))
    return train(
        recipe.build,
        TrainFeed(rows),
        valid,
        signature=signature,
        training=recipe.training,
        deciding="average_precision",
    ).model.get_weights()


def _odd(rows):
    """The first text in another case and with other white space."""
    return "  " + rows.x["remarks"][0].swapcase().replace(" ", "\n ")


def test_no_weight_depends_on_validation_rows(parts):
    altered = HeldOut(
        x={"remarks": np.strings.add("never seen ", parts.valid.x["remarks"])},
        y=1 - parts.valid.y,
        ids=parts.valid.ids,
        schema=parts.valid.schema,
    )
    assert all(map(np.array_equal, weights_of(parts), weights_of(replace(parts, valid=altered))))


def test_learn_hands_unlabelled_rows_to_pretraining_and_ships(parts):
    recipe = recipe_of(text.TextCnn(kernels=(3,)))
    recipe = replace(
        recipe, teacher=None, judge=replace(recipe.judge, deciding="average_precision")
    )
    learned = learn(recipe, parts.train, parts.valid)
    assert all(map(np.array_equal, learned.trained.model.get_weights(), weights_of(parts)))
    assert set(learned.tflite) >= {"float32", "int8"}


@pytest.mark.parametrize("net", NETS, ids=lambda net: type(net).__name__)
def test_every_net_learns_from_texts_alone(net, parts):
    """Its layers up to the token vectors change, the head does not; and one seed gives one net."""
    import keras

    signature, rows, valid = fitted(parts)
    spec = text.MaskedPretraining(net=net.tiny(), epochs=1)
    models = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        models.append(spec.build(signature, seed=0))
        spec.warm_up(
            models[-1], rows, valid, signature=signature, training=recipe_of().training, deciding=""
        )
    assert all(map(np.array_equal, models[0].get_weights(), models[1].get_weights()))
    start = spec.build(signature, seed=0)
    same = {
        layer.name
        for layer in start.layers
        if layer.weights
        and all(
            map(np.array_equal, layer.get_weights(), models[0].get_layer(layer.name).get_weights())
        )
    }
    heads = {
        f"member{place}_{part}"
        for place in range(net.num_members)
        for part in ("logits", "attention", "attention_hidden")
    }
    assert "member0_logits" in same and same <= heads | {"tokens_mask"}


def test_masked_tokens_are_told_better_than_by_frequency(parts, monkeypatch):
    """Than who knows how frequent each token is."""
    import keras

    signature, rows, valid = fitted(parts)
    spec = text.MaskedPretraining(
        net=text.TextCnn(embedding_dropout=0.0), epochs=12, learning_rate=1e-2
    )
    model = spec.build(signature)
    history = []
    kept = keras.Model.fit
    monkeypatch.setattr(
        keras.Model,
        "fit",
        lambda *given, **named: history.append(kept(*given, **named)) or history[-1],
    )
    spec.warm_up(
        model, rows, valid, signature=signature, training=recipe_of().training, deciding=""
    )
    counts = np.bincount(np.concatenate([rows.x["tokens"], rows.unlabelled.x["tokens"]]).ravel())[
        1:
    ]
    shares = counts[counts > 0] / counts.sum()
    assert history[0].history["loss"][-1] < -(shares * np.log(shares)).sum()


TWO_DEVICES = """
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from dataclasses import replace
from tests.text.test_pretraining import fitted, parts_of, recipe_of, source, text, train, TrainFeed
signature, rows, valid = fitted(parts_of(source()))
training = replace(recipe_of().training, strategy="mirrored")
trained = train(recipe_of(text.TextCnn(kernels=(3,))).build, TrainFeed(rows), valid,
                signature=signature, training=training, deciding="average_precision")
assert trained.history["loss"][-1] < 2
"""


@pytest.mark.full  # `training/test_fit` trains on two devices in the normal run
def test_two_logical_devices_pretrain():
    done = subprocess.run([sys.executable, "-c", TWO_DEVICES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    "net", [text.AveragedEmbeddings(), text.MaskedPretraining(), None, text.TextCnn(kernels=())]
)
def test_nets_that_cannot_be_pretrained_are_refused(net):
    with pytest.raises(RecipeError):
        replace(recipe_of(), build=text.MaskedPretraining(net=net)).check()


def test_pairs_of_tokens_are_refused(parts):
    with pytest.raises(RecipeError, match="PairTokens"):
        learn(
            replace(recipe_of(), encode=(TokenizeWords(window=12), PairTokens(num_buckets=9))),
            parts.train,
            parts.valid,
        )


def test_a_recipe_with_pretraining_is_written_and_read():
    from pipelines import catalog
    from pipelines.settings import from_json, to_json

    recipe = recipe_of(text.Lstm())
    recipe.check()
    assert from_json(to_json(recipe), catalog.SPECS) == recipe
    changed = catalog.override(recipe, "build.net.widths=(4,)", "build.epochs=2")
    assert changed.build == text.MaskedPretraining(
        net=replace(recipe.build.net, widths=(4,)), epochs=2
    )
