"""Weight clustering: the weights of a kernel share a few values."""

from dataclasses import dataclass

import numpy as np

from ..slots import Compression
from ..spec import check_knobs, knob
from .kernels import prunable_kernels
from .tuning import Tuning, copy_model


@dataclass(frozen=True)
class ClusterWeights(Compression):
    """Gives the weights of each kernel `num_clusters` values between them, found by k-means from
    values spread evenly (Han, Mao, Dally 2016, Deep Compression, https://arxiv.org/abs/1510.00149),
    and fits the rest of the model and these values: after every step the weights of a cluster
    become their mean. Weights that are zero stay zero, apart from the clusters.

    What it gains: a file that gzip makes smaller; the file itself stays as large and the model as
    slow. int8 keeps the clusters, with a scale for each channel; fitting with fake quantization
    afterwards does not, so cluster last.

    Attributes:
        num_clusters: Most values that the weights of a kernel have, in addition to zero.
        epochs: How long the model is fitted.
        learning_rate_factor: Factor of the learning rate of training.
        last_layer: Whether the last layer is clustered too.
    """

    num_clusters: int = knob(16, 2, 256)
    epochs: int = knob(3, 1, 100_000)
    learning_rate_factor: float = knob(0.1, 1e-6, 100)
    last_layer: bool = False

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits."""
        check_knobs(self)

    def compress(self, model, tuning: Tuning):
        """A keras.Model of the same layers, each kernel with at most `num_clusters` values and
        zero, fitted on the tuning's rows.
        """
        self.check()
        with tuning.scope():
            model = copy_model(model)
        kernels = prunable_kernels(model, last_layer=self.last_layer)
        clusters = [
            assign_clusters(kernel.numpy(), self.num_clusters, seed=tuning.seed)
            for kernel in kernels
        ]
        tuning.fit(
            model,
            epochs=self.epochs,
            learning_rate_factor=self.learning_rate_factor,
            callbacks=[_tie(kernels, clusters, self.num_clusters)],
        )
        return model


def assign_clusters(kernel: np.ndarray, num_clusters: int, *, seed: int = 0) -> np.ndarray:
    """int32, the kernel's shape: the cluster of each weight; `num_clusters` for a weight that is
    zero.
    """
    from sklearn.cluster import KMeans

    labels = np.full(kernel.shape, num_clusters, np.int32)
    weights = kernel[kernel != 0].astype(np.float64)
    values = np.unique(weights)
    if len(values) <= num_clusters:
        labels[kernel != 0] = np.searchsorted(values, weights)
        return labels
    # Spread evenly, not drawn where most weights are: the few large ones matter most.
    start = np.linspace(values[0], values[-1], num_clusters)
    means = KMeans(num_clusters, init=start[:, None], n_init=1, random_state=seed)
    labels[kernel != 0] = means.fit_predict(weights[:, None])
    return labels


def _tie(kernels, clusters, num_clusters):
    """The callback that sets the weights of a cluster to their mean, before the first step and
    after each.
    """
    import keras
    import tensorflow as tf

    clusters = [tf.constant(each) for each in clusters]
    filled = tf.constant(
        np.append(
            np.ones(num_clusters, np.float32),
            0.0,
        ).astype(np.float32)
    )

    class Tie(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self._tie()

        def on_train_batch_end(self, batch, logs=None):
            self._tie()

        def _tie(self):
            for kernel, cluster in zip(kernels, clusters, strict=True):
                weights = tf.convert_to_tensor(kernel.value)
                means = tf.math.unsorted_segment_mean(weights, cluster, num_clusters + 1)
                kernel.assign(tf.gather(means * filled, cluster))

    return Tie()
