"""Balancers: `resample(TrainSet) -> BalancedSet` and nothing else. There is no way to hand one a
held-out row.
"""

from .cleaning import EditedNearestNeighbours, NearMiss, TomekLinks
from .generate import Generate
from .generators.diffusion import Diffusion
from .generators.gan import Gan, WassersteinGan
from .generators.vae import VariationalAutoencoder
from .prior import AdjustLogits, CorrectPrior
from .quality import TwoSampleTest, frechet_distance, two_sample_test
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
from .variants import ClusterCentroids, SmoteKMeans, SmoteN, SmoteSvm
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
    "SmoteSvm",
    "SmoteKMeans",
    "SmoteN",
    "Generate",
    "VariationalAutoencoder",
    "Gan",
    "WassersteinGan",
    "Diffusion",
    "NearMiss",
    "ClusterCentroids",
    "TomekLinks",
    "EditedNearestNeighbours",
    "AdjustLogits",
    "CorrectPrior",
    "frechet_distance",
    "two_sample_test",
    "TwoSampleTest",
]
