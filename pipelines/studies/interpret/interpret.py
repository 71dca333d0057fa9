"""Reading the model of a bundle in every way that its modality and its net allow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...bundle.folder import Bundle, as_json, write_bundle
from ...report.write import to_plain
from .attention import read_attention
from .attribution import read_attribution
from .dependence import read_dependence
from .grad_cam import read_grad_cam
from .groups import check_column, read_groups
from .occlusion import read_occlusion
from .opened import OpenedBundle, open_bundle
from .page import page
from .permutation import read_importance
from .probabilities import read_calibration
from .reading import NotRead, Reading
from .sets import read_coverage
from .slices import read_slices
from .surrogate import read_surrogate

PAGE = "interpretation.html"
NUMBERS = "interpretation.json"
_WAYS: tuple[Callable[[OpenedBundle], Reading | NotRead], ...] = (
    read_importance,
    read_slices,
    read_dependence,
    read_surrogate,
    read_occlusion,
    read_attribution,
    read_attention,
    read_grad_cam,
    read_calibration,
    read_coverage,
)


@dataclass(frozen=True)
class Interpretation:
    """A model as it was read.

    Attributes:
        name: Of the bundle.
        model: Which form answered, and which rows, in words.
        readings: What was looked at, in order.
        not_read: What this model or these rows cannot have, with the reason.
        place: The page that shows it.
    """

    name: str
    model: str
    readings: tuple[Reading, ...]
    not_read: tuple[NotRead, ...]
    place: Path


def interpret(
    folder: str | Path,
    source: object = None,
    *,
    by: Sequence[str] = (),
    part: str = "test",
) -> Interpretation:
    """Reads the model of a bundle, and writes interpretation.html into its folder.

    The rows are read and split again, and must be those that the bundle was judged on. Who chooses
    by what they find looks at validation rows: test rows are then still unseen.

    Args:
        folder: Of the bundle.
        source: Stands in for the recipe's file, as `run.run` had it.
        by: Columns whose groups are compared.
        part: The rows to look at: "test" or "valid".

    Raises:
        BundleError: The rows are others now, or the bundle has no recipe.
        PipelineError: The bundle or its source cannot be read.
        RecipeError: The rows have no column of `by`.
    """
    opened = open_bundle(folder, source, part=part)
    for column in by:
        check_column(opened, column)
    found = [way(opened) for way in _WAYS]
    found += [read_groups(opened, column) for column in by]
    result = Interpretation(
        opened.recipe.name,
        _model_words(opened),
        tuple(each for each in found if isinstance(each, Reading)),
        tuple(each for each in found if isinstance(each, NotRead)),
        opened.folder / PAGE,
    )
    _write(opened, result)
    return result


def _model_words(opened):
    return (
        f"{opened.recipe.name}: the int8 file on {len(opened.rows):,} raw {opened.part} rows; "
        f"split {opened.recipe.split!r}, training seed {opened.seed}"
    )


def _write(opened, result):
    """Adds the page and its numbers to the bundle, which is replaced as a whole."""
    numbers = {each.title: each.values for each in result.readings}
    files = {
        **Bundle(opened.folder).files(),
        PAGE: page(result),
        NUMBERS: as_json(to_plain(numbers)),
    }
    write_bundle(opened.folder, files)
