"""A small part of the benchmark of defaults: the sets that scikit-learn brings."""

import pytest

from tests.bench_defaults.__main__ import run_set
from tests.bench_defaults.sets import SETS

OF_SKLEARN = ("breast_cancer", "diabetes")


@pytest.mark.full
@pytest.mark.parametrize("name", OF_SKLEARN)
def test_the_default_is_not_behind(name, tmp_path):
    (each,) = [found for found in SETS if found.name == name]
    found = run_set(each, tmp_path, tmp_path)
    assert found.get("verdict") in ("ahead", "tied"), found
    assert found["bytes"] < 500_000
