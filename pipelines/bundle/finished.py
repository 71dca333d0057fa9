"""A whole run as work that is done once: its result is the bundle."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..engine.cache import Work, begin, uncached
from ..engine.digest import NotHashableError, digest
from ..engine.task import Task
from ..errors import PipelineError
from ..recipe import Recipe
from ..report.terminal import print_ladder
from ..settings import to_json
from .folder import Bundle, write_bundle


def whole_run(recipe: Recipe, source: object, callbacks: Sequence) -> Work:
    """Returns the work of a whole run.

    Args:
        recipe: the slots in order.
        source: what stands in for the recipe's file, or None.
        callbacks: of Keras, given by the caller; what they do is in no key.
    """
    if callbacks:
        return uncached("bundle", "callbacks of the caller follow the training")
    try:
        task = bundle_task(recipe, source)
    except PipelineError:  # `read` raises it, or what is wrong before
        return Work("bundle")
    except NotHashableError as error:
        return uncached("bundle", f"{error} has no digest")
    return begin(task.stage, task.spec, *task.inputs)


def bundle_task(recipe: Recipe, source: object = None) -> Task:
    """Returns a whole run as a task; its result are the files of the bundle.

    Args:
        recipe: the slots in order.
        source: what stands in for the recipe's file, or None.

    Raises:
        NotHashableError: the source has no digest.
        PipelineError: the source cannot be read.
    """
    content = recipe.load.describe(source)
    return Task("bundle", to_json(recipe), (digest(recipe, content, source),))


def finished_bundle(place: Path, files: Mapping[str, bytes]) -> Bundle:
    """Returns the bundle of an earlier run, written once more if it is not there as it was.

    Args:
        place: saved_models/<name>.
        files: name → content.
    """
    bundle = Bundle(place)
    if not bundle.holds(files):
        write_bundle(place, files)
    print_ladder(bundle.report, place)
    return bundle
