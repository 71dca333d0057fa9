"""Smaller models: specs, each with `check()` and `compress(model, tuning) -> model`, that compose
in any order.
"""

from .arrays import tuning_from_arrays
from .channels import PruneChannels
from .cluster import ClusterWeights
from .distil import Distil, distil, taught
from .factorize import FactorizeLowRank
from .fft import ConvolveByFft
from .fold import fold_batch_norm
from .prune import PruneWeights, gzip_bytes, share_of_zeros
from .quantize_aware import QuantizeAware, quantization_aware
from .tuning import Tuning, make_tuning

__all__ = [
    "ClusterWeights",
    "ConvolveByFft",
    "Distil",
    "FactorizeLowRank",
    "PruneChannels",
    "PruneWeights",
    "QuantizeAware",
    "Tuning",
    "distil",
    "fold_batch_norm",
    "gzip_bytes",
    "make_tuning",
    "quantization_aware",
    "share_of_zeros",
    "taught",
    "tuning_from_arrays",
]
