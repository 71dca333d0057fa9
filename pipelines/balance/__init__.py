"""Balancers: `resample(TrainSet) -> BalancedSet` and nothing else. There is no way to hand one a held-out row."""

from .samplers import (Adasyn, OversampleRandom, Smote, SmoteBorderline, SmoteENN, SmoteNC, SmoteTomek,
                       UndersampleRandom)
from .weights import WeightByClass

__all__ = ["WeightByClass", "OversampleRandom", "UndersampleRandom", "Smote", "SmoteNC", "SmoteBorderline", "Adasyn",
           "SmoteTomek", "SmoteENN"]
