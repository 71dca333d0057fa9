"""Nets for texts: padding never changes an answer, and every net reaches every runtime."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import text
from pipelines.device.ports import Port
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import RecipeError
from pipelines.targets.micro.runner import micro_available
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Constant

NETS = [
    text.AveragedEmbeddings(widths=(8,)),
    text.TextCnn(num_members=2),
    text.Lstm(),
    text.Lstm(pooling="max"),
    text.Lstm(widths=(8, 8), bidirectional=True),
    text.Gru(bidirectional=True, pooling="average", most_unrolled_bytes=10**6),
    text.SimpleRnn(widths=(8, 8), pooling="max"),
    text.TransformerEncoder(),
    text.TransformerEncoder(depth=2, pooling="attention"),
    text.TransformerEncoder(pooling="max"),
    text.AttentionDecoder(),
]


def signature_of(window, *, pairs=True, unit="token id"):
    ports = (Port("tokens", (window,), "int32", unit, num_ids=50),)
    if pairs:
        ports += (Port("pairs", (window,), "int32", "token pair id", num_ids=20),)
    return Signature(
        (),
        Target("kind", "multiclass", ("a", "b", "c")),
        (),
        ports,
        Port("output", (3,), "float32", "log-odds"),
    )


def padded(rows, window, most):
    ids = np.zeros((len(rows), window), np.int32)
    for place, length in enumerate(rows):
        ids[place, window - length :] = np.random.default_rng(place).integers(1, most, length)
    return ids


@pytest.mark.parametrize("net", NETS, ids=repr)
def test_padding_never_changes_an_answer(net):
    net = net.tiny()
    lengths = [1, 2, 5, 12, 0]
    answers = []
    for window in (12, 13, 40):
        model = net.build(signature_of(window), seed=3)
        model.set_weights(
            [
                weight
                if name.endswith(("_mask", "_norm"))
                else np.random.default_rng(0).normal(size=weight.shape) * 0.5
                for name, weight in _named_weights(model)
            ]
        )
        answers.append(
            np.asarray(
                model({"tokens": padded(lengths, window, 50), "pairs": padded(lengths, window, 20)})
            )
        )
    spread = answers[0].std()
    assert spread > 1e-3
    for each in answers[1:]:
        np.testing.assert_allclose(each[:4], answers[0][:4], atol=1e-4 * spread)
    assert np.isfinite(answers[0]).all()


def _named_weights(model):
    for layer in model.layers:
        for weight in layer.get_weights():
            yield layer.name, weight


@pytest.mark.parametrize("net", NETS, ids=repr)
def test_one_seed_one_net(net):
    one, other = (net.build(signature_of(12), seed=5).get_weights() for _ in range(2))
    assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))
    different = net.build(signature_of(12), seed=6).get_weights()
    assert any(not np.array_equal(*pair) for pair in zip(one, different, strict=True))


# `make test` converts their like: the first by the contract of networks, the second for the bundle
# of remarks, an LSTM in `test_run`, one in both directions in `convert/test_recurrent`, unrolled
# layers in `own_model/test_own_model`. Attention is left.
IN_FULL = (0, 1, 2, 3, 4, 5, 6, 8, 9, 10)


@pytest.mark.parametrize(
    "net",
    [
        pytest.param(net, marks=pytest.mark.full) if place in IN_FULL else net
        for place, net in enumerate(NETS)
    ],
    ids=repr,
)
def test_every_net_reaches_every_runtime(net, tmp_path):
    from pipelines import run
    from pipelines.steps import PairTokens, TokenizeWords

    recipe = replace(
        text.REMARKS,
        name="t",
        teacher=None,
        build=replace(net.tiny(), embedding_dropout=0.0),
        encode=(TokenizeWords(min_count=9, window=12), PairTokens(num_buckets=64)),
        judge=replace(text.REMARKS.judge, beside=False, peers=False, tolerance=1.0),
        training=replace(
            text.REMARKS.training,
            epochs=5,
            optimizer=AdamW(learning_rate=1e-2),
            schedule=Constant(patience=5),
        ),
    )
    report = run(recipe, _few_remarks(), folder=tmp_path).report
    forms = {rung["form"]: rung for rung in report["ladder"]}
    assert forms["litert_float32"]["largest_difference"] < 1e-4
    assert forms["litert_int8"]["agreement"] > 0.9
    if micro_available():
        assert forms["micro_int8"]["agreement"] > 0.9


def _few_remarks():
    import pandas as pd

    frame = pd.read_csv("data/birds.csv.gz", dtype=str, keep_default_na=False)
    frame = frame[frame.remarks != ""][["remarks", "effect"]]
    return pd.concat([frame[frame.effect != ""][:250], frame[frame.effect == ""][:500]])


@pytest.mark.parametrize(
    "net, said",
    [
        (text.Lstm(pooling="last"), "pooling"),
        (text.TextCnn(kernels=()), "kernels"),
        (text.Gru(widths=()), "widths"),
        (text.TransformerEncoder(width=30), "heads"),
        (text.TransformerEncoder(activation="gelu"), "activation"),
        (text.TextCnn(initializer="Zeros"), "initializer"),
    ],
)
def test_nets_that_cannot_be_are_refused(net, said):
    with pytest.raises(RecipeError, match=said):
        net.check()


def test_recurrent_layers_that_would_ship_too_large_are_refused():
    with pytest.raises(
        RecipeError, match="over 64 steps.* unrolled: 128 steps of about 1,550 bytes"
    ) as refused:
        text.Gru(bidirectional=True).build(signature_of(64))
    assert "window=32" in str(refused.value) and "Lstm()" in str(refused.value)
    text.Gru(bidirectional=True).build(signature_of(32))
    text.SimpleRnn(widths=(4,)).build(signature_of(64))
    text.Lstm(widths=(4, 4)).build(signature_of(64))


def test_a_net_for_texts_wants_tokens():
    with pytest.raises(RecipeError, match="net for texts"):
        text.TextCnn().build(signature_of(12, unit="category id"))
