"""How time and magnitude of series are bent: smooth curves, and values between steps."""

import numpy as np


def spline_weights(steps: int, knots: int) -> np.ndarray:
    """Returns what each knot's value counts at each step, float32 [steps, knots].

    The values lie on the natural cubic spline through knots that lie evenly from the first step to
    the last; the weights of a step sum to one.
    """
    from scipy.interpolate import CubicSpline

    places = np.linspace(0, steps - 1, knots)
    spline = CubicSpline(places, np.eye(knots), bc_type="natural")
    weights = spline(np.arange(steps))
    return weights.astype(np.float32)


def resampled(x, places):
    """Returns series at other places, on straight lines between neighbours.

    Args:
        x: float32 [rows, steps, channels].
        places: In steps, float32 [rows, steps].

    Returns:
        float32 [rows, steps, channels].
    """
    import tensorflow as tf

    last = x.shape[1] - 1
    last_before = float(max(last - 1, 0))
    floor = tf.clip_by_value(tf.floor(places), 0.0, last_before)
    share = tf.clip_by_value(places - floor, 0.0, 1.0)
    share = share[..., None]
    before = tf.cast(floor, tf.int32)
    after = tf.minimum(before + 1, last)
    one = tf.gather(x, before, batch_dims=1)
    other = tf.gather(x, after, batch_dims=1)
    return one + (other - one) * share
