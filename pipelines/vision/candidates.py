"""What pictures of one's own may start from."""

from dataclasses import replace

from ..balance import SampleByClass
from ..recipe import Candidate, Judge
from .load import LoadFolder, LoadPaths
from .mobile import EfficientNetLite0
from .recipes import picture_recipe
from .transfer import Transfer

# Of a side that a net of ImageNet's pictures can read: half of theirs, a quarter of the time.
PRETRAINED_SIDE = 128


def picture_candidates(
    load: LoadFolder | LoadPaths, *, name: str = "my_model", has_long_tail: bool = False
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for pictures, the usual one first.

    Args:
        load: The pictures.
        name: Of the bundle.
        has_long_tail: Whether a class is rare: then macro-F1 decides, and one more recipe draws
            rare classes more often.
    """
    usual = picture_recipe(load, name=name).refitted()
    if has_long_tail:
        usual = replace(usual, judge=Judge(deciding="macro_f1"))
    plain = replace(usual, augment=())
    candidates = [
        Candidate("convolutions, augmented pictures", usual),
        Candidate("convolutions, pictures as they are", plain),
    ]
    if has_long_tail:
        even = replace(usual, balance=SampleByClass(strength=0.5))
        candidates.append(Candidate("convolutions, rare classes drawn more often", even))
    candidates.append(Candidate("a net that knows ImageNet, a new head", _pretrained(usual)))
    return tuple(candidates)


def _pretrained(usual):
    """Returns a recipe with a new head on a net that knows ImageNet, whose features are computed
    once. Its `check` fails where the weights are not installed.
    """
    net = Transfer(EfficientNetLite0(weights="imagenet"), fine_tune_layers=0)
    return replace(
        usual,
        load=replace(usual.load, height=PRETRAINED_SIDE, width=PRETRAINED_SIDE, channels=3),
        augment=(),
        build=net,
        training=replace(usual.training, epochs=1),
        # A second such net for the report would take a third of the time.
        judge=replace(usual.judge, beside=False),
    )
