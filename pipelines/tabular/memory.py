"""How a table is held while a model learns from it: as a whole, or read part by part."""

from dataclasses import dataclass

from ..errors import LoadError
from ..rows.stream import SampleSizes
from ..sources.parts import TableParts
from ..spec import Spec, knob

AUTO, WHOLE, STREAMED = WAYS = ("auto", "whole", "streamed")


@dataclass(frozen=True)
class Memory(Spec):
    """How much of a table in parts stands in memory.

    Attributes:
        way: "whole" holds all rows; "streamed" reads them again each epoch, and holds samples;
            "auto" streams a table of more than `limit`.
        limit: The largest table that "auto" holds as a whole: of Parquet rows times columns, 8
            bytes each; of CSV and JSON lines the bytes of the text.
        train_rows: Training rows in memory when streamed, of which quantiles are computed and int8
            is calibrated.
        held_out_rows: Validation rows, and test rows, in memory when streamed.
        buffer_rows: Training rows that are shuffled together when streamed.
    """

    way: str = AUTO
    limit: int = knob(512, 1, 2**20, unit="MiB")
    train_rows: int = knob(100_000, 1000, 2**31 - 1, unit="rows")
    held_out_rows: int = knob(20_000, 100, 2**31 - 1, unit="rows")
    buffer_rows: int = knob(131_072, 1024, 2**31 - 1, unit="rows")

    def check(self) -> None:
        """Raises LoadError for an unknown way."""
        if self.way not in WAYS:
            raise LoadError(
                f"load.memory.way={self.way!r}",
                expected=", ".join(WAYS),
                fix="--set load.memory.way=auto",
            )

    def streams(self, table: TableParts) -> bool:
        """Tests whether a table is streamed."""
        return self.may_stream(table.num_bytes)

    def may_stream(self, num_bytes: int) -> bool:
        """Tests whether a table of so many bytes is streamed."""
        if self.way == AUTO:
            return num_bytes > self.limit * 2**20
        return self.way == STREAMED

    def sizes(self) -> SampleSizes:
        """Returns how many rows stand in memory when streamed."""
        return SampleSizes(self.train_rows, self.held_out_rows, self.buffer_rows)


def way_in_words(table: TableParts, *, is_streamed: bool) -> str:
    """Returns how large a table is, and how it is held."""
    kind = "text" if table.text_bytes else "arrays"
    size = f"{table.num_rows:,} rows, {_bytes_in_words(table.num_bytes)} as {kind}"
    if not is_streamed:
        return f"{size}: held in memory as a whole (load.memory)"
    files = "1 file"
    if table.num_files > 1:
        files = f"{table.num_files:,} files"
    parts = "1 part"
    if len(table.parts) > 1:
        parts = f"{len(table.parts):,} parts"
    return f"{size}: streamed from {parts} in {files} (load.memory)"


def _bytes_in_words(num_bytes):
    if num_bytes >= 1e9:
        return f"{num_bytes / 1e9:.1f} GB"
    return f"{num_bytes / 1e6:.0f} MB"
