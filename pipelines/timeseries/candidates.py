"""What series of one's own may start from."""

from dataclasses import replace

from ..recipe import Candidate
from ..training.optimizers import AdamW
from ..training.schedules import Cosine
from .classifiers import SeriesResNet
from .load import LoadSeries
from .load_classes import LoadSeriesArrays, LoadSeriesTfds, LoadTsFiles
from .networks import NLinear
from .recipes import series_classes_recipe, series_recipe


def series_candidates(
    load: LoadSeries, *, horizon: int, window: int = 0, season: int = 0, name: str = "my_model"
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for a forecast, the usual one first."""
    usual = series_recipe(load, horizon=horizon, window=window, season=season, name=name)
    linear = replace(
        usual,
        build=NLinear(regularizer=1e-4),
        training=replace(
            usual.training,
            epochs=30,
            optimizer=AdamW(learning_rate=1e-2),
            schedule=Cosine(warmup_epochs=1),
        ),
    )
    return (
        Candidate("dense net with a linear one inside", usual),
        Candidate("linear net", linear),
    )


def series_classes_candidates(
    load: LoadTsFiles | LoadSeriesArrays | LoadSeriesTfds, *, name: str = "my_model"
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for classes of whole series, the usual first."""
    usual = series_classes_recipe(load, name=name)
    residual = replace(usual, build=SeriesResNet(), training=replace(usual.training, epochs=100))
    return (
        Candidate("three convolutional nets", usual),
        Candidate("a residual net", residual),
    )
