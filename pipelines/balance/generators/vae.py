"""A variational autoencoder that is conditional on the class, in NumPy."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...slots import Generator
from ...spec import knob
from ...steps.dense_network import DenseNetwork
from .nets import known_inputs
from .rows import ClassRows, LearnedGenerator, codes_of, drawn_places

BATCH_ROWS = 128
LAST_RATE = 0.05  # of the first
MOST_LOG_VARIANCE = 8.0
NUM_NEAR = 5  # neighbours, as SMOTE has


@dataclass(frozen=True)
class VariationalAutoencoder(Generator):
    """A variational autoencoder (Kingma and Welling 2014, https://arxiv.org/abs/1312.6114) that
    knows the class (Sohn et al. 2015, https://papers.nips.cc/paper/5775). A row is drawn from a
    code between that of a training row and that of a neighbour of its class (DeepSMOTE, Dablain et
    al. 2021, https://arxiv.org/abs/2105.02340). The spread of what it gives back is measured rather
    than set (Rybkin et al. 2021, https://arxiv.org/abs/2006.13202).

    It learns in seconds, and without TensorFlow.

    Attributes:
        width: Units of the hidden layer of the encoder, and of the decoder.
        code: How many numbers the code of a row has.
        num_batches: So many batches of 128 rows are learned from.
        learning_rate: Of Adam, falling to a twentieth.
    """

    width: int = knob(256, 1, 4096)
    code: int = knob(16, 1, 1024)
    num_batches: int = knob(2_000, 1, 10**6)
    learning_rate: float = knob(1e-3, 1e-6, 1)

    def tiny(self) -> "VariationalAutoencoder":
        return replace(
            self,
            width=min(self.width, 32),
            num_batches=min(self.num_batches, 50),
        )

    def learn(self, rows: ClassRows, *, seed: int) -> "ConditionalVae":
        """Returns the encoder and the decoder that have learned from rows."""
        model = ConditionalVae(rows, width=self.width, code=self.code, seed=seed)
        model.learn(self.num_batches, self.learning_rate)
        return model


class ConditionalVae(LearnedGenerator):
    """Encoder: a row and its class → mean and log variance of its code. Decoder: a code and a class
    → a row, as what it adds to the mean row of the class. Both have one hidden layer (Kingma and
    Welling 2014, appendix C, https://arxiv.org/abs/1312.6114).

    Args:
        rows: To learn from.
        width: Units of each hidden layer.
        code: Numbers of a code.
        seed: Of weights, batches and codes.
    """

    def __init__(self, rows: ClassRows, *, width: int, code: int, seed: int):
        self.code = code
        self._y = rows.y
        self._ends = rows.ends()
        self._one_hot = rows.one_hot()
        # Given the means, a class of a few rows need not be learned as a bias first: without them
        # codes alone decided what was drawn, and rare classes looked like the frequent ones.
        self._means = rows.means()
        self._rest = rows.rest()
        self._random = np.random.default_rng(seed)
        num_classes = rows.num_classes
        num_values = rows.values.shape[1]
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
        for batch in range(num_batches):
            places = drawn_places(self._ends, BATCH_ROWS, self._random)
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

    def net_inputs(self, classes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        """Returns normal codes, and the classes."""
        return codes_of(self._one_hot[classes], self.code, seed)

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
        inputs = known_inputs(self.code, len(self._one_hot))
        classes = inputs["label"]
        x = keras.layers.Concatenate(name="known")(list(inputs.values()))
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
            inputs,
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
