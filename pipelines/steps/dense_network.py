"""A dense network in NumPy, for what learns from rows before TensorFlow is asked for anything."""

from itertools import pairwise

import numpy as np


class DenseNetwork:
    """A dense network with ReLU between its layers, trained by Adam (Kingma and Ba 2015,
    https://arxiv.org/abs/1412.6980). scikit-learn's can neither learn some outputs alone nor hand a
    gradient on to another network.

    Attributes:
        weights: Of each layer, [inputs, units].
        biases: Of each layer, [units].
    """

    def __init__(self, widths: list[int], random: np.random.Generator, dtype: type = np.float64):
        self.weights: list[np.ndarray] = []
        self.biases: list[np.ndarray] = []
        for width, num_units in pairwise(widths):
            scale = np.sqrt(2 / width)  # He et al. 2015
            weights = scale * random.normal(size=(width, num_units))
            self.weights.append(weights.astype(dtype))
            self.biases.append(np.zeros(num_units, dtype))
        arrays = (*self.weights, *self.biases)
        self._means = [np.zeros_like(array) for array in arrays]
        self._squares = [np.zeros_like(array) for array in arrays]
        self._num_steps = 0

    def forward(self, inputs: np.ndarray) -> list[np.ndarray]:
        """Returns the inputs, the values of each hidden layer and the outputs."""
        values = [inputs]
        for weights, biases in zip(
            self.weights[:-1],
            self.biases[:-1],
            strict=True,
        ):
            values.append(
                np.maximum(
                    values[-1] @ weights + biases,
                    0,
                )
            )
        values.append(values[-1] @ self.weights[-1] + self.biases[-1])
        return values

    def backward(
        self, values: list[np.ndarray], slope: np.ndarray, *, penalty: float = 0.0
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Returns the gradients of the loss, those of weights before those of biases, and its slope
        by the inputs, [rows, inputs].

        Args:
            values: As `forward` gives them.
            slope: Of the loss by the outputs, [rows, outputs].
            penalty: L2 on the weights.
        """
        of_weights: list[np.ndarray] = []
        of_biases: list[np.ndarray] = []
        for layer in reversed(range(len(self.weights))):
            of_weights.insert(
                0,
                values[layer].T @ slope + penalty * self.weights[layer],
            )
            of_biases.insert(0, slope.sum(axis=0))
            slope = slope @ self.weights[layer].T
            if layer:
                slope = slope * (values[layer] > 0)
        return [*of_weights, *of_biases], slope

    def step(self, gradients: list[np.ndarray], rate: float) -> None:
        """Takes a step of Adam."""
        self._num_steps += 1
        fast = 1 - 0.9**self._num_steps
        slow = 1 - 0.999**self._num_steps
        arrays = [*self.weights, *self.biases]
        for place, gradient in enumerate(gradients):
            mean = self._means[place]
            square = self._squares[place]
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            arrays[place] -= rate * (mean / fast) / (np.sqrt(square / slow) + 1e-8)
