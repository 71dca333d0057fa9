"""Named recipes, and every spec that a recipe can hold: the one place that knows the modalities."""

from dataclasses import replace

from . import balance, compress, steps, tabular, text, timeseries, vision
from . import recipe as recipes
from .convert.quantize import Quantize
from .errors import RecipeError
from .recipe import Judge, Recipe, Shipping
from .rows.split import SplitByTime, SplitGiven, SplitGrouped, SplitRandom
from .sources import table
from .targets.c.spec import TargetC
from .targets.ethosu.spec import TargetEthosU
from .targets.litert.spec import TargetLiteRT
from .targets.mediapipe.spec import TargetMediaPipe
from .targets.micro.spec import TargetMicro
from .targets.web.spec import TargetWeb
from .timeseries.faults import InjectFaults
from .timeseries.segments import CutSegments
from .timeseries.windows import CutWindows
from .training import losses, optimizers, schedules
from .training.training import Training

RECIPES = {
    "birds_mlp": tabular.BIRDS,
    "credit_mlp": tabular.CREDIT,
    "storms_mlp": tabular.STORMS,
    "penguins_mlp": tabular.PENGUINS,
    "fashion_cnn": vision.FASHION,
    "emoji_cnn": vision.EMOJI,
    "emoji_lite0": vision.EMOJI_LITE0,
    "fashion_100kb": vision.FASHION_100KB,
    "fashion_30kb": vision.FASHION_30KB,
    "remarks_cnn": text.REMARKS,
    "remarks5_cnn": text.REMARKS5,
    "glucose_mlp": timeseries.GLUCOSE,
    "weather_linear": timeseries.WEATHER,
    "italy_power": timeseries.ITALY_POWER,
    "gun_point": timeseries.GUN_POINT,
    "basic_motions": timeseries.BASIC_MOTIONS,
    "weather_anomaly": timeseries.WEATHER_ANOMALY,
}

RUNTIMES = (TargetLiteRT, TargetMicro, TargetC, TargetMediaPipe, TargetWeb, TargetEthosU)

SPECS = (
    Recipe,
    Judge,
    Training,
    *losses.LOSSES,
    *optimizers.OPTIMIZERS,
    *schedules.SCHEDULES,
    SplitRandom,
    SplitGrouped,
    SplitByTime,
    SplitGiven,
    CutWindows,
    CutSegments,
    InjectFaults,
    Shipping,
    *RUNTIMES,
    Quantize,
    compress.PruneWeights,
    compress.PruneChannels,
    compress.Distil,
    compress.ClusterWeights,
    compress.FactorizeLowRank,
    compress.QuantizeAware,
    compress.ConvolveByFft,
    steps.DropColumns,
    steps.DropRowsWithMissing,
    steps.FlagMissing,
    steps.ImputeConstant,
    steps.ImputeMean,
    steps.ImputeMedian,
    steps.ImputeMostFrequent,
    steps.ImputePrevious,
    steps.ScaleStandard,
    steps.ScaleMinMax,
    steps.ScaleRobust,
    steps.EncodeBins,
    steps.EncodeOnehot,
    steps.EncodeIds,
    steps.EncodeDate,
    steps.FillGaps,
    steps.FlagGaps,
    steps.CountSinceSeen,
    steps.ScaleSeries,
    steps.ScaleByItself,
    steps.TokenizeWords,
    steps.TokenizeCharacters,
    steps.TokenizeSubwords,
    steps.PairTokens,
    balance.WeightByClass,
    balance.OversampleRandom,
    balance.UndersampleRandom,
    balance.SampleByClass,
    balance.Smote,
    balance.SmoteNC,
    balance.SmoteBorderline,
    balance.Adasyn,
    balance.SmoteTomek,
    balance.SmoteENN,
    tabular.LoadTable,
    table.Reading,
    tabular.Mlp,
    tabular.ForestTeacher,
    vision.LoadFolder,
    vision.LoadPaths,
    vision.LoadArrays,
    vision.LoadTfds,
    vision.AugmentFlip,
    vision.AugmentRotation,
    vision.AugmentTranslation,
    vision.AugmentZoom,
    vision.AugmentCrop,
    vision.AugmentBrightness,
    vision.AugmentContrast,
    vision.AugmentHue,
    vision.AugmentNoise,
    vision.AugmentErasing,
    vision.AugmentRand,
    vision.AugmentMixUp,
    vision.AugmentCutMix,
    vision.Cnn,
    vision.ResNet8,
    vision.DsCnn,
    vision.MobileNetV1,
    vision.EfficientNetLite0,
    vision.Vit,
    vision.Transfer,
    vision.Head,
    vision.KerasApplication,
    vision.EarlierModel,
    text.LoadTexts,
    text.LoadTextFolder,
    text.LoadTextTfds,
    text.AveragedEmbeddings,
    text.TextCnn,
    text.Lstm,
    text.Gru,
    text.SimpleRnn,
    text.TransformerEncoder,
    text.BalancedHead,
    text.MaskedPretraining,
    text.TfidfTeacher,
    text.AugmentDelete,
    text.AugmentSwap,
    text.AugmentSynonyms,
    text.AugmentMixUpEmbeddings,
    timeseries.LoadSeries,
    timeseries.NLinear,
    timeseries.DLinear,
    timeseries.SeriesMlp,
    timeseries.NBeats,
    timeseries.Tcn,
    timeseries.SeriesLstm,
    timeseries.SeriesGru,
    timeseries.SeriesRnn,
    timeseries.EncoderDecoder,
    timeseries.PatchTransformer,
    timeseries.LoadTsFiles,
    timeseries.LoadSeriesArrays,
    timeseries.LoadSeriesTfds,
    timeseries.SeriesFcn,
    timeseries.SeriesResNet,
    timeseries.InceptionTime,
    timeseries.LstmFcn,
    timeseries.AugmentJitter,
    timeseries.AugmentScaling,
    timeseries.AugmentMagnitudeWarp,
    timeseries.AugmentTimeWarp,
    timeseries.AugmentWindowSlice,
    timeseries.AugmentMixUpSeries,
    timeseries.Autoencoder,
    timeseries.ConvAutoencoder,
    timeseries.LinearAutoencoder,
)


TARGETS = {runtime.word(): runtime() for runtime in RUNTIMES}


def targets_named(words: str) -> tuple:
    """The targets of words with commas between them: "micro,web,mediapipe?". One with a question
    mark is optional: where a net cannot run there, the report gives the reason, and the others are
    written. Raises RecipeError for a word that is none.
    """
    required = {}
    for word in words.split(","):
        name = word.strip().removesuffix("?")
        if name not in TARGETS:
            raise RecipeError(
                f"the target {word.strip()!r}",
                expected=", ".join(TARGETS),
                fix="name some of these, with commas between them; 'micro,web?' where web is "
                "optional",
            )
        required[name] = required.get(name, False) or not word.strip().endswith("?")
    return tuple(replace(TARGETS[name], required=needed) for name, needed in required.items())


def override(recipe: Recipe, *settings: str) -> Recipe:
    """The recipe with knobs turned: override(recipe, "training.epochs=3", "balance=SmoteNC()").
    Raises RecipeError.
    """
    for setting in settings:
        recipe = recipes.override(recipe, setting, SPECS)
    return recipe
