"""The few numeric primitives that every fitted step becomes, a family a file.

The generated C (`targets/c/primitives.py`) and the web page (`page/primitives.js`) know each of
PRIMITIVES too.
"""

from dataclasses import asdict

from ..typed import read_typed
from .categories import Lookup, Onehot, Table
from .dates import DATE_PARTS, FIRST_YEAR, DatePart
from .dense_fill import DenseFill
from .gaussian_draw import GaussianDraw
from .numbers import Affine, Bins, Clip, Fill, FillPrevious, Missing, missing_mask
from .packs import Pack
from .primitive import Columns, PackingPrimitive, Primitive
from .row_fills import DrawFill, LinearFill, NeighborFill, RowFill
from .series import FillSteps, OwnScale, PackSteps, SeasonMean, SinceSeen, StepIds
from .texts import Bigrams, Characters, Subwords, Words
from .token_pairs import DistinctIds, KnownPairs

PRIMITIVES: tuple[type[Primitive], ...] = (
    Fill,
    FillPrevious,
    LinearFill,
    NeighborFill,
    DrawFill,
    DenseFill,
    GaussianDraw,
    Missing,
    Affine,
    Clip,
    Bins,
    Lookup,
    Onehot,
    Table,
    DatePart,
    Words,
    Characters,
    Subwords,
    Bigrams,
    KnownPairs,
    DistinctIds,
    FillSteps,
    SinceSeen,
    OwnScale,
    SeasonMean,
    StepIds,
    Pack,
    PackSteps,
)
_BY_NAME = {primitive.__name__: primitive for primitive in PRIMITIVES}

__all__ = [
    "Affine",
    "Bigrams",
    "Bins",
    "Characters",
    "Clip",
    "Columns",
    "DATE_PARTS",
    "FIRST_YEAR",
    "DatePart",
    "DistinctIds",
    "DenseFill",
    "DrawFill",
    "Fill",
    "FillPrevious",
    "FillSteps",
    "GaussianDraw",
    "KnownPairs",
    "LinearFill",
    "Lookup",
    "Missing",
    "NeighborFill",
    "Onehot",
    "OwnScale",
    "PRIMITIVES",
    "Pack",
    "PackSteps",
    "PackingPrimitive",
    "Primitive",
    "RowFill",
    "SeasonMean",
    "SinceSeen",
    "StepIds",
    "Subwords",
    "Table",
    "Words",
    "missing_mask",
    "at_draw",
    "num_draws",
    "primitive_from_json",
    "primitive_to_json",
    "read_other_rows",
    "run_primitives",
]


def run_primitives(primitives: tuple[Primitive, ...], columns: Columns) -> Columns:
    """Runs every primitive in turn; the given mapping and its arrays stay as they were."""
    columns = dict(columns)
    for primitive in primitives:
        primitive.run(columns)
    return columns


def read_other_rows(primitives: tuple[Primitive, ...]) -> bool:
    """Returns whether rows must be prepared together, as one of them depends on others."""
    return any(primitive.reads_other_rows() for primitive in primitives)


def num_draws(primitives: tuple[Primitive, ...]) -> int:
    """Returns how many rows a runner makes of one; 1 if nothing is drawn."""
    return max((primitive.draws() for primitive in primitives), default=1)


def at_draw(primitives: tuple[Primitive, ...], draw: int) -> tuple[Primitive, ...]:
    """Returns the primitives that make the row of that number, from 0."""
    return tuple(primitive.at_draw(draw) for primitive in primitives)


def primitive_to_json(primitive: Primitive) -> dict:
    """Returns a primitive as plain JSON values; every float is a float32 written out whole."""
    return {"primitive": type(primitive).__name__, **asdict(primitive)}


def primitive_from_json(values: dict) -> Primitive:
    """Reads what `primitive_to_json` gave.

    Raises:
        KeyError, TypeError, ValueError: Anything else.
    """
    values = dict(values)
    return read_typed(_BY_NAME[values.pop("primitive")], values)
