"""A training that is mirrored over two logical devices and killed ends as the uninterrupted one."""

import os
import signal
import subprocess
import sys

import pytest

from tests.engine.test_kills import content_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by signals")


def start(part, name, folder, *, kill_after=0):
    """Returns what the process wrote on standard error."""
    command = [sys.executable, "-m", "tests.engine.mirrored_run", part, name, str(folder)]
    done = subprocess.run([*command, str(kill_after)], capture_output=True, text=True, check=False)
    expected = -signal.SIGKILL if kill_after else 0
    assert done.returncode == expected, done.stderr[-2000:]
    return done.stderr


@pytest.mark.full
def test_a_mirrored_training_goes_on_to_the_bit(tmp_path):
    """Dropout, batch normalization and two members, over two replicas."""
    start("fit", "penguins_mlp", tmp_path / "whole")
    start("fit", "penguins_mlp", tmp_path / "killed", kill_after=2)
    told = start("fit", "penguins_mlp", tmp_path / "killed")
    assert "goes on after epoch 2 of 4" in told
    whole, killed = [(tmp_path / name / "fit").read_bytes() for name in ("whole", "killed")]
    assert killed == whole


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "kills"),
    [("penguins_mlp", (2, 3, 2)), ("remarks_cnn", (1, 4)), ("emoji_cnn", (2,))],
)
def test_a_mirrored_run_ends_with_the_same_bundle(name, kills, tmp_path):
    """Killed in pretraining, training and compression."""
    start("bundle", name, tmp_path / "whole")
    for kill_after in kills:
        start("bundle", name, tmp_path / "killed", kill_after=kill_after)
    start("bundle", name, tmp_path / "killed")
    whole, killed = [content_of(tmp_path / place / f"{name}_tiny") for place in ("whole", "killed")]
    assert killed == whole
