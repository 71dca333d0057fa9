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
    that saves `saving` or more of a layer's multiplications: the first layer has the old one's
    kernel size and strides and `rank` outputs, the second is dense over channels, a convolution of
    1 × 1 (Zhang et al. 2015, https://arxiv.org/abs/1505.06798).

    The rank is the least that keeps `energy`, a share of the kernel's squared singular values; or
    `rank_share` of the full rank where that is over 0. The last layer is left whole unless
    `last_layer`.
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
        """A keras.Model with layers `<name>_basis` in front of those that were split, fitted on the
        tuning's rows. Raises RecipeError where no layer would save enough.
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
        tuning.fit(model, epochs=self.epochs, learning_rate_factor=self.learning_rate_factor)
        return model

    def ranks(self, model) -> dict[str, int]:
        """Name → rank of the layers that are worth splitting."""
        ranks = {}
        layers = [
            each
            for each in model.layers
            if type(each).__name__ in _LAYERS and getattr(each, "groups", 1) == 1
        ]
        for layer in layers if self.last_layer else layers[:-1]:
            rows = _as_matrix(layer)
            energy = np.cumsum(np.linalg.svd(rows, compute_uv=False) ** 2)
            if self.rank_share:
                rank = max(round(self.rank_share * len(energy)), 1)
            else:
                rank = int(np.searchsorted(energy, self.energy * energy[-1]) + 1)
            if rank * sum(rows.shape) <= (1 - self.saving) * rows.size:
                ranks[layer.name] = min(rank, len(energy))
        return ranks


def factorize(model, ranks: dict[str, int]):
    """A functional model in which each layer of `ranks` is two, the product of whose kernels is the
    nearest of that rank to its own. At full rank it gives the same answers.
    """
    seconds = {}

    def make(layer):
        if layer.name not in ranks:
            return copy_layer(layer)
        config = layer.get_config()
        rank = ranks[layer.name]
        if "units" in config:
            width = {"units": rank}
        else:
            width = {"filters": rank}
        if "filters" in config:
            alone = {"kernel_size": 1, "strides": 1, "dilation_rate": 1}
        else:
            alone = {}
        # One-by-one kernels read the first layer's map as it is.
        if alone:
            alone = {**alone, "padding": "valid"}
        seconds[layer.name] = layer.__class__.from_config({**config, **alone})
        return layer.__class__.from_config(
            {
                **config,
                **width,
                "name": f"{layer.name}_basis",
                "activation": "linear",
                "use_bias": False,
            }
        )

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
        first.set_weights([(left[:, :rank] * root).reshape(first.kernel.shape)])
        second.set_weights(
            [(root[:, None] * right[:rank]).reshape(second.kernel.shape), *old.get_weights()[1:]]
        )
    return copy


def _as_matrix(layer):
    """A kernel [..., in, out] as float32 [all that one output reads, out]."""
    kernel = layer.get_weights()[0]
    return kernel.reshape(-1, kernel.shape[-1])
