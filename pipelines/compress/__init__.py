"""Smaller models: specs, each with `check()` and `compress(model, tuning) -> model`, that compose in any order."""

from .fold import fold_batch_norm
from .prune import PruneWeights, gzip_bytes, share_of_zeros
from .quantize_aware import QuantizeAware, quantization_aware
from .tuning import Tuning, make_tuning, tuning_from_arrays

__all__ = ["PruneWeights", "QuantizeAware", "Tuning", "fold_batch_norm", "gzip_bytes", "make_tuning",
           "quantization_aware", "share_of_zeros", "tuning_from_arrays"]
