"""What a word of `training.strategy` stands for, on machines that are made up."""

import pytest

from pipelines.errors import RecipeError
from pipelines.training.averaging import ExponentialAverage
from pipelines.training.schedules import Cosine
from pipelines.training.strategy import (
    STRATEGIES,
    FoundDevices,
    device_for,
    find_devices,
    make_strategy,
)
from pipelines.training.training import Training

CPU = FoundDevices()
ONE_GPU = FoundDevices(num_gpus=1)
GPUS = FoundDevices(num_gpus=4)
TPU = FoundDevices(has_tpu=True)
ALL = FoundDevices(num_gpus=2, has_tpu=True)


@pytest.mark.parametrize(
    ("found", "device"),
    [(CPU, "cpu"), (ONE_GPU, "gpu"), (GPUS, "mirrored"), (TPU, "tpu"), (ALL, "tpu")],
)
def test_auto_takes_the_most_that_is_there(found, device):
    assert device_for("auto", found) == device


@pytest.mark.parametrize(
    ("found", "device"), [(CPU, "cpu"), (ONE_GPU, "gpu"), (GPUS, "gpu"), (TPU, "cpu"), (ALL, "gpu")]
)
def test_auto_takes_one_device_where_replicas_would_do_something_else(found, device):
    assert device_for("auto", found, mirrors=False) == device


@pytest.mark.parametrize("word", [word for word in STRATEGIES if word != "auto"])
def test_what_is_there_is_taken_as_asked(word):
    assert device_for(word, ALL) == word


@pytest.mark.parametrize(
    ("word", "found", "words"),
    [
        ("gpu", CPU, "1 CPU, no GPU that TensorFlow can use, no TPU"),
        ("gpu", TPU, "no GPU that TensorFlow can use, a TPU"),
        ("tpu", GPUS, "1 CPU, 4 GPU, no TPU"),
        ("mirrored", CPU, "1 CPU, no GPU"),
        ("mirrored", ONE_GPU, "1 CPU, 1 GPU, no TPU"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(word, found, words):
    with pytest.raises(RecipeError, match=words) as caught:
        device_for(word, found)
    assert caught.value.fix.startswith("--strategy ")


def test_two_logical_cpus_are_mirrored():
    assert device_for("mirrored", FoundDevices(num_cpus=2)) == "mirrored"


def test_an_unknown_word():
    with pytest.raises(RecipeError, match="'gpus'") as caught:
        Training(strategy="gpus").check()
    assert "--strategy auto" in caught.value.fix


def test_this_machine(capfd):
    found = find_devices()
    assert found.num_cpus >= 1
    if found == CPU:
        assert make_strategy("auto") is make_strategy("cpu") is make_strategy("one_device")
        assert "auto: cpu, of 1 CPU" in capfd.readouterr().err
        with pytest.raises(RecipeError, match="no GPU"):
            Training(strategy="gpu").require_device()


def test_replicas_refuse_what_they_would_do_otherwise():
    averaged = Training(average=ExponentialAverage(), schedule=Cosine())
    assert Training(strategy="tpu", accumulation=2)._not_mirrored().fix
    assert Training(strategy="auto", accumulation=2)._not_mirrored() == ""
    assert averaged.new_strategy() is make_strategy("one_device")
