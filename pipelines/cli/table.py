"""`table`: a user's own table."""

from dataclasses import dataclass
from typing import Annotated

import typer

from .options import Drop, Group, Kinds, Target
from .own_data import check_one_split, kinds_of, name_of, one_or_all, require_columns
from .own_recipe import OwnDataOptions
from .reading import Read, reading_of


@dataclass(frozen=True, kw_only=True)
class TableOptions(OwnDataOptions):
    """Options of `table`."""

    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A .csv, .csv.gz, .parquet or .jsonl file.",
        ),
    ]
    target: Target = None
    drop: Drop = None
    kind: Kinds = None
    group: Group = None
    time: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", help="The column with the time: the newest rows are held out."
        ),
    ] = ""
    read: Read = None


def learn_table(options: TableOptions) -> None:
    """Predict a column of your own table: classes or a number."""
    from ..rows.split import SplitByTime
    from ..tabular import LoadTable, table_candidates

    reading = reading_of(options.read)
    require_columns({"--target": options.target}, options.file, reading)
    check_one_split(options.group, options.time)
    load = LoadTable(
        options.file,
        one_or_all(options.target),
        kinds=kinds_of(options.kind),
        drop=tuple(options.drop or ()),
        group=tuple(options.group or ()),
        time=options.time,
        reading=reading,
    )
    if options.time:
        split = SplitByTime()
    else:
        split = None
    name = options.name or name_of(options.file)
    options.train_best(table_candidates(load, name=name, split=split))
