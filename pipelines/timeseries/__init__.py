"""Series: loading, windows, nets and recipes."""

from .anomaly import Autoencoder, ConvAutoencoder, ForecastResidual, LinearAutoencoder, fit_residual
from .augment import (
    AugmentJitter,
    AugmentMagnitudeWarp,
    AugmentMixUpSeries,
    AugmentScaling,
    AugmentTimeWarp,
    AugmentWindowSlice,
)
from .candidates import anomaly_candidates, series_candidates, series_classes_candidates
from .classifiers import InceptionTime, LstmFcn, SeriesFcn, SeriesResNet
from .convolutional import Tcn
from .faults import InjectFaults
from .load import LoadSeries
from .load_classes import LoadSeriesArrays, LoadSeriesTfds, LoadTsFiles
from .minirocket import MiniRocket
from .networks import DLinear, NBeats, NLinear, PatchTransformer, SeriesMlp
from .pretraining import MaskedSeriesPretraining
from .recipes import (
    BASIC_MOTIONS,
    GLUCOSE,
    GUN_POINT,
    GUN_POINT_MINIROCKET,
    ITALY_POWER,
    WEATHER,
    WEATHER_ANOMALY,
    anomaly_recipe,
    series_classes_recipe,
    series_recipe,
    shared_steps_recipe,
)
from .recurrent import EncoderDecoder, SeriesGru, SeriesLstm, SeriesRnn
from .segments import CutSegments
from .step_net import StepNet
from .teacher import MiniRocketTeacher
from .windows import CutWindows

__all__ = [
    "anomaly_candidates",
    "series_candidates",
    "series_classes_candidates",
    "CutWindows",
    "CutSegments",
    "InjectFaults",
    "LoadSeries",
    "LoadTsFiles",
    "LoadSeriesArrays",
    "LoadSeriesTfds",
    "NLinear",
    "DLinear",
    "SeriesMlp",
    "StepNet",
    "NBeats",
    "Tcn",
    "SeriesLstm",
    "SeriesGru",
    "SeriesRnn",
    "EncoderDecoder",
    "PatchTransformer",
    "SeriesFcn",
    "SeriesResNet",
    "InceptionTime",
    "LstmFcn",
    "MaskedSeriesPretraining",
    "MiniRocket",
    "MiniRocketTeacher",
    "Autoencoder",
    "ConvAutoencoder",
    "LinearAutoencoder",
    "ForecastResidual",
    "fit_residual",
    "AugmentJitter",
    "AugmentScaling",
    "AugmentMagnitudeWarp",
    "AugmentTimeWarp",
    "AugmentWindowSlice",
    "AugmentMixUpSeries",
    "GLUCOSE",
    "WEATHER",
    "ITALY_POWER",
    "GUN_POINT",
    "GUN_POINT_MINIROCKET",
    "BASIC_MOTIONS",
    "WEATHER_ANOMALY",
    "series_recipe",
    "shared_steps_recipe",
    "anomaly_recipe",
    "series_classes_recipe",
]
