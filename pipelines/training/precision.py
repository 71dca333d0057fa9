"""In how many bits a training computes; weights, and what ships, are float32 all the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import RecipeError

FLOAT32 = "float32"
BFLOAT16 = "bfloat16"
FLOAT16 = "float16"
PRECISIONS = (FLOAT32, BFLOAT16, FLOAT16)
# Keras' names of policies that compute in one type and keep variables in float32.
_POLICIES = {BFLOAT16: "mixed_bfloat16", FLOAT16: "mixed_float16"}


def check_precision(word: str) -> None:
    """Raises RecipeError for another word than one of PRECISIONS."""
    if word not in PRECISIONS:
        raise RecipeError(
            f"training.precision={word!r}",
            expected=", ".join(PRECISIONS),
            fix=f"--set training.precision={FLOAT32}",
        )


@contextmanager
def layers_that_compute_in(word: str) -> Iterator[None]:
    """Makes new layers of Keras compute in a type, inside of `with`.

    Args:
        word: One of PRECISIONS.
    """
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES.get(word, before))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def scaled_for(word: str, optimizer: Any) -> Any:
    """Returns an optimizer whose loss is scaled where small gradients would become zero: of
    float16, whose least number is 6e-8. A step with a gradient that is none is left out, and the
    scale halved (Micikevicius et al. 2018, section 3.2, https://arxiv.org/abs/1710.03740).

    Args:
        word: One of PRECISIONS.
        optimizer: A keras.optimizers.Optimizer.
    """
    import keras

    if word != FLOAT16:
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
