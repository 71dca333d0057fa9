"""`export`: a user's own Keras model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .making import making_command
from .options import STOPPED, Folder, Fresh, Name, RunsOn
from .own_data import name_of


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Options of `export`."""

    model: Annotated[Path, typer.Argument(help="A .keras file of built-in layers.")]
    rows: Annotated[
        Path,
        typer.Option(
            help="Rows as model.predict takes them: .npy, or .npz with an array for each input by "
            "name. One half sets the int8 ranges, the other compares the forms."
        ),
    ]
    runs_on: RunsOn = "litert,micro,c"
    labels: Annotated[
        str,
        typer.Option(help="Of a classifier: its classes in the order of its outputs: cat,dog."),
    ] = ""
    name: Name = ""
    seed: Annotated[int, typer.Option(help="Draws the rows that set the int8 ranges.")] = 0
    folder: Folder = Path("saved_models")
    fresh: Fresh = False


def export(options: ExportOptions) -> None:
    """Make an int8 bundle of your own Keras model."""
    from ..catalog import targets_named
    from ..engine.cache import anew
    from ..own_model.export import export_model
    from ..report.terminal import print_ladder

    with making_command(STOPPED), anew(options.fresh):
        bundle = export_model(
            options.model,
            options.rows,
            name=options.name or name_of(options.model),
            targets=targets_named(options.runs_on),
            folder=options.folder,
            labels=_listed(options.labels),
            seed=options.seed,
        )
        print_ladder(bundle.report, bundle.folder)


def _listed(text):
    parts = (part.strip() for part in text.split(","))
    return tuple(part for part in parts if part)
