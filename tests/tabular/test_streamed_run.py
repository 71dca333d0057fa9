"""A table that is read part by part, from load to verified int8, and the memory it takes."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipelines import run, tabular
from pipelines.recipe import tiny
from pipelines.run import fit, read, split
from pipelines.tabular.memory import Memory
from tests.bench_streamed import same_order

FEW = Memory("streamed", train_rows=1000, held_out_rows=200, buffer_rows=1024)
MEASURE = """
import json, sys
from pipelines.engine.machine import peak_mib
from tests.bench_streamed import statistics
found = statistics(sys.argv[1])
print(json.dumps({**found, "peak": peak_mib()}))
"""


@pytest.fixture(scope="module")
def folder(birds, tmp_path_factory):
    place = tmp_path_factory.mktemp("parts")
    for name in ("height", "speed"):
        birds = birds.assign(**{name: pd.to_numeric(birds[name], errors="coerce")})
    for number in range(4):
        rows = birds.iloc[number * 500 : (number + 1) * 500]
        rows.to_parquet(place / f"part-{number}.parquet", row_group_size=250, index=False)
    return place


@pytest.fixture(scope="module")
def recipe(folder):
    load = replace(tabular.BIRDS.load, source=str(folder), memory=FEW)
    small = tiny(replace(tabular.BIRDS, teacher=None, load=load))
    judge = replace(small.judge, tolerance=1.0, min_agreement=0.0, beside=False)
    return replace(small, judge=judge)


@pytest.mark.full
def test_from_load_to_int8(recipe, tmp_path):
    report = run(recipe, folder=tmp_path).report
    assert report["rows"]["test"] == 200
    assert report["rows"]["train"] > 1000
    assert sum(report["class_rows"]["train"].values()) == report["rows"]["train"]
    notes = " ".join(report["notes"])
    assert "1,000 in memory" in notes
    assert "a seeded sample of 200 of the" in notes


@pytest.mark.full
def test_one_seed_one_model(recipe):
    """To the last bit of every weight."""
    weights = []
    for _ in range(2):
        splits = split(recipe, read(recipe).dataset)
        trained = fit(recipe, splits.train, splits.valid)
        weights.append(trained.model.get_weights())
    for once, again in zip(*weights, strict=True):
        assert np.array_equal(once, again)


@pytest.mark.full
def test_streamed_rows_are_learned_as_rows_in_memory(recipe):
    """Losses and weights within rounding, where batches come in one order."""
    load = replace(recipe.load, memory=replace(FEW, train_rows=100_000))
    training = replace(recipe.training, epochs=3)
    found = same_order(replace(recipe, load=load, training=training))
    assert found["train_rows"][0] == found["train_rows"][1]
    assert np.allclose(found["streamed"], found["memory"], rtol=0, atol=1e-5)
    assert found["largest_difference_of_a_weight"] < 1e-4


def _peak(folder):
    command = [sys.executable, "-c", MEASURE, str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])["peak"]


@pytest.mark.full
def test_four_times_the_rows_take_no_more_memory(tmp_path):
    """Between 400,000 rows and 1.6 million the peak grows by less than a tenth of their arrays."""
    import pyarrow.parquet

    from tests.bench_streamed import make_part

    peaks = []
    for num_parts in (4, 16):
        place = tmp_path / str(num_parts)
        place.mkdir()
        for number in range(num_parts):
            part = make_part(100_000, number % 4)
            pyarrow.parquet.write_table(part, place / f"{number:02}.parquet")
        peaks.append(_peak(place))
    grown = np.diff(peaks)[0]
    of_arrays = 1_200_000 * 30 * 8 / 2**20
    assert grown < of_arrays / 10
