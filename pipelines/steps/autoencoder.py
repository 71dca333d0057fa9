"""The step that fills missing numbers of a row by a denoising autoencoder."""

from dataclasses import dataclass

import numpy as np

from ..device.primitives import DenseFill
from ..spec import knob
from .dense_network import DenseNetwork
from .imputers import FillRows, moments, plain, refuse_many

MAX_COLUMNS = 256
_BATCH = 200


@dataclass(frozen=True)
class ImputeAutoencoder(FillRows):
    """Fills each missing number by a denoising autoencoder (Vincent et al. 2008,
    https://doi.org/10.1145/1390156.1390294; for missing values Gondara and Wang 2018,
    https://arxiv.org/abs/1705.02737): a dense network that learns, on training rows alone, to give
    back numbers that were taken away at random. It reads the row's other numbers and what is
    missing. Only what was taken away counts in the loss (Vincent et al. 2010, section 4.2), so that
    rows with gaps of their own are learned from too.

    It follows curves that `ImputeLinear` does not; it wants some thousand rows.

    Attributes:
        width: Units of each hidden layer.
        num_layers: Hidden layers.
        masked: The share of the numbers that is taken away, drawn anew for each batch.
        num_batches: So many batches of 200 rows are learned from.
        learning_rate: Of Adam, falling to a twentieth.
        penalty: L2 on the weights.
        seed: Of weights, batches and masks.
    """

    width: int = knob(32, 1, 512)
    num_layers: int = knob(2, 1, 6)
    masked: float = knob(0.3, 0.01, 0.9)
    num_batches: int = knob(2_000, 1, 10**6)
    learning_rate: float = knob(5e-3, 1e-6, 1)
    penalty: float = knob(1e-3, 0, 100)
    seed: int = knob(0, 0, 2**31 - 1)

    def _primitive(self, names, x):
        refuse_many(self, names, MAX_COLUMNS)
        means, spread = moments(x)
        weights, biases = self._train((x - means) / spread)
        layers = []
        for layer in weights:
            layers.append(tuple(map(plain, layer.T)))
        return DenseFill(
            names,
            plain(means),
            plain(spread),
            plain(np.nanmin(x, axis=0)),
            plain(np.nanmax(x, axis=0)),
            tuple(layers),
            tuple(map(plain, biases)),
        )

    def _train(self, z):
        """Returns weights and biases by layer, learned from standardized rows z."""
        random = np.random.default_rng(self.seed)
        num_columns = z.shape[1]
        hidden = [self.width] * self.num_layers
        network = DenseNetwork([2 * num_columns, *hidden, num_columns], random)
        for batch in range(self.num_batches):
            rows = z[random.integers(0, len(z), _BATCH)]
            taken = ~np.isnan(rows) & (random.random(rows.shape) < self.masked)
            left = ~np.isnan(rows) & ~taken
            inputs = np.concatenate([np.where(left, rows, 0), ~left], axis=1)
            wanted = np.where(taken, rows, 0)
            rate = self.learning_rate * 0.05 ** (batch / self.num_batches)
            values = network.forward(inputs)
            slope = np.where(taken, values[-1] - wanted, 0) / max(taken.sum(), 1)
            gradients, _ = network.backward(values, slope, penalty=self.penalty)
            network.step(gradients, rate)
        return network.weights, network.biases
