"""The long proof (`make test-full`): every bundled set, in full, against what plain peers score on the same rows."""

import pytest

from pipelines import catalog, run

pytestmark = pytest.mark.full

# Least scores of the int8 form through the runner, on the peers' split: stratified (storms: grouped) 80/20, seed 0.
LEAST = {
    "birds_mlp": {"average_precision": 0.464, "roc_auc": 0.866},  # random forest of 200 trees: .464, .866
    "credit_mlp": {"average_precision": 0.665, "roc_auc": 0.845},  # best peer: .661, .837
    "storms_mlp": {"macro_f1": 0.47},  # best peer: .461
    "penguins_mlp": {"r2": 0.78},  # 69 test rows: the interval is a tenth wide
}
TEST_ROWS = {"birds_mlp": 3861, "credit_mlp": 891, "storms_mlp": 3764, "penguins_mlp": 69}


@pytest.fixture(scope="module", params=LEAST)
def report(request, tmp_path_factory):
    return run(catalog.RECIPES[request.param], folder=tmp_path_factory.mktemp("full")).report


def test_scores(report):
    least, found = LEAST[report["name"]], report["scores"]["litert_int8"]
    assert report["rows"]["test"] == TEST_ROWS[report["name"]]
    for metric, value in least.items():
        assert found[metric] >= value, f"{metric} {found[metric]:.4f}"


def test_int8_keeps_what_float_has(report):
    floats, int8, micro = report["ladder"][1:]
    for metric in ("average_precision", "macro_f1", "r2"):
        if metric in floats["scores"]:
            assert floats["scores"][metric] - int8["scores"][metric] <= 0.005
    assert int8["agreement"] >= 0.99 and micro["agreement"] >= 0.99
    assert int8["size_bytes"] <= 0.35 * floats["size_bytes"]
    assert micro["int8_steps"] <= 1
