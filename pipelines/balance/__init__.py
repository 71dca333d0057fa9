"""Balancers: `resample(TrainSet) -> BalancedSet` and nothing else. There is no way to hand one a
held-out row.
"""

from .samplers import (
    Adasyn,
    OversampleRandom,
    SampleByClass,
    Smote,
    SmoteBorderline,
    SmoteENN,
    SmoteNC,
    SmoteTomek,
    UndersampleRandom,
)
from .weights import WeightByClass

__all__ = [
    "WeightByClass",
    "OversampleRandom",
    "UndersampleRandom",
    "SampleByClass",
    "Smote",
    "SmoteNC",
    "SmoteBorderline",
    "Adasyn",
    "SmoteTomek",
    "SmoteENN",
]
