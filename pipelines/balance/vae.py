"""A variational autoencoder that is conditional on the class, in NumPy."""

from typing import Any

import numpy as np

from ..steps.dense_network import DenseNetwork

BATCH_ROWS = 128
LAST_RATE = 0.05  # of the first
MOST_LOG_VARIANCE = 8.0
NUM_NEAR = 5  # neighbours, as SMOTE has


class ConditionalVae:
    """Encoder: a row and its class → mean and log variance of its code. Decoder: a code and a class
    → a row, as what it adds to the mean row of the class. Both have one hidden layer (Kingma and
    Welling 2014, appendix C, https://arxiv.org/abs/1312.6114).

    Args:
        values: float32 [rows, values], of about unit spread.
        y: int64 class [rows].
        num_classes: How many classes there are.
        width: Units of each hidden layer.
        code: Numbers of a code.
        seed: Of weights, batches and codes.
    """

    def __init__(
        self,
        values: np.ndarray,
        y: np.ndarray,
        num_classes: int,
        *,
        width: int,
        code: int,
        seed: int,
    ):
        self.code = code
        self._y = y
        self._one_hot = np.eye(num_classes, dtype=np.float32)
        # Given the means, a class of a few rows need not be learned as a bias first: without them
        # codes alone decided what was drawn, and rare classes looked like the frequent ones.
        self._means = np.zeros(
            (num_classes, values.shape[1]),
            np.float32,
        )
        for label in np.unique(y):
            self._means[label] = values[y == label].mean(axis=0)
        self._rest = values - self._means[y]
        self._random = np.random.default_rng(seed)
        num_values = values.shape[1]
        self._encoder = self._network([num_values + num_classes, width, 2 * code])
        self._decoder = self._network([code + num_classes, width, num_values])

    def _network(self, widths):
        return DenseNetwork(widths, self._random, np.float32)

    def learn(self, num_batches: int, rate: float) -> None:
        """Learns from batches of rows, in which a class with n rows has a share in proportion to
        its square root.

        Args:
            num_batches: How many.
            rate: Of Adam, falling to a twentieth.
        """
        counts = np.bincount(
            self._y,
            minlength=len(self._one_hot),
        )
        shares = 1 / np.sqrt(counts[self._y])
        ends = np.cumsum(shares / shares.sum())
        for batch in range(num_batches):
            drawn = np.searchsorted(
                ends,
                self._random.random(BATCH_ROWS),
            )
            places = np.minimum(drawn, len(ends) - 1)
            self._learn_from(
                places,
                rate * LAST_RATE ** (batch / num_batches),
            )

    def _learn_from(self, places, rate):
        """Takes a step down the bound: half the values times the logarithm of the squared error
        (Rybkin et al. 2021, section 4, https://arxiv.org/abs/2006.13202), and the divergence of
        the codes from the normal.
        """
        x = self._rest[places]
        classes = self._one_hot[self._y[places]]
        encoded = self._encoder.forward(
            np.concatenate(
                [x, classes],
                axis=1,
            )
        )
        mean, deviation = self._code_of(encoded[-1])
        noise = self._normal(mean.shape)
        code = mean + noise * deviation
        decoded = self._decoder.forward(
            np.concatenate(
                [code, classes],
                axis=1,
            )
        )
        error = decoded[-1] - x
        num_rows = len(places)
        slope = error / (np.mean(error**2) + 1e-6) / num_rows
        of_decoder, of_code = self._decoder.backward(
            decoded,
            slope,
        )
        of_code = of_code[:, : self.code]
        of_mean = of_code + mean / num_rows
        spread = of_code * noise * deviation / 2
        of_log_variance = spread + (deviation**2 - 1) / (2 * num_rows)
        slope = np.concatenate(
            [of_mean, of_log_variance],
            axis=1,
        )
        of_encoder, _ = self._encoder.backward(encoded, slope)
        self._decoder.step(of_decoder, rate)
        self._encoder.step(of_encoder, rate)

    def _normal(self, shape):
        return self._random.standard_normal(
            shape,
            dtype=np.float32,
        )

    def _code_of(self, encoded):
        """Returns the mean and the deviation of codes."""
        mean, log_variance = np.split(encoded, 2, axis=1)
        log_variance = log_variance.clip(
            -MOST_LOG_VARIANCE,
            MOST_LOG_VARIANCE,
        )
        return mean, np.exp(log_variance / 2)

    def draw(self, classes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws a row for each of these classes, from a code between that of a training row of the
        class and that of a neighbour (DeepSMOTE, Dablain et al. 2021,
        https://arxiv.org/abs/2105.02340), nearer to the first.

        Args:
            classes: int64 [rows].
            seed: Of the rows, the neighbours and the codes.

        Returns:
            The rows, float32 [rows, values], and the places of the first training rows, int64
            [rows].
        """
        random = np.random.default_rng(seed)
        inputs = np.concatenate(
            [self._rest, self._one_hot[self._y]],
            axis=1,
        )
        mean, deviation = self._code_of(self._encoder.forward(inputs)[-1])
        first = np.zeros(len(classes), np.int64)
        other = np.zeros(len(classes), np.int64)
        for label in np.unique(classes):
            own = np.flatnonzero(self._y == label)
            near = _neighbours(mean[own])
            is_label = classes == label
            drawn = random.integers(0, len(own), is_label.sum())
            which = random.integers(0, near.shape[1], len(drawn))
            first[is_label] = own[drawn]
            other[is_label] = own[near[drawn, which]]
        way = (
            random.random(
                (len(classes), 1),
                dtype=np.float32,
            )
            / 2
        )
        code = mean[first] + way * (mean[other] - mean[first])
        noise = random.standard_normal(
            code.shape,
            dtype=np.float32,
        )
        return self.decode(
            code + noise * deviation[first],
            classes,
        ), first

    def decode(self, code: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Returns the rows of codes, float32 [rows, values].

        Args:
            code: float32 [rows, code].
            classes: int64 [rows].
        """
        inputs = np.concatenate(
            [code, self._one_hot[classes]],
            axis=1,
        )
        return self._decoder.forward(inputs)[-1] + self._means[classes]

    def to_keras(self, factor: np.ndarray, offset: np.ndarray, shape: tuple[int, ...]) -> Any:
        """Returns the decoder as a keras.Model: "code" float32 [rows, code] and "label" one-hot
        float32 [rows, classes] → float32 [rows, *shape].

        Args:
            factor: float32 [values], what a value is multiplied by.
            offset: float32 [values], what is added to it then.
            shape: Of a row.
        """
        import keras

        hidden, last = zip(
            self._decoder.weights,
            self._decoder.biases,
            strict=True,
        )
        weights = {
            "hidden": hidden,
            "rest": (last[0] * factor, last[1] * factor + offset),
            "class_mean": (self._means * factor,),
        }
        dense = keras.layers.Dense
        code = keras.Input((self.code,), name="code")
        classes = keras.Input(
            (len(self._one_hot),),
            name="label",
        )
        x = keras.layers.Concatenate(name="known")([code, classes])
        x = dense(len(hidden[1]), "relu", name="hidden")(x)
        rest = dense(len(factor), name="rest")(x)
        mean = dense(
            len(factor),
            use_bias=False,
            name="class_mean",
        )(classes)
        rows = keras.layers.Add(name="sum")([rest, mean])
        rows = keras.layers.Reshape(shape, name="row")(rows)
        model = keras.Model(
            {"code": code, "label": classes},
            rows,
            name="decoder",
        )
        for name, arrays in weights.items():
            model.get_layer(name).set_weights(list(arrays))
        return model


def _neighbours(codes):
    """Returns the places of the nearest other codes of each, int64 [rows, at most NUM_NEAR]; of a
    single code its own.
    """
    from sklearn.neighbors import NearestNeighbors

    if len(codes) == 1:
        return np.zeros((1, 1), np.int64)
    near = NearestNeighbors(
        n_neighbors=min(
            NUM_NEAR,
            len(codes) - 1,
        )
    )
    return near.fit(codes).kneighbors(return_distance=False)
