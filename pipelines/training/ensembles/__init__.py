"""Ensembles: several nets that learn one after the other and ship as one model."""

from .bagging import Bagging, Seeds
from .balanced import BalancedBagging, EasyEnsemble
from .boosting import Boosting
from .distilled import Distilled
from .snapshots import Snapshots
from .stacking import Stacking

__all__ = [
    "Bagging",
    "BalancedBagging",
    "Boosting",
    "Distilled",
    "EasyEnsemble",
    "Seeds",
    "Snapshots",
    "Stacking",
]
