"""`table`: a user's own table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Drop, Group, Kinds, RunOptions, Target
from .own_data import check_one_split, kinds_of, name_of, one_or_all, require_columns
from .own_recipe import OwnDataOptions
from .reading import Read, reading_of

if TYPE_CHECKING:
    from ..recipe import Candidate


@dataclass(frozen=True, kw_only=True)
class ColumnOptions(RunOptions):
    """What the columns of a user's own table are.

    Attributes:
        target: the columns to predict.
        drop: columns to leave out.
        kind: kinds of columns, as COLUMN=KIND.
        group: columns whose equal values stay in one part of the split.
        time: the column with the time, "" for none.
        read: how text is read, as MARK=VALUE.
    """

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

    def candidates(self, file: str, name: str) -> "tuple[Candidate, ...]":
        """Returns the recipes that the table may start from, the usual one first.

        Args:
            file: the table.
            name: of the bundle; "" for that of the file.
        """
        from ..rows.split import SplitByTime
        from ..tabular import LoadTable, table_candidates

        reading = reading_of(self.read)
        require_columns({"--target": self.target}, file, reading)
        check_one_split(self.group, self.time)
        load = LoadTable(
            file,
            one_or_all(self.target),
            kinds=kinds_of(self.kind),
            drop=tuple(self.drop or ()),
            group=tuple(self.group or ()),
            time=self.time,
            reading=reading,
        )
        load = self.turned_load(load)
        split = None
        if self.time:
            split = SplitByTime()
        return table_candidates(load, name=name or name_of(file), split=split)


@dataclass(frozen=True, kw_only=True)
class TableOptions(ColumnOptions, OwnDataOptions):
    """Options of `table`."""

    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A .csv, .csv.gz, .parquet, .jsonl or .tfrecord file; or a folder of such files, "
            "or a URL of either, of any size.",
        ),
    ]


def learn_table(options: TableOptions) -> None:
    """Predict a column of your own table: classes or a number."""
    options.train_best(options.candidates(options.file, options.name))
