"""Series: loading, windows, nets and recipes."""

from .backtest import backtest
from .load import LoadSeries
from .models import (DLinear, EncoderDecoder, NBeats, NLinear, PatchTransformer, SeriesGru, SeriesLstm, SeriesMlp,
                     SeriesRnn, Tcn)
from .recipes import GLUCOSE, WEATHER, series_recipe

__all__ = ["LoadSeries", "NLinear", "DLinear", "SeriesMlp", "NBeats", "Tcn", "SeriesLstm", "SeriesGru", "SeriesRnn",
           "EncoderDecoder", "PatchTransformer", "GLUCOSE", "WEATHER",
           "series_recipe", "backtest"]
