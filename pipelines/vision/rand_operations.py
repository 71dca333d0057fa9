"""The operations of RandAugment, by Keras' own layers."""

from .augment_layers import FIXED, Alter, colour_layer, driven


def rand_operations(magnitude: float) -> list[Alter]:
    """Returns the operations of RandAugment, their ranges at magnitude 1 as in AutoAugment's table
    6 (Cubuk et al. 2019, https://arxiv.org/abs/1805.09501).

    Args:
        magnitude: How strong each may be, as a share of its range.
    """
    import keras

    layers = keras.layers
    gain = 0.9 * magnitude
    return [
        lambda pixels, labels, seed: (pixels, labels),
        driven(layers.RandomShear(x_factor=0.3 * magnitude, **FIXED)),
        driven(layers.RandomShear(y_factor=0.3 * magnitude, **FIXED)),
        driven(layers.RandomTranslation(0.0, 0.45 * magnitude, **FIXED)),
        driven(layers.RandomTranslation(0.45 * magnitude, 0.0, **FIXED)),
        driven(layers.RandomRotation(30 / 360 * magnitude, **FIXED)),
        # Added: as far as mid-grey goes by 1 ± gain.
        driven(layers.RandomBrightness(gain / 2, **FIXED)),
        driven(layers.RandomContrast((gain, gain), **FIXED)),
        driven(layers.RandomSharpness((0.5 - gain / 2, 0.5 + gain / 2), **FIXED)),
        # Below 0: more colour.
        colour_layer(layers.RandomColorDegeneration((-gain, gain), **FIXED)),
        driven(layers.RandomPosterization((8 - round(4 * magnitude), 8), **FIXED)),
        _solarized(magnitude),
        _one_by_one(layers.AutoContrast(dtype="float32")),
        _one_by_one(layers.Equalization(dtype="float32")),
    ]


def _solarized(magnitude):
    """Inverts pixels from a threshold on; Keras' Solarization lets the threshold's lower end be 0
    or 1 of 255 only.
    """
    import tensorflow as tf

    def alter(pixels, labels, seed):
        shape = (tf.shape(pixels)[0], 1, 1, 1)
        threshold = tf.random.stateless_uniform(
            shape,
            seed,
            256.0 * (1 - magnitude),
            256.0,
        )
        return tf.where(pixels < threshold, pixels, 255.0 - pixels), labels

    return alter


def _one_by_one(layer):
    """A Keras layer that is handed one picture at a time: Equalization makes one histogram of all
    that it is given, AutoContrast refuses to be given none.
    """
    import tensorflow as tf

    def alter(pixels, labels, seed):
        one = tf.TensorSpec(pixels.shape[1:], tf.float32)
        altered = tf.map_fn(
            lambda picture: layer.transform_single_image(picture, None),
            pixels,
            fn_output_signature=one,
        )
        return altered, labels

    return alter
