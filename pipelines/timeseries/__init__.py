"""Series: loading, windows, nets and recipes."""

from .anomaly import Autoencoder, ConvAutoencoder, ForecastResidual, LinearAutoencoder, fit_residual
from .backtest import backtest
from .load import LoadSeries
from .models import (DLinear, EncoderDecoder, NBeats, NLinear, PatchTransformer, SeriesGru, SeriesLstm, SeriesMlp,
                     SeriesRnn, Tcn)
from .recipes import GLUCOSE, WEATHER, WEATHER_ANOMALY, series_recipe

__all__ = ["LoadSeries", "NLinear", "DLinear", "SeriesMlp", "NBeats", "Tcn", "SeriesLstm", "SeriesGru", "SeriesRnn",
           "EncoderDecoder", "PatchTransformer", "Autoencoder", "ConvAutoencoder", "LinearAutoencoder",
           "ForecastResidual", "fit_residual", "GLUCOSE", "WEATHER", "WEATHER_ANOMALY", "series_recipe",
           "backtest"]
