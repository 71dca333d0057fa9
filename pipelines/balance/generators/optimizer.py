"""Adam whose last weights are averaged, as generators are trained."""

from typing import Any

LAST_RATE = 0.05  # of the first
MEAN_STEPS = 0.1  # of all steps: over so many weights are averaged


def averaged_adam(
    rate: float, num_steps: int, *, momenta: tuple[float, float] = (0.9, 0.999)
) -> Any:
    """Returns Adam of Keras, whose `finalize_variable_values` sets the mean of the last weights.

    Args:
        rate: The first learning rate, which falls to a twentieth by a cosine.
        num_steps: How many steps there will be.
        momenta: Its two decay rates.
    """
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        rate,
        num_steps,
        alpha=LAST_RATE,
    )
    span = max(MEAN_STEPS * num_steps, 1.0)
    first, second = momenta
    return keras.optimizers.Adam(
        schedule,
        beta_1=first,
        beta_2=second,
        use_ema=True,
        ema_momentum=1 - 1 / span,
    )
