"""The long proofs (`make test-full`): every bundled set, in full, against what plain peers score on
the same rows, and the whole of Fashion-MNIST.
"""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog, run, text, vision
from pipelines.balance import SampleByClass
from pipelines.recipe import Judge
from tests.bench_text import vocabulary_bytes

pytestmark = pytest.mark.full

# Least scores of the int8 form through the runner, on the peers' split: stratified (storms:
# grouped) 80/20, seed 0.
LEAST = {
    "birds_mlp": {
        "average_precision": 0.464,
        "roc_auc": 0.866,
    },  # random forest of 200 trees: .464, .866
    "credit_mlp": {"average_precision": 0.665, "roc_auc": 0.845},  # best peer: .661, .837
    "storms_mlp": {"macro_f1": 0.47},  # best peer: .461
    "penguins_mlp": {"r2": 0.78},  # 69 test rows: the interval is a tenth wide
    "emoji_cnn": {
        "macro_f1": 0.60
    },  # from scratch; boosted trees on gradients and colours of 64 x 64 pixels: .662
    "emoji_lite0": {"macro_f1": 0.79},  # logistic regression on features of the same net: .780
    "remarks_cnn": {
        "average_precision": 0.732,
        "roc_auc": 0.902,
    },  # TF-IDF and logistic regression: .722, .892
    "remarks5_cnn": {"macro_f1": 0.54},  # the same with class weights: .526
}
TEST_ROWS = {
    "birds_mlp": 3861,
    "credit_mlp": 891,
    "storms_mlp": 3764,
    "penguins_mlp": 69,
    "emoji_cnn": 382,
    "emoji_lite0": 382,
    "remarks_cnn": 2747,
    "remarks5_cnn": 2747,
}


@pytest.fixture(scope="module", params=LEAST)
def report(request, tmp_path_factory):
    return run(catalog.RECIPES[request.param], folder=tmp_path_factory.mktemp("full")).report


def test_scores(report):
    least = LEAST[report["name"]]
    found = report["scores"]["litert_int8"]
    assert report["rows"]["test"] == TEST_ROWS[report["name"]]
    for metric, value in least.items():
        assert found[metric] >= value, f"{metric} {found[metric]:.4f}"


def test_int8_keeps_what_float_has(report):
    forms = {rung["form"]: rung for rung in report["ladder"]}
    floats, int8, micro = (forms[name] for name in ("litert_float32", "litert_int8", "micro_int8"))
    few = (
        0.01 if report["rows"]["test"] < 500 else 0.005
    )  # one row of 382 moves macro-F1 by up to 0.006
    for metric in ("average_precision", "macro_f1", "r2"):
        if metric in floats["scores"]:
            assert floats["scores"][metric] - int8["scores"][metric] <= few
    assert int8["agreement"] >= 0.98 and micro["agreement"] >= 0.97
    assert micro["int8_steps"] <= 1
    if report["name"].endswith("_mlp"):
        assert int8["agreement"] >= 0.99 and int8["size_bytes"] <= 0.35 * floats["size_bytes"]


@pytest.mark.parametrize(
    "net",
    [
        text.Lstm(bidirectional=True, pooling="max", token_dropout=0.4),
        text.Lstm(widths=(32, 32), pooling="max", token_dropout=0.4),
    ],
    ids=repr,
)
def test_fused_lstms_are_exact(net, tmp_path):
    recipe = replace(text.REMARKS, build=net, judge=replace(text.REMARKS.judge, beside=False))
    forms = {rung["form"]: rung for rung in run(recipe, folder=tmp_path).report["ladder"]}
    int8 = forms["litert_int8"]
    floats = forms["litert_float32"]
    assert int8["agreement"] >= 0.98 and forms["micro_int8"]["agreement"] >= 0.98
    assert floats["scores"]["average_precision"] - int8["scores"]["average_precision"] <= 0.01


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc: apt-get install gcc")
def test_remarks_and_their_vocabulary_take_200_kilobytes(tmp_path):
    bundle = run(catalog.override(text.REMARKS, "judge.beside=False"), folder=tmp_path)
    size = (bundle.folder / "model_int8.tflite").stat().st_size + vocabulary_bytes(bundle.folder)
    assert size <= 200_000, f"{size:,}"


def check_fashion_mnist(report, *, least, most_bytes):
    forms = {rung["form"]: rung for rung in report["ladder"]}
    int8 = forms["litert_int8"]
    print(
        f"{report['name']}: accuracy {int8['scores']['accuracy']:.4f} in "
        f"{int8['size_bytes']:,} bytes"
    )
    assert report["rows"]["test"] == 10_000 and int8["size_bytes"] <= most_bytes
    assert int8["scores"]["accuracy"] >= least
    assert forms["litert_float32"]["scores"]["accuracy"] - int8["scores"]["accuracy"] <= 0.003


def test_fashion_mnist_in_100_kilobytes(fashion_100kb):
    """Published: two convolutions under 100,000 parameters .925, with batch normalization .934."""
    check_fashion_mnist(fashion_100kb.report, least=0.930, most_bytes=100_000)


def test_fashion_mnist_in_30_kilobytes(whole_fashion_mnist, tmp_path):
    check_fashion_mnist(
        run(vision.FASHION_30KB, folder=tmp_path).report, least=0.905, most_bytes=30_000
    )


def long_tail():
    """Fashion-MNIST of which the training pictures fall from 6,000 of the first class to 60 of the
    last, each class a hundredth to the ninth root of the one before (Cui et al. 2019,
    https://arxiv.org/abs/1901.05555).
    """
    dataset, _ = catalog.RECIPES["fashion_100kb"].load.read()
    keep = dataset.part == "test"
    for label in range(10):
        places = np.flatnonzero((dataset.y == label) & (dataset.part == "train"))
        keep[places[: round(6000 * 100 ** (-label / 9))]] = True
    return {
        "picture": dataset.x["picture"][keep],
        "label": dataset.y[keep],
        "part": dataset.part[keep],
    }


LONG_TAIL = replace(
    vision.FASHION_30KB,
    name="fashion_long_tail",
    balance=SampleByClass(strength=0.5),
    judge=Judge(deciding="macro_f1", threshold="macro_f1"),
    training=replace(vision.FASHION_30KB.training, epochs=12, batch_size=64),
)


def test_the_best_recipe_for_a_long_tail_is_ahead_of_the_plain_one(whole_fashion_mnist, tmp_path):
    report = run(LONG_TAIL, long_tail(), folder=tmp_path).report
    best, plain = report["balancing"]
    margin = report["margin"]
    print(
        f"macro-F1 {best['balance']} {best['scores']['macro_f1']:.4f}, {plain['balance']} "
        f"{plain['scores']['macro_f1']:.4f}, ahead {margin['value']:.4f} {margin['interval']}"
    )
    assert report["rows"]["test"] == 10_000 and plain["balance"] == "no balancing"
    assert margin["metric"] == "macro_f1" and margin["interval"][0] > 0
