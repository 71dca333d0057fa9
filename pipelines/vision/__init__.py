"""Pictures: a folder of classes, arrays, a table of paths or a prepared data set to a verified int8
model.

Example:
    from pipelines import run, vision
    bundle = run(vision.picture_recipe(vision.LoadFolder("photos"), name="parts"))
"""

from .augment import (
    STANDARD,
    AugmentBrightness,
    AugmentContrast,
    AugmentCrop,
    AugmentCutMix,
    AugmentErasing,
    AugmentFlip,
    AugmentHue,
    AugmentMixUp,
    AugmentNoise,
    AugmentRand,
    AugmentRotation,
    AugmentTranslation,
    AugmentZoom,
)
from .candidates import picture_candidates
from .load import LoadArrays, LoadFolder, LoadPaths
from .load_tfds import LoadTfds
from .mobile import EfficientNetLite0, MobileNetV1
from .networks import Cnn, DsCnn, ResNet8, Vit
from .pretraining import ContrastivePretraining
from .recipes import (
    EMOJI,
    EMOJI_GENERATED,
    EMOJI_LITE0,
    FASHION,
    FASHION_30KB,
    FASHION_100KB,
    FASHION_FEW_LABELS,
    FASHION_PROTOTYPES,
    picture_recipe,
)
from .transfer import EarlierModel, Head, KerasApplication, Transfer

__all__ = [
    "picture_candidates",
    "LoadArrays",
    "LoadFolder",
    "LoadPaths",
    "LoadTfds",
    "STANDARD",
    "AugmentFlip",
    "AugmentRotation",
    "AugmentTranslation",
    "AugmentZoom",
    "AugmentCrop",
    "AugmentBrightness",
    "AugmentContrast",
    "AugmentHue",
    "AugmentNoise",
    "AugmentErasing",
    "AugmentRand",
    "AugmentMixUp",
    "AugmentCutMix",
    "Cnn",
    "ResNet8",
    "DsCnn",
    "MobileNetV1",
    "EfficientNetLite0",
    "Vit",
    "ContrastivePretraining",
    "Transfer",
    "Head",
    "EarlierModel",
    "KerasApplication",
    "picture_recipe",
    "FASHION",
    "FASHION_100KB",
    "FASHION_30KB",
    "FASHION_PROTOTYPES",
    "FASHION_FEW_LABELS",
    "EMOJI",
    "EMOJI_GENERATED",
    "EMOJI_LITE0",
]
