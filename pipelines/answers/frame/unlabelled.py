"""Pictures without labels, and a net that learns from them first."""

from dataclasses import replace

import numpy as np

from ...rows.parts import UnlabelledRows
from ...slots import Network
from ...vision import AugmentContrast, AugmentFlip, AugmentTranslation, ContrastivePretraining
from .rows import NetRows

VIEWS = (
    AugmentFlip(),
    AugmentTranslation(share=0.2),
    AugmentContrast(share=0.4),
)
NUM_REPEATS = 4


def contrastive(net: Network) -> ContrastivePretraining:
    """Returns the net with contrastive pretraining, for as long as an answer has time.

    Args:
        net: for pictures.
    """
    return ContrastivePretraining(
        net=net,
        views=VIEWS,
        epochs=5,
        learning_rate=3e-3,
    )


def with_unlabelled(few: NetRows, more: NetRows) -> NetRows:
    """Returns the first rows, four times in each epoch, with the others without their labels.

    Args:
        few: whose labels are learned from.
        more: whose labels are not.
    """
    places = np.tile(np.arange(len(few.train)), NUM_REPEATS)
    unlabelled = UnlabelledRows(more.train.x)
    train = few.train.take(places)
    return replace(
        few,
        train=replace(train, unlabelled=unlabelled),
    )
