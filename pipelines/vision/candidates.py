"""What pictures of one's own may start from."""

from dataclasses import replace

from ..recipe import Candidate
from .load import LoadFolder, LoadPaths
from .recipes import picture_recipe


def picture_candidates(
    load: LoadFolder | LoadPaths, *, name: str = "my_model"
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for pictures, the usual one first."""
    usual = picture_recipe(load, name=name).refitted()
    plain = replace(usual, augment=())
    return (
        Candidate("convolutions, augmented pictures", usual),
        Candidate("convolutions, pictures as they are", plain),
    )
