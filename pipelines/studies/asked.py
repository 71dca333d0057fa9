"""Candidates whose untrained network the targets refuse are left out before a fold is trained."""

from collections.abc import Sequence

from ..engine.notice import print_notice
from ..errors import PipelineError
from ..recipe import Candidate, Recipe
from ..rows.parts import SourceData
from ..rows.split import split as split_rows
from ..run import read, settle
from ..targets.rehearse import needs_rehearsal, rehearse
from ..training.inputs import fit_inputs


def without_refused(candidates: Sequence[Candidate], data: SourceData) -> list[Candidate]:
    """Returns the candidates that no target refuses before they are trained, and names the others.

    Nothing is asked where the targets have no budget and run every network.

    Args:
        candidates: the usual one first.
        data: what `run.read` returned for the usual one.

    Raises:
        PipelineError: none is left; the error of the usual one.
    """
    usual = candidates[0].recipe
    left = []
    errors = []
    for candidate in candidates:
        recipe = candidate.recipe
        if not needs_rehearsal(recipe):
            left.append(candidate)
            continue
        try:
            # One that reads the source in another way, such as larger pictures, reads it again.
            _ask(recipe, data if recipe.load == usual.load else read(recipe))
        except PipelineError as error:
            errors.append(error)
            print_notice(f"{candidate.words}: left out before training: {error.received}")
        else:
            left.append(candidate)
    if not left:
        raise errors[0]
    if errors and len(left) == 1:
        print_notice(f"{left[0].words}: the one that is left; it is taken without folds")
    return left


def _ask(recipe: Recipe, data: SourceData) -> None:
    """Asks the targets of a recipe about its untrained network. Raises PipelineError if one refuses
    it.
    """
    splits = split_rows(data.dataset, recipe.split)
    if recipe.frame is not None:
        splits = recipe.frame.cut(splits)
    recipe = settle(recipe, splits.train.schema)
    rehearse(recipe, fit_inputs(recipe, splits.train, splits.valid))
