"""Series: loading, windows, nets and recipes."""

from .augment import (AugmentJitter, AugmentMagnitudeWarp, AugmentMixUpSeries, AugmentScaling, AugmentTimeWarp,
                      AugmentWindowSlice)
from .backtest import backtest
from .classifiers import InceptionTime, LstmFcn, SeriesFcn, SeriesResNet
from .load import LoadSeries
from .load_classes import LoadSeriesArrays, LoadSeriesTfds, LoadTsFiles
from .models import (DLinear, EncoderDecoder, NBeats, NLinear, PatchTransformer, SeriesGru, SeriesLstm, SeriesMlp,
                     SeriesRnn, Tcn)
from .recipes import BASIC_MOTIONS, GLUCOSE, GUN_POINT, ITALY_POWER, WEATHER, series_classes_recipe, series_recipe

__all__ = ["LoadSeries", "NLinear", "DLinear", "SeriesMlp", "NBeats", "Tcn", "SeriesLstm", "SeriesGru", "SeriesRnn",
           "EncoderDecoder", "PatchTransformer", "GLUCOSE", "WEATHER", "series_recipe", "LoadTsFiles",
           "LoadSeriesArrays", "LoadSeriesTfds", "SeriesFcn", "SeriesResNet", "InceptionTime", "LstmFcn",
           "AugmentJitter", "AugmentScaling", "AugmentMagnitudeWarp", "AugmentTimeWarp", "AugmentWindowSlice",
           "AugmentMixUpSeries", "ITALY_POWER", "GUN_POINT", "BASIC_MOTIONS", "series_classes_recipe", "backtest"]
