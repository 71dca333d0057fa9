"""`images`: a user's own pictures."""

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import RecipeError
from .options import Target
from .own_data import name_of, one_or_all, pattern_of, refuse_options, require_columns
from .own_recipe import OwnDataOptions
from .reading import Read, reading_of

if TYPE_CHECKING:
    from ..vision import LoadFolder, LoadPaths


@dataclass(frozen=True, kw_only=True)
class ImagesOptions(OwnDataOptions):
    """Options of `images`."""

    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="A folder with a folder for each class; or a table (.csv, .csv.gz, .parquet, "
            ".jsonl) with a column of the pictures' paths.",
        ),
    ]
    target: Target = None
    path_column: Annotated[
        str, typer.Option(metavar="COLUMN", help="Of a table: the column with the paths.")
    ] = ""
    group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help=r"Keep files together whose names agree in this regular expression: "
            r"'patient(\d+)'; of a table, rows with the same value of this column.",
        ),
    ] = None
    read: Read = None


def learn_images(options: ImagesOptions) -> None:
    """Classify your own pictures."""
    from ..vision import picture_candidates
    from ..vision.file_loader import has_long_tail

    if options.source.lower().endswith(".npz"):
        load = f'load=LoadArrays(source="{options.source}")'
        raise RecipeError(
            f"the arrays {options.source}",
            expected="a folder with a folder for each class, or a table with a column of paths",
            fix=f"python -m pipelines run fashion_cnn --set {shlex.quote(load)} --set "
            "'split=SplitRandom()' --name my_pictures",
        )
    if os.path.isfile(options.source):
        load = _of_table(options)
    else:
        load = _of_folder(options)
    load = options.turned_load(load)
    root, found = load.found()
    candidates = picture_candidates(
        load.sized(root, found.names),
        name=options.name or name_of(options.source),
        has_long_tail=not load.has_label_sets() and has_long_tail(found),
    )
    options.train_best(candidates, are_slow=True)


def _of_folder(options: ImagesOptions) -> "LoadFolder":
    from ..vision import LoadFolder

    refuse_options(
        {"--target": options.target, "--path-column": options.path_column},
        why="a folder",
        fix="leave it out: the folders in it name the classes",
    )
    reading = reading_of(options.read, marks=("spelling",))
    group = pattern_of(options.group, options.source)
    return LoadFolder(options.source, height=0, width=0, group=group, spelling=reading.spelling)


def _of_table(options: ImagesOptions) -> "LoadPaths":
    from ..vision import LoadPaths

    reading = reading_of(options.read)
    needed = {"--target": options.target, "--path-column": options.path_column}
    require_columns(needed, options.source, reading)
    return LoadPaths(
        options.source,
        one_or_all(options.target),
        path=options.path_column,
        height=0,
        width=0,
        group=tuple(options.group or ()),
        reading=reading,
    )
