"""Tables of very many columns: asked about first, and no work that grows with the square of the
columns.
"""

import time

import numpy as np
import pytest

from pipelines.errors import LoadError, StepError
from pipelines.report.suspects import find_suspects
from pipelines.rows.split import SplitRandom, split
from pipelines.sources.table import read_table
from pipelines.steps import EncodeBins, EncodeOnehot, ScaleStandard, fit_steps, make_signature
from pipelines.tabular import LoadTable, load_table


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The path of 24 rows of 4,000 numbers and a class."""
    path = tmp_path_factory.mktemp("wide") / "wide.csv"
    numbers = np.random.default_rng(0).normal(size=(24, 4000)).round(3)
    lines = [",".join([*(f"gene {place}" for place in range(4000)), "y"])]
    lines += [
        ",".join([*map(str, row), "ab"[place % 2]]) for place, row in enumerate(numbers.tolist())
    ]
    path.write_text("\n".join(lines))
    return path


def test_wide_tables_take_seconds(wide):
    start = time.process_time()
    dataset, _ = load_table(LoadTable(str(wide), "y"))
    parts = split(dataset, SplitRandom())
    find_suspects(parts)
    with pytest.raises(StepError) as refused:
        fit_steps((EncodeBins(), EncodeOnehot()), parts.train)
    assert "EncodeBins would make" in str(
        refused.value
    ) and "num_bins or max_categories to 8" in str(refused.value)
    encoders, encoded = fit_steps((ScaleStandard(),), parts.train)
    assert make_signature((), encoders, encoded).inputs[0].shape == (4000,)
    assert time.process_time() - start < 20  # it was some 60 s


def test_too_many_columns_are_counted_before_their_names_are_compared(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{place}" for place in range(150_000)) + "\n")
    start = time.process_time()
    with pytest.raises(LoadError, match="150,000 columns"):
        read_table(str(path))
    assert time.process_time() - start < 5
