"""The long proofs of series (`make test-full`): forecasts of the last fifth of the time; of whole
series with classes the official parts, five seeds each; what ships.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import run
from pipelines.catalog import RECIPES

pytestmark = pytest.mark.full

# Least mean accuracy of the int8 form through the runner. Peers on the same parts (MiniRocket and
# ridge; one nearest neighbour): .963, .955; .993, .913; 1.000, .725. Published, InceptionTime: .965
# and 1.000 of the first two.
LEAST = {"italy_power": 0.960, "gun_point": 0.990, "basic_motions": 0.97}
TEST_ROWS = {"italy_power": 1029, "gun_point": 150, "basic_motions": 40}
SEEDS = range(5)
# Most MASE of the int8 form; ridge regression on the same windows: .321 and .764, the last value:
# .373 and 1.160.
MOST = {"glucose_mlp": 0.322, "weather_linear": 0.77}
WINDOWS = {"glucose_mlp": 1846, "weather_linear": 72}


@pytest.mark.parametrize("name", LEAST)
def test_five_seeds(name, tmp_path):
    found = []
    for seed in SEEDS:
        recipe = replace(RECIPES[name], training=replace(RECIPES[name].training, seed=seed))
        report = run(recipe, folder=tmp_path / str(seed)).report
        forms = {rung["form"]: rung for rung in report["ladder"]}
        int8 = forms["litert_int8"]
        micro = forms["micro_int8"]
        assert report["rows"]["test"] == TEST_ROWS[name] and int8["size_bytes"] <= 200_000
        assert int8["agreement"] >= 0.97 and micro["int8_steps"] <= micro["most_int8_steps"]
        found.append(
            [forms[form]["scores"]["accuracy"] for form in ("litert_float32", "litert_int8")]
        )
        print(
            f"{name}, seed {seed}: int8 {found[-1][1]:.4f}, float {found[-1][0]:.4f}, "
            f"{int8['size_bytes']:,} bytes, "
            f"{micro['arena_bytes']:,} bytes of arena, {int8['latency_ms']:.2f} ms"
        )
    floats, int8 = np.mean(found, axis=0)
    print(f"{name}: int8 {int8:.4f}, float {floats:.4f}")
    assert int8 >= LEAST[name] and floats - int8 <= 0.01


@pytest.mark.parametrize("name", MOST)
def test_forecasts(name, tmp_path):
    report = run(RECIPES[name], folder=tmp_path).report
    scores = report["scores"]
    assert report["rows"]["test"] == WINDOWS[name]
    assert scores["litert_int8"]["mase"] <= MOST[name]
    assert scores["litert_int8"]["mase"] - scores["litert_float32"]["mase"] <= 0.01
    assert 0.75 <= scores["litert_int8"]["coverage"] <= 0.85
    plain = {line["what"]: line["scores"]["mase"] for line in report["baselines"]}
    assert plain["last value"] == pytest.approx(
        {"glucose_mlp": 0.373, "weather_linear": 1.160}[name], abs=5e-4
    )
