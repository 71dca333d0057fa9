"""Numbers that float32 merges: what some of them show is what all of them show."""

import numpy as np
import pytest

from pipelines.sources import precision
from pipelines.sources.precision import find_merged

_RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    "values",
    [
        _RANDOM.normal(size=500).round(4),
        1e6 + _RANDOM.normal(size=500) / 100,
        1e6 + _RANDOM.normal(size=500),
        # Most lie together; some far away would hide them in the spread.
        np.append(1e7 + _RANDOM.random(500) / 1e3, [-1e3, 1e3]),
        _RANDOM.choice([0.1, 0.2, 0.3], 500),
        1e7 + np.arange(500) / 7,
        np.zeros(500),
        np.array([0.5, np.nan]),
    ],
)
def test_some_numbers_show_what_all_do(monkeypatch, values):
    found = find_merged(values, values)
    monkeypatch.setattr(precision, "_are_far_apart", lambda known, largest: False)
    assert found == find_merged(values, values)
