"""`text`: a user's own texts."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Target
from .own_data import name_of, one_or_all, pattern_of, refuse_options, require_columns
from .own_recipe import OwnDataOptions
from .reading import Read, reading_of

if TYPE_CHECKING:
    from ..text import LoadTextFolder, LoadTexts


@dataclass(frozen=True, kw_only=True)
class TextOptions(OwnDataOptions):
    """Options of `text`."""

    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A .csv, .csv.gz, .parquet or .jsonl file; or a folder with a folder of .txt "
            "files for each class.",
        ),
    ]
    text_column: Annotated[
        str, typer.Option(metavar="COLUMN", help="Of a table: the column with the texts.")
    ] = ""
    target: Target = None
    group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help=r"Keep rows with the same value of this column in one part of the split; of a "
            r"folder, files whose names agree in this regular expression: 'patient(\d+)'.",
        ),
    ] = None
    read: Read = None


def learn_text(options: TextOptions) -> None:
    """Classify your own texts."""
    from ..text import text_candidates

    if os.path.isdir(options.source):
        load = _of_folder(options)
    else:
        load = _of_table(options)
    name = options.name or name_of(options.source)
    options.train_best(text_candidates(options.turned_load(load), name=name))


def _of_folder(options: TextOptions) -> "LoadTextFolder":
    from ..text import LoadTextFolder

    refuse_options(
        {"--target": options.target, "--text-column": options.text_column},
        why="a folder",
        fix="leave it out: the folders in it name the classes",
    )
    reading = reading_of(options.read, marks=("encoding", "spelling"))
    return LoadTextFolder(
        options.source,
        encoding=reading.encoding,
        group=pattern_of(options.group, options.source),
        spelling=reading.spelling,
    )


def _of_table(options: TextOptions) -> "LoadTexts":
    from ..text import LoadTexts

    reading = reading_of(options.read)
    needed = {"--text-column": options.text_column, "--target": options.target}
    require_columns(needed, options.source, reading)
    return LoadTexts(
        options.source,
        options.text_column,
        one_or_all(options.target),
        group=tuple(options.group or ()),
        reading=reading,
    )
