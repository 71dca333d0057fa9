"""The same kills with the workers of a Ray cluster."""

import os

import pytest

from tests.engine.ray_warnings import RAY_WARNINGS
from tests.studies.tuning.test_kills import REAL, check_starts, check_study

pytest.importorskip("optuna", reason="Optuna is missing: pip install 'pipelines[tune]'")
ray = pytest.importorskip("ray", reason="Ray is missing: pip install 'pipelines[ray]'")
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(os.name != "posix", reason="Ray's clusters of one machine"),
    *RAY_WARNINGS,
]


def test_thirty_trials_and_five_kills(cluster, tmp_path):
    cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    places = check_study(tmp_path, "ray", trials=30, kills=5, longest=6, seed=0)
    assert places
    check_starts(tmp_path, num_kills=len(places))


def test_thirty_trials_of_a_real_recipe_and_five_kills(cluster, tmp_path):
    cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    places = check_study(tmp_path, "ray", driver=REAL, trials=30, kills=5, longest=80, seed=0)
    assert len(places) == 5
