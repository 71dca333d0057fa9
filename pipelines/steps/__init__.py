"""Preparing steps: fitted on training rows, applied to all as a few numeric primitives."""

from .autoencoder import ImputeAutoencoder
from .bins import EncodeBins
from .categories import EncodeIds, EncodeOnehot
from .dates import EncodeDate
from .imputers import ImputeLinear, ImputeNeighbors, ImputeRandom
from .missing import (
    DropColumns,
    DropRowsWithMissing,
    FlagMissing,
    ImputeConstant,
    ImputeMean,
    ImputeMedian,
    ImputeMostFrequent,
    ImputePrevious,
)
from .multiple import ImputeMultiple
from .pack import make_signature, to_ports, unlabelled_to_ports
from .scale import ScaleMinMax, ScaleRobust, ScaleStandard
from .series import CountSinceSeen, FillGaps, FlagGaps, ScaleByItself, ScaleSeries
from .step import ColumnStep, FittedStep, Step, apply_steps, fit_steps
from .token_pairs import DistinctTokens, PairFrequent
from .tokens import PairTokens, TokenizeCharacters, TokenizeSubwords, TokenizeWords

__all__ = [
    "DropColumns",
    "DropRowsWithMissing",
    "FlagMissing",
    "ImputeConstant",
    "ImputeMean",
    "ImputeMedian",
    "ImputeMostFrequent",
    "ImputePrevious",
    "ImputeLinear",
    "ImputeAutoencoder",
    "ImputeMultiple",
    "ImputeNeighbors",
    "ImputeRandom",
    "ScaleStandard",
    "ScaleMinMax",
    "ScaleRobust",
    "EncodeBins",
    "EncodeOnehot",
    "EncodeIds",
    "EncodeDate",
    "TokenizeWords",
    "TokenizeCharacters",
    "TokenizeSubwords",
    "PairTokens",
    "PairFrequent",
    "DistinctTokens",
    "FillGaps",
    "FlagGaps",
    "CountSinceSeen",
    "ScaleSeries",
    "ScaleByItself",
    "Step",
    "ColumnStep",
    "FittedStep",
    "fit_steps",
    "apply_steps",
    "make_signature",
    "to_ports",
    "unlabelled_to_ports",
]
