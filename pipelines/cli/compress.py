"""`compress`: a trained bundle, made smaller."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .making import making_command
from .options import STOPPED, Bundle, Fresh, RunsOn


@dataclass(frozen=True, kw_only=True)
class CompressOptions:
    """Options of `compress`."""

    bundle: Bundle
    max_bytes: Annotated[int, typer.Option(help="Budget: bytes of the int8 file.")] = 0
    max_arena_bytes: Annotated[
        int, typer.Option(help="Budget: bytes of memory (TFLM's arena).")
    ] = 0
    max_ms: Annotated[
        float, typer.Option(help="Budget: milliseconds a row with LiteRT, on this machine.")
    ] = 0.0
    epochs: Annotated[
        int, typer.Option(help="Epochs of training further; 0: a quarter of the recipe's.")
    ] = 0
    runs_on: RunsOn = ""
    folder: Annotated[
        Path | None,
        typer.Option(help="Where <name>_small is written; by default next to the bundle."),
    ] = None
    fresh: Fresh = False


def compress(options: CompressOptions) -> None:
    """Make a trained model smaller.

    Tries every way, draws score against bytes and time, and writes the one that suits the budget.
    The bundle's data must still be where they were.
    """
    from .. import catalog
    from ..engine.cache import anew
    from ..studies.tradeoff import compress_bundle
    from ..targets.micro.spec import TargetMicro

    budget = TargetMicro(
        max_bytes=options.max_bytes,
        max_arena_bytes=options.max_arena_bytes,
        max_ms=options.max_ms,
    )
    targets = catalog.targets_named(options.runs_on) if options.runs_on else ()
    with making_command(STOPPED), anew(options.fresh):
        compress_bundle(
            options.bundle,
            budget=budget,
            targets=targets,
            epochs=options.epochs,
            into=options.folder,
        )
