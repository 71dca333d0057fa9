"""Low-rank factorization: one large kernel becomes two small ones."""

from dataclasses import dataclass

import numpy as np

from ..errors import RecipeError
from ..slots import Compression
from ..spec import check_knobs, knob
from ..training.call_graph import copy_layer
from .tuning import Tuning, rebuild

_LAYERS = ("Dense", "Conv1D", "Conv2D")


@dataclass(frozen=True)
class FactorizeLowRank(Compression):
    """Splits dense layers and convolutions in two by truncated singular value decomposition, where
    that saves enough of a layer's multiplications: the first layer has the old one's kernel size
    and strides and as many outputs as the rank, the second is dense over channels, a convolution of
    1 × 1 (Zhang et al. 2015, https://arxiv.org/abs/1505.06798).

    Attributes:
        energy: Share of a kernel's squared singular values that the rank must keep; the least such
            rank is taken.
        rank_share: Share of the full rank that is taken instead of `energy`; 0 leaves it to
            `energy`.
        saving: Least share of a layer's multiplications that must be saved for it to be split.
        epochs: How long the model is fitted.
        learning_rate_factor: Factor of the learning rate of training.
        last_layer: Whether the last layer may be split too.
    """

    energy: float = knob(0.8, 0.01, 1)
    rank_share: float = knob(0.0, 0, 1)
    saving: float = knob(0.2, 0, 0.99)
    epochs: int = knob(6, 1, 100_000)
    learning_rate_factor: float = knob(1.0, 1e-6, 100)
    last_layer: bool = False

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits."""
        check_knobs(self)

    def compress(self, model, tuning: Tuning):
        """Splits layers and fits the model on the tuning's rows.

        Returns:
            A keras.Model with layers `<name>_basis` in front of those that were split.

        Raises:
            RecipeError: no layer would save enough.
        """
        self.check()
        ranks = self.ranks(model)
        if not ranks:
            raise RecipeError(
                f"no layer that energy={self.energy}, rank_share={self.rank_share} would save "
                f"{self.saving:.0%} of",
                expected="kernels of low rank, or less of their energy",
                fix="energy=0.8, or leave FactorizeLowRank out",
            )
        with tuning.scope():
            model = factorize(model, ranks)
        tuning.fit(
            model,
            epochs=self.epochs,
            learning_rate_factor=self.learning_rate_factor,
        )
        return model

    def ranks(self, model) -> dict[str, int]:
        """Returns name → rank of the layers that are worth splitting."""
        ranks = {}
        layers = [each for each in model.layers if _can_split(each)]
        if not self.last_layer:
            layers = layers[:-1]
        for layer in layers:
            kernel = _as_matrix(layer)
            values = np.linalg.svd(kernel, compute_uv=False)
            energy = np.cumsum(values**2)
            rank = self._rank(energy)
            multiplications = rank * sum(kernel.shape)
            if multiplications <= (1 - self.saving) * kernel.size:
                ranks[layer.name] = min(rank, len(energy))
        return ranks

    def _rank(self, energy):
        """Returns the wanted rank of a kernel by its cumulated squared singular values."""
        if self.rank_share:
            return max(round(self.rank_share * len(energy)), 1)
        wanted = self.energy * energy[-1]
        return int(np.searchsorted(energy, wanted) + 1)


def _can_split(layer):
    return type(layer).__name__ in _LAYERS and getattr(layer, "groups", 1) == 1


def factorize(model, ranks: dict[str, int]):
    """Splits layers of a functional model in two.

    The product of a pair's kernels is the nearest of its rank to the old kernel. At full rank the
    new model gives the same answers.

    Args:
        model: a functional keras.Model.
        ranks: layer's name → rank.

    Returns:
        A keras.Model.
    """
    seconds = {}

    def make(layer):
        if layer.name not in ranks:
            return copy_layer(layer)
        first, seconds[layer.name] = _pair(layer, ranks[layer.name])
        return first

    def call(layer, *tensors, **others):
        output = layer(*tensors, **others)
        second = seconds.get(layer.name.removesuffix("_basis"))
        if second is None:
            return output
        return second(output)

    copy = rebuild(model, make, call)
    for name, rank in ranks.items():
        old = model.get_layer(name)
        left, values, right = np.linalg.svd(_as_matrix(old), full_matrices=False)
        root = np.sqrt(values[:rank])
        first = copy.get_layer(f"{name}_basis")
        second = copy.get_layer(name)
        first_kernel = left[:, :rank] * root
        second_kernel = root[:, None] * right[:rank]
        others = old.get_weights()[1:]
        first.set_weights([first_kernel.reshape(first.kernel.shape)])
        second.set_weights([second_kernel.reshape(second.kernel.shape), *others])
    return copy


def _pair(layer, rank):
    """Returns the two layers that a layer is split into; the first has `rank` outputs."""
    config = layer.get_config()
    first = {**config, "name": f"{layer.name}_basis", "activation": "linear", "use_bias": False}
    second = dict(config)
    if "units" in config:
        first["units"] = rank
    else:
        first["filters"] = rank
    if "filters" in config:
        # One-by-one kernels read the first layer's map as it is.
        second.update(kernel_size=1, strides=1, dilation_rate=1, padding="valid")
    second_layer = layer.__class__.from_config(second)
    first_layer = layer.__class__.from_config(first)
    return first_layer, second_layer


def _as_matrix(layer):
    """Returns a kernel [..., in, out] as float32 [all that one output reads, out]."""
    kernel = layer.get_weights()[0]
    return kernel.reshape(-1, kernel.shape[-1])
