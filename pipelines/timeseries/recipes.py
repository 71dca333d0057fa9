"""Recipes for series: glucose an hour ahead, the weather a day ahead, and the one that any series starts from."""

from ..frame import CutWindows
from ..recipe import Judge, Recipe
from ..split import SplitByTime
from ..steps import EncodeDate, FillGaps, FlagGaps, ScaleByItself, ScaleSeries
from ..train import Training
from .load import LoadSeries
from .models import SeriesMlp

GLUCOSE = Recipe(
    name="glucose_mlp",
    about="A glucose monitor, every five minutes: the hour ahead, with an interval that holds eight in ten.",
    load=LoadSeries("data/cgm_glucose.csv.gz", "datetime", "glucose", columns=("glucose",)),
    split=SplitByTime(test=0.2, valid=0.15),
    frame=CutWindows(window=144, horizon=12, stride=3, origin_step=6, season=288),
    prepare=(EncodeDate(parts=("hour",)),),
    encode=(FlagGaps(), FillGaps(), ScaleByItself(level=True), ScaleSeries()),
    build=SeriesMlp(widths=(64,)),
    training=Training(epochs=12, batch_size=64, learning_rate=1e-3, schedule="cosine", warmup_epochs=1),
    judge=Judge())
