"""A generative adversarial net of dense layers that knows the class, in numpy."""

import numpy as np

from ...steps.dense_network import DenseNetwork

BATCH_ROWS = 64


class ConditionalGan:
    """Generator: noise and a class → a row. Critic: a row and a class → the logit of being real
    (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661; Mirza and Osindero 2014,
    https://arxiv.org/abs/1411.1784). Both have one hidden layer.

    Args:
        values: float64 [rows, values], of about unit spread.
        y: int64 class [rows].
        width: Units of each hidden layer.
        code: Numbers of the noise.
        seed: Of weights, batches and noise.
    """

    def __init__(self, values: np.ndarray, y: np.ndarray, *, width: int, code: int, seed: int):
        self._values = values
        self._y = y
        self._code = code
        self._random = np.random.default_rng(seed)
        num_classes = int(y.max()) + 1
        num_values = values.shape[1]
        self._one_hot = np.eye(num_classes)
        self._generator = DenseNetwork(
            [code + num_classes, width, num_values],
            self._random,
        )
        self._critic = DenseNetwork(
            [num_values + num_classes, width, 1],
            self._random,
        )

    def learn(self, num_batches: int, *, rate: float) -> None:
        """Takes steps of both nets in turns, by Adam.

        Args:
            num_batches: How many of each.
            rate: Of both.
        """
        num_rows = len(self._y)
        for _ in range(num_batches):
            places = self._random.integers(
                0,
                num_rows,
                BATCH_ROWS,
            )
            classes = self._y[places]
            self._teach_critic(
                self._values[places],
                classes,
                rate,
            )
            self._teach_generator(classes, rate)

    def draw(self, classes: np.ndarray) -> np.ndarray:
        """Returns a row of each of these classes, float64 [rows, values]."""
        return self._made(classes)[-1]

    def _made(self, classes):
        shape = (len(classes), self._code)
        noise = self._random.standard_normal(shape)
        inputs = self._with_class(
            noise,
            classes,
        )
        return self._generator.forward(inputs)

    def _with_class(self, values, classes):
        parts = [values, self._one_hot[classes]]
        return np.concatenate(parts, axis=1)

    def _teach_critic(self, real, classes, rate):
        drawn = self.draw(classes)
        rows = np.concatenate([real, drawn])
        both = np.concatenate([classes, classes])
        truth = np.repeat([1.0, 0.0], len(classes))
        inputs = self._with_class(rows, both)
        judged = self._critic.forward(inputs)
        slope = _shares(judged) - truth[:, None]
        slope = slope / len(rows)
        gradients, _ = self._critic.backward(judged, slope)
        self._critic.step(gradients, rate)

    def _teach_generator(self, classes, rate):
        """Of the loss that does not saturate: the critic's log odds of real."""
        made = self._made(classes)
        inputs = self._with_class(made[-1], classes)
        judged = self._critic.forward(inputs)
        slope = (_shares(judged) - 1) / len(classes)
        _, of_inputs = self._critic.backward(judged, slope)
        of_rows = of_inputs[:, : self._values.shape[1]]
        gradients, _ = self._generator.backward(made, of_rows)
        self._generator.step(gradients, rate)


def _shares(values):
    """The critic's probability that rows are real."""
    logits = values[-1].clip(-30, 30)
    return 1 / (1 + np.exp(-logits))
