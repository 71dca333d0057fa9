"""Where training runs: one device, or the same step on several (tf.distribute)."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..engine.group import rank_here
from ..engine.notice import print_notice
from ..errors import RecipeError
from ..sources.tensorflow import load_tensorflow

AUTO = "auto"
CPU = "cpu"
GPU = "gpu"
MIRRORED = "mirrored"
MULTIWORKER = "multiworker"
ONE_DEVICE = "one_device"
TPU = "tpu"
STRATEGIES = (ONE_DEVICE, AUTO, CPU, GPU, MIRRORED, MULTIWORKER, TPU)
# Those that give each of several replicas a part of a batch.
SHARING = (MIRRORED, MULTIWORKER, TPU)
# What else there is, for errors.
ON_ONE_DEVICE = "--set training.strategy=one_device; or give the command without launch"


@dataclass(frozen=True)
class FoundDevices:
    """How many devices of each kind there are.

    Attributes:
        num_cpus: Logical processors, as TensorFlow counts them: one, unless it was parted.
        num_gpus: GPUs that TensorFlow can use.
        has_tpu: Whether a Cloud TPU is named or built in.
    """

    num_cpus: int = 1
    num_gpus: int = 0
    has_tpu: bool = False

    @property
    def num_replicas(self) -> int:
        """How many devices share a batch under `mirrored`."""
        return self.num_gpus or self.num_cpus

    def in_words(self) -> str:
        """Returns what was found, for errors."""
        gpus = "no GPU that TensorFlow can use"
        if self.num_gpus:
            gpus = f"{self.num_gpus} GPU"
        tpu = "no TPU"
        if self.has_tpu:
            tpu = "a TPU"
        return f"{self.num_cpus} CPU, {gpus}, {tpu}"


def check_strategy(word: str) -> None:
    """Raises RecipeError for another word than one of STRATEGIES."""
    if word not in STRATEGIES:
        raise RecipeError(
            f"training.strategy={word!r}",
            expected=" or ".join(STRATEGIES),
            fix="--strategy auto",
        )


def device_for(word: str, found: FoundDevices, *, mirrors: bool = True) -> str:
    """Returns what a word of `training.strategy` stands for on such a machine: one of STRATEGIES
    but "auto", which takes a TPU, several GPUs, one GPU, the CPU, in this order.

    Args:
        word: One of STRATEGIES.
        found: The devices.
        mirrors: Whether several replicas can do what the training asks for; "auto" takes one device
            where they cannot.

    Raises:
        RecipeError: An unknown word, or a device that is not there.
    """
    check_strategy(word)
    if word == AUTO:
        return _best_device(found, mirrors)
    if word == GPU and not found.num_gpus:
        raise _missing(
            word,
            found,
            fix="--strategy cpu, or pip install 'tensorflow[and-cuda]'",
        )
    if word == MIRRORED and found.num_replicas < 2:
        raise _missing(
            word,
            found,
            expected="several GPUs, or several logical CPUs",
            fix="--strategy auto, which takes what is there",
        )
    if word == TPU and not found.has_tpu:
        raise _missing(
            word, found, fix="--strategy cpu, or run it on a Cloud TPU; TPU_NAME names a remote one"
        )
    return word


def _best_device(found, mirrors):
    if found.has_tpu and mirrors:
        return TPU
    if found.num_gpus > 1 and mirrors:
        return MIRRORED
    if found.num_gpus:
        return GPU
    return CPU


def _missing(word, found, *, fix, expected="a device of that kind"):
    return RecipeError(
        f"training.strategy={word!r}, and there is {found.in_words()}",
        expected=expected,
        fix=fix,
        stage="train",
    )


def find_devices() -> FoundDevices:
    """Returns what TensorFlow finds here; a TPU is looked for, not connected to."""
    load_tensorflow()
    import tensorflow as tf

    return FoundDevices(
        num_cpus=len(tf.config.list_logical_devices("CPU")),
        num_gpus=len(tf.config.list_logical_devices("GPU")),
        has_tpu=bool(os.environ.get("TPU_NAME")) or Path("/dev/accel0").exists(),
    )


@cache
def make_strategy(word: str, *, mirrors: bool = True) -> Any:
    """Returns the tf.distribute strategy of a word.

    Args:
        word: One of STRATEGIES.
        mirrors: Whether several replicas can do what the training asks for.

    Raises:
        RecipeError: An unknown word, or a device that is not there.
    """
    if word == MULTIWORKER:  # made before devices are listed: nothing may come before it
        return _strategy_on(word, has_gpus=False)
    found = find_devices()
    device = device_for(word, found, mirrors=mirrors)
    if word == AUTO:
        print_notice(f"training.strategy=auto: {device}, of {found.in_words()}")
    return _strategy_on(device, has_gpus=found.num_gpus > 0)


@cache  # a second MirroredStrategy in one process fails in its collectives
def _strategy_on(device, *, has_gpus):
    import tensorflow as tf

    if device == MIRRORED:
        return tf.distribute.MirroredStrategy()
    if device == TPU:
        return _tpu_strategy()
    if device == MULTIWORKER and rank_here() is not None:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if device == CPU and has_gpus:
        return tf.distribute.OneDeviceStrategy("/CPU:0")
    # TensorFlow's own choice: the first GPU if there is one, else the CPU. So does who only starts
    # several workers.
    return tf.distribute.get_strategy()


def _tpu_strategy():
    import tensorflow as tf

    name = os.environ.get("TPU_NAME", "local")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        raise RecipeError(
            f"the TPU {name!r} does not answer: {error}",
            expected="a Cloud TPU, and a TensorFlow that was built for it",
            fix="--strategy cpu, or the newest TensorFlow that has a build for TPUs",
            stage="train",
        ) from error
    return tf.distribute.TPUStrategy(resolver)
