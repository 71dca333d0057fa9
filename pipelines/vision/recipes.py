"""Recipes for pictures: Fashion-MNIST, emoji, and the one that any folder of pictures
starts from.
"""

from dataclasses import replace

from ..balance import Generate, WeightByClass
from ..compress import QuantizeAware
from ..recipe import Judge, Recipe, Shipping
from ..rows.split import SplitGiven, SplitGrouped, SplitRandom
from ..sources.prototypes import LoadPrototypes
from ..training.losses import CrossEntropy
from ..training.optimizers import AdamW
from ..training.schedules import Cosine
from ..training.training import Training
from .augment import (
    STANDARD,
    AugmentBrightness,
    AugmentContrast,
    AugmentCrop,
    AugmentFlip,
    AugmentMixUp,
    AugmentRotation,
    AugmentZoom,
)
from .file_loader import MOST_SIDE
from .load import LoadArrays, LoadFolder, LoadPaths
from .mobile import EfficientNetLite0
from .networks import Cnn
from .pretraining import ContrastivePretraining
from .transfer import Transfer

CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
# Where Debian's package dataset-fashion-mnist puts the whole of it.
FASHION_MNIST = "/usr/share/datasets/fashion-mnist"


def picture_recipe(load: LoadFolder | LoadPaths, *, name: str = "my_model") -> Recipe:
    """The recipe for unseen pictures: the parts that the source gives, else
    groups kept whole, else a random split; flips, shifts, rotation and light; a plain net of
    convolutions, which halves the pictures up to four times.
    """
    if load.names_parts():
        how = SplitGiven()
    elif load.has_groups():
        how = SplitGrouped()
    else:
        how = SplitRandom()
    judge = Judge(deciding="accuracy", threshold="accuracy")
    if load.has_label_sets():
        judge = Judge()
    return Recipe(
        name=name,
        load=load,
        split=how,
        augment=STANDARD,
        build=Cnn(widths=(16, 32, 48, 64, 96), pool_after=_halved_after(load), dropout=0.2),
        training=Training(
            epochs=40, batch_size=32, optimizer=AdamW(learning_rate=2e-3), schedule=Cosine()
        ),
        judge=judge,
        about="Separates classes of pictures.",
    )


def _halved_after(load):
    """Returns after which convolutions the map is halved: a side of three is left."""
    side = min(load.height or MOST_SIDE, load.width or MOST_SIDE)
    return tuple(place for place in range(4) if side >= 3 * 2 ** (place + 1))


FASHION = Recipe(
    name="fashion_cnn",
    about="Fashion-MNIST, a slice of 6,000 training and 2,000 test pictures of ten kinds of "
    "clothes. `make vision`.",
    load=LoadArrays("data/fashion_mnist_8k.npz", classes=CLOTHES),
    split=SplitGiven(valid=0.1, seed=0),
    augment=(AugmentFlip(), AugmentCrop(pixels=2)),
    build=Cnn(widths=(16, 32, 32, 64), pool_after=(0, 2), dropout=0.2),
    training=Training(
        epochs=20, batch_size=64, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
    ),
    judge=Judge(deciding="accuracy", threshold="accuracy"),
)

FASHION_PROTOTYPES = replace(
    FASHION,
    name="fashion_prototypes",
    about="Six of the ten kinds of clothes by an embedding, whose nearest class mean answers; the "
    "other four are learned from a few examples each, on the device (`adapt`).",
    # The four that are left out are a shoe, a bag, a garment for legs and one like three others.
    load=LoadPrototypes(
        FASHION.load,
        classes=("T-shirt/top", "pullover", "dress", "shirt", "sandal", "ankle boot"),
    ),
    judge=Judge(deciding="accuracy", beside=False),
)

FASHION_FEW_LABELS = replace(
    FASHION,
    name="fashion_few_labels",
    about="The same slice of Fashion-MNIST in 14 × 14 pixels, with one label in a hundred: the net "
    "learns from 5,700 pictures which two altered forms come of one, then from 57 what they show.",
    load=replace(FASHION.load, height=14, width=14),
    split=SplitGiven(valid=0.05, seed=0, labelled=0.01),
    augment=(AugmentFlip(), AugmentCrop(pixels=1)),
    build=ContrastivePretraining(
        net=Cnn(widths=(16, 32, 32, 64), pool_after=(0, 1), dropout=0.2),
        epochs=40,
        learning_rate=3e-3,
    ),
    # The 300 labels of the validation rows are five in six of all there are.
    training=replace(
        FASHION.training, epochs=60, batch_size=8, optimizer=AdamW(learning_rate=1e-3), refit=True
    ),
    judge=replace(FASHION.judge, threshold="none", beside=False),
)

FASHION_100KB = Recipe(
    name="fashion_100kb",
    about="The whole of Fashion-MNIST (Debian's package dataset-fashion-mnist), official "
    "split, in at most 100 kB.",
    load=LoadArrays(FASHION_MNIST, classes=CLOTHES),
    split=SplitGiven(valid=0.03, seed=0),
    augment=(AugmentFlip(), AugmentCrop(pixels=2)),
    build=Cnn(widths=(16, 40, 40, 64, 64), pool_after=(0, 2), residual=True),
    training=Training(
        epochs=32, batch_size=128, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
    ),
    judge=Judge(
        deciding="accuracy",
        threshold="accuracy",
        tolerance=0.003,
        beside=False,
    ),
)

FASHION_30KB = replace(
    FASHION_100KB,
    name="fashion_30kb",
    build=Cnn(widths=(12, 20, 20, 28, 28), pool_after=(0, 2), residual=True),
    training=replace(FASHION_100KB.training, epochs=16),
    about="The whole of Fashion-MNIST, official split, in at most 30 kB.",
)

EMOJI = Recipe(
    name="emoji_cnn",
    about="Noto emoji of 32 × 32 pixels: which of nine groups? A net from scratch. `make vision`.",
    load=LoadArrays("data/emoji_32.npz"),
    split=SplitRandom(test=0.2, valid=0.15, seed=0),
    augment=STANDARD,
    # ReLU6: no rare large activation widens the steps of int8, whose agreement with float is .984
    # (ReLU: .963).
    build=Cnn(
        widths=(32, 48, 64, 96),
        pool_after=(0, 1, 2),
        dropout=0.3,
        activation="relu6",
    ),
    training=Training(
        epochs=50, batch_size=32, optimizer=AdamW(learning_rate=2e-3), schedule=Cosine()
    ),
    # Of validation rows, int8 loses .005 of macro-F1 without it, and nothing with it.
    shipping=Shipping(compress=(QuantizeAware(epochs=3),)),
    judge=Judge(deciding="macro_f1", beside=False),
)

EMOJI_GENERATED = replace(
    EMOJI,
    name="emoji_generated",
    about="The same emoji in 16 × 16 pixels, rows of the rarer groups drawn by a variational "
    "autoencoder until all groups are as frequent as the most frequent.",
    load=replace(EMOJI.load, height=16, width=16),
    balance=Generate(),
    build=Cnn(widths=(16, 32, 48), pool_after=(0, 1), dropout=0.3, activation="relu6"),
    training=replace(EMOJI.training, epochs=25),
)

EMOJI_LITE0 = Recipe(
    name="emoji_lite0",
    about="The same emoji, enlarged, by a net that knows ImageNet: EfficientNet-Lite0 with a "
    "new head, fine-tuned.",
    load=LoadArrays("data/emoji_32.npz", height=128, width=128),
    split=SplitRandom(test=0.2, valid=0.1, seed=0),
    augment=(
        AugmentFlip(),
        AugmentCrop(pixels=8, reflect=True),
        AugmentRotation(degrees=12),
        AugmentZoom(share=0.12),
        AugmentBrightness(),
        AugmentContrast(),
        AugmentMixUp(alpha=0.2),
    ),
    build=Transfer(EfficientNetLite0(weights="imagenet"), mirrored=True),
    balance=WeightByClass(strength=0.5),
    training=Training(
        epochs=24,
        batch_size=32,
        optimizer=AdamW(learning_rate=3e-4),
        schedule=Cosine(),
        loss=CrossEntropy(label_smoothing=0.05),
    ),
    judge=Judge(deciding="macro_f1", beside=False),
)
