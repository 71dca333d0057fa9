"""Smaller models: specs, each with `check()` and `compress(model, tuning) -> model`, that compose in any order."""

from .prune import PruneWeights, gzip_bytes, share_of_zeros
from .tuning import Tuning, make_tuning, tuning_from_arrays

__all__ = ["PruneWeights", "Tuning", "gzip_bytes", "make_tuning", "share_of_zeros", "tuning_from_arrays"]
