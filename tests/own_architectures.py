"""Nets of the kinds that people build, untrained: name → function that makes (model, rows)
of them.
"""

import numpy as np

NUM_ROWS = 120


def numbers(*shape):
    """float32 [rows, ...] of a standard normal."""
    return np.random.default_rng(0).normal(size=(NUM_ROWS, *shape)).astype(np.float32)


def pixels(*shape):
    """uint8 [rows, ...]."""
    return np.random.default_rng(0).integers(0, 256, (NUM_ROWS, *shape)).astype(np.uint8)


def in_line(shape, *layers, dtype="float32"):
    """A Sequential model."""
    import keras

    return keras.Sequential([keras.Input(shape, dtype=dtype), *layers])


def around(shape, middle, units=2):
    """A Functional model: `middle` of the input's tensor, and a dense layer of all that it
    gives.
    """
    import keras

    x = keras.Input(shape)
    return keras.Model(x, keras.layers.Dense(units)(keras.layers.Flatten()(middle(x))))


def dense_with(activation):
    """A dense net with one activation inside."""
    import keras

    return in_line((8,), keras.layers.Dense(12), activation, keras.layers.Dense(2)), numbers(8)


def of_activation(name):
    import keras

    return dense_with(keras.layers.Activation(name))


def prelu():
    import keras

    return dense_with(keras.layers.PReLU("uniform"))


def leaky_relu():
    import keras

    return dense_with(keras.layers.LeakyReLU(0.1))


def convolutions_1d():
    from keras import layers

    return in_line(
        (24, 3),
        layers.Conv1D(8, 5, padding="causal", dilation_rate=2, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(8, 3, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2),
    ), numbers(24, 3)


def separable_1d():
    from keras import layers

    return in_line(
        (24, 3),
        layers.SeparableConv1D(8, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(2),
    ), numbers(24, 3)


def separable_pictures():
    from keras import layers

    return in_line(
        (16, 16, 3),
        layers.Rescaling(1 / 255),
        layers.Conv2D(8, 3, strides=2, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(6.0),
        layers.SeparableConv2D(12, 3, padding="same"),
        layers.DepthwiseConv2D(3),
        layers.ReLU(),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
    ), pixels(16, 16, 3)


def squeeze_and_excite():
    import keras
    from keras import layers

    x = keras.Input((12, 12, 3))
    h = layers.Conv2D(8, 3, activation="hard_swish")(layers.Rescaling(1 / 127.5, -1)(x))
    scale = layers.Dense(8, "hard_sigmoid")(
        layers.Dense(2, "relu")(layers.GlobalAveragePooling2D(keepdims=True)(h))
    )
    return keras.Model(x, layers.Dense(2)(layers.Flatten()(layers.Multiply()([h, scale])))), pixels(
        12, 12, 3
    )


def u_net():
    import keras
    from keras import layers

    x = keras.Input((8, 8, 1))
    down = layers.Conv2D(4, 3, padding="same", activation="relu")(layers.Rescaling(1 / 255)(x))
    deep = layers.Conv2D(8, 3, padding="same", activation="relu")(layers.MaxPooling2D()(down))
    up = layers.Concatenate()([layers.UpSampling2D()(deep), down])
    return keras.Model(x, layers.Conv2D(1, 1)(up)), pixels(8, 8, 1)


def transposed():
    from keras import layers

    return in_line(
        (4, 4, 3),
        layers.Conv2DTranspose(4, 3, strides=2, padding="same"),
        layers.Cropping2D(1),
        layers.ZeroPadding2D(1),
        layers.Flatten(),
        layers.Dense(2),
    ), numbers(4, 4, 3)


def three_dimensional():
    from keras import layers

    return in_line((4, 4, 4, 1), layers.Conv3D(2, 3), layers.Flatten(), layers.Dense(1)), numbers(
        4, 4, 4, 1
    )


def recurrent(kind):
    import keras

    return in_line((8, 3), getattr(keras.layers, kind)(6), keras.layers.Dense(2)), numbers(8, 3)


def two_recurrent():
    from keras import layers

    return in_line(
        (8, 3),
        layers.LSTM(6, return_sequences=True),
        layers.Bidirectional(layers.LSTM(4)),
        layers.Dense(2),
    ), numbers(8, 3)


def over_time():
    from keras import layers

    return in_line(
        (6, 4),
        layers.TimeDistributed(layers.Dense(5, "relu")),
        layers.Permute((2, 1)),
        layers.Reshape((30,)),
        layers.Dense(2),
    ), numbers(6, 4)


def attention():
    from keras import layers

    return around(
        (8, 4), lambda x: layers.Attention()([layers.Dense(6)(x), layers.Dense(6)(x)])
    ), numbers(8, 4)


def grouped_attention():
    from keras import layers

    return around((8, 4), lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x)), numbers(8, 4)


def positions():
    import keras
    from keras import layers

    def middle(x):
        h = layers.Dense(8)(x) + layers.Embedding(8, 8)(keras.ops.arange(8))
        return layers.Add()([h, layers.MultiHeadAttention(2, 4)(h, h)])

    return around((8, 4), middle), numbers(8, 4)


def embedded():
    from keras import layers

    ids = np.random.default_rng(0).integers(0, 20, (NUM_ROWS, 10))
    return in_line(
        (10,),
        layers.Embedding(20, 6),
        layers.Conv1D(8, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(2),
        dtype="int32",
    ), ids


def layer_normalization():
    from keras import layers

    return in_line((8,), layers.Dense(12), layers.LayerNormalization(), layers.Dense(2)), numbers(8)


def group_normalization():
    from keras import layers

    return in_line(
        (8, 8, 4), layers.GroupNormalization(2), layers.Flatten(), layers.Dense(2)
    ), numbers(8, 8, 4)


def unit_normalization():
    from keras import layers

    return in_line((8,), layers.UnitNormalization(), layers.Dense(2)), numbers(8)


def shared_layers():
    import keras
    from keras import layers

    shared = in_line((5,), layers.Dense(6, "tanh"), layers.Dense(4))
    a = keras.Input((5,), name="left")
    b = keras.Input((5,), name="right")
    both = [shared(a), shared(b)]
    joined = layers.Concatenate()(
        [layers.Dot(1)(both), layers.Subtract()(both), layers.Maximum()(both)]
    )
    return keras.Model([a, b], layers.Dense(2)(joined)), {
        "left": numbers(5),
        "right": numbers(6)[:, :5],
    }


def picture_and_numbers():
    import keras
    from keras import layers

    a = keras.Input((8, 8, 3), name="photo")
    b = keras.Input((4,), name="weather")
    h = layers.GlobalAveragePooling2D()(
        layers.Conv2D(6, 3, activation="relu")(layers.Rescaling(1 / 255)(a))
    )
    return keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([h, b]))), {
        "photo": pixels(8, 8, 3),
        "weather": numbers(4),
    }


def operation(name):
    import keras
    from keras import layers

    def middle(x):
        h = layers.Dense(6)(x)
        return {
            "sqrt": lambda: keras.ops.sqrt(keras.ops.abs(h)),
            "exp": lambda: keras.ops.exp(h),
            "tile": lambda: keras.ops.tile(h, (1, 2)),
            "erf": lambda: keras.ops.erf(h),
            "sort": lambda: keras.ops.sort(h),
            "where": lambda: keras.ops.where(h > 0, h, h * 0.1),
            "square": lambda: keras.ops.square(h),
        }[name]()

    return around((8,), middle), numbers(8)


def spectrum():
    import keras

    return around((64,), lambda x: keras.ops.stft(x, 16, 8, 16)[0]), numbers(64)


def fixed_batch():
    import keras
    from keras import layers

    x = keras.Input(batch_shape=(1, 8))
    return keras.Model(x, layers.Dense(2)(layers.Dense(6, "relu")(x))), numbers(8)


def mixed_precision():
    import keras

    half = keras.DTypePolicy("mixed_float16")
    return in_line(
        (8,), keras.layers.Dense(12, "relu", dtype=half), keras.layers.Dense(2, dtype="float32")
    ), numbers(8)


def noisy():
    from keras import layers

    return in_line(
        (8,),
        layers.GaussianNoise(0.5),
        layers.Dense(12, "relu"),
        layers.AlphaDropout(0.5),
        layers.Dense(2),
    ), numbers(8)


def one_channel():
    from keras import layers

    normal = layers.LayerNormalization(name="norm")
    return in_line((12, 1), layers.Conv1D(1, 1), normal, layers.Dense(1)), numbers(12, 1)


def resized():
    from keras import layers

    return in_line(
        (8, 8, 3),
        layers.Resizing(12, 12),
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3),
        layers.Flatten(),
        layers.Dense(2),
    ), pixels(8, 8, 3)
