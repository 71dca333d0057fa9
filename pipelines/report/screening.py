"""What is suspicious about the rows of a split, before a model learns from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..rows.duplicates import find_duplicates
from ..rows.parts import Splits
from ..steps.step import Step
from .doubtful_rows import DoubtfulRows, OutsideAnswers, find_doubtful_rows
from .near_pictures import find_near_pictures
from .shifts import find_shifts
from .suspect import Suspect
from .suspects import find_suspects


@dataclass(frozen=True)
class Screening:
    """What is suspicious about the rows of a split.

    Attributes:
        duplicates: kind of duplicate → the number of rows that are in two parts of the split.
        suspects: columns that a model should perhaps not learn from.
        doubtful_rows: training rows to look at, and pictures that are nearly one of another part.
    """

    duplicates: dict[str, int]
    suspects: list[Suspect]
    doubtful_rows: list[DoubtfulRows]


def screen_rows(
    splits: Splits, encode: Sequence[Step] = (), *, answers: OutsideAnswers | None = None
) -> Screening:
    """Looks for rows in two parts of a split, for columns that give the target away and for
    training rows that are likely wrong.

    Args:
        splits: the parts as the model reads them, windows if the recipe has a frame.
        encode: the steps that encode columns.
        answers: of a plain model to training rows that it did not learn from.
    """
    return Screening(
        find_duplicates(splits),
        [*find_suspects(splits, encode), *find_shifts(splits)],
        [*find_doubtful_rows(splits.train, answers), *find_near_pictures(splits)],
    )
