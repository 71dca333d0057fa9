"""Where training runs: one device, or the same step mirrored over several (tf.distribute)."""

from functools import cache

from ..errors import RecipeError

STRATEGIES = ("one_device", "mirrored")


@cache  # a second MirroredStrategy in one process fails in its collectives
def make_strategy(name: str):
    """The tf.distribute strategy of a name. Raises RecipeError for an unknown one."""
    import tensorflow as tf

    if name not in STRATEGIES:
        raise RecipeError(
            f"training.strategy={name!r}", expected=" or ".join(STRATEGIES), fix="name one of these"
        )
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()
