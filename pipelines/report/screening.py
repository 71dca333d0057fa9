"""What is suspicious about the rows of a split, before a model learns from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..rows.duplicates import find_duplicates
from ..rows.parts import Splits
from ..steps.step import Step
from .suspects import Suspect, find_suspects


@dataclass(frozen=True)
class Screening:
    """What is suspicious about the rows of a split.

    Attributes:
        duplicates: kind of duplicate → the number of rows that are in two parts of the split.
        suspects: columns that a model should perhaps not learn from.
    """

    duplicates: dict[str, int]
    suspects: list[Suspect]


def screen_rows(splits: Splits, encode: Sequence[Step] = ()) -> Screening:
    """Looks for rows in two parts of a split and for columns that give the target away.

    Args:
        splits: the parts as the model reads them, windows if the recipe has a frame.
        encode: the steps that encode columns.
    """
    return Screening(find_duplicates(splits), find_suspects(splits, encode))
