"""Columns that a model should perhaps not learn from: row numbers, ids, give-aways, and columns
that hardly differ.

Each is named with what to type, before training and in the report; none is left out. Training rows
alone are looked at, and of many rows a part, so that it takes about the same time however many
there are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..device.cells import shorten
from ..rows.parts import Splits
from ..steps.step import Step
from .single_column import MAX_ROWS, score_columns

# One value in at least this share of the rows: nearly constant.
MOSTLY_THE_SAME = 0.995
# A column alone that scores at least this gives the target away.
GIVES_AWAY = 0.98
# Values that differ in at least this share of the rows are ids, where they are whole numbers or
# words.
NEARLY_DISTINCT = 0.99
# Fewer rows are no evidence of an order, fewer values none of an id.
MIN_ROWS = 10
MIN_VALUES = 10
# So many equal pairs are expected among whole numbers drawn from a range before their absence is
# evidence of an id.
MIN_EXPECTED_PAIRS = 5
# Ids that repeat have at most so many rows each on average.
MAX_ROWS_OF_ID = 50
# Of more categories than these, those with fewer rows each than these are hardly learned; so are
# very many.
MANY_CATEGORIES = 50
MIN_ROWS_OF_CATEGORY = 20
VERY_MANY_CATEGORIES = 500
_ID_WORDS = frozenset(
    {"id", "ids", "uuid", "guid", "identifier", "index", "idx", "rowid", "rownum", "rownumber"}
)
_ID_ENDING = re.compile(
    r"(patient|subject|person|participant|user|customer|client|member|employee|student|case|record|"
    r"sample|visit|event|session|device|account|order|transaction|item|product|image|file)ids?"
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True)
class Suspect:
    """A column, why it may mislead, in words, and what to type about it."""

    column: str
    reason: str
    fix: str


def find_suspects(splits: Splits, encode: Sequence[Step] = ()) -> list[Suspect]:
    """Finds the columns to name, the worst first. Of windows, the steps that they were cut from are
    looked at.

    Args:
        splits: of which the training rows are read.
        encode: the steps that will turn columns into inputs.
    """
    if splits.steps is not None:
        columns = {name: x for name, x in splits.steps.train.x.items() if x.ndim == 1}
        found = [
            _nearly_constant(name, x) or _flattened(name, x, encode) for name, x in columns.items()
        ]
        return [suspect for suspect in found if suspect]
    train = splits.train
    columns = {name: x for name, x in train.x.items() if x.ndim == 1 and x.dtype.kind in "fMO"}
    if not columns or len(train) < MIN_ROWS:
        return []
    found = _give_aways(train, columns)
    order = np.argsort(train.ids, kind="stable")[:MAX_ROWS]
    for name, x in columns.items():
        found.append(
            _row_order(name, x[order], train)
            or _id(name, x[order], train)
            or _nearly_constant(name, x)
            or _flattened(name, x, encode)
        )
    return _merged([suspect for suspect in found if suspect])


def _merged(suspects):
    """One line a column."""
    lines: dict[str, Suspect] = {}
    for each in suspects:
        before = lines.get(each.column)
        if before is None:
            lines[each.column] = each
        else:
            lines[each.column] = Suspect(
                each.column, f"{before.reason}; {each.reason}", max(before.fix, each.fix, key=len)
            )
    return list(lines.values())


def _drop(name):
    return f"--drop {quoted(name)}"


def quoted(name: str) -> str:
    """A name as it is typed in a shell."""
    return "'" + name.replace("'", "'\\''") + "'"


def _give_aways(train, columns):
    if len(columns) < 2:
        return []
    scores = score_columns(train)
    named = sorted(
        ((measure, name) for name, measure in scores.items() if measure.value >= GIVES_AWAY),
        key=lambda each: -each[0].value,
    )
    return [
        Suspect(
            name,
            f"alone nearly gives the target away ({measure.name} {measure.value:.3f} "
            "on training rows): right only if it is known before the answer",
            _drop(name),
        )
        for measure, name in named
    ]


def _row_order(name, x, train):
    """Numbers and dates that rise, or fall, from each row of the file to the next."""
    if x.dtype.kind == "O" or len(x) < MIN_ROWS:
        return None
    if x.dtype.kind == "M":
        if train.time is not None or train.group is not None or np.isnat(x).any():
            return None
        steps = np.diff(x).astype(np.int64)
        if len(np.unique(x)) < len(x) / 2 or not ((steps >= 0).all() or (steps <= 0).all()):
            return None
        return Suspect(
            name,
            "the rows of the file are in its order, and a random split puts neighbours on both "
            "sides",
            f"--time {quoted(name)}",
        )
    steps = np.diff(x)
    if not ((steps > 0).all() or (steps < 0).all()):
        return None
    if steps[0] > 0:
        way = "rise"
    else:
        way = "fall"
    if _are_whole(x):
        return Suspect(
            name,
            f"whole numbers that {way} from row to row of the file, as row numbers do",
            f"{_drop(name)}, or --time {quoted(name)} if it is a time",
        )
    return Suspect(
        name,
        f"numbers that {way} from row to row of the file, as a time does",
        f"--time {quoted(name)}, or {_drop(name)}",
    )


def _id(name, x, train):
    """Whole numbers and words of which each has one row, or a few."""
    if x.dtype.kind == "O":
        present = x[[cell is not None for cell in x]]
    else:
        present = x[~_absent(x)]
    if (
        x.dtype.kind == "M"
        or len(present) < MIN_ROWS
        or (x.dtype.kind == "f" and not _are_whole(present))
    ):
        return None
    distinct = _num_distinct(present)
    called = is_id_name(name)
    if distinct >= NEARLY_DISTINCT * len(present):
        if x.dtype.kind == "O" or called or _pairs_expected(present) >= MIN_EXPECTED_PAIRS:
            if x.dtype.kind == "O":
                what = "values"
            else:
                what = "whole numbers"
            share = distinct / len(present)
            return Suspect(
                name,
                f"{what} that differ in {share:.1%} of the training rows, as ids do",
                _drop(name),
            )
        return None
    rows_each = len(present) / distinct
    if called and distinct >= MIN_VALUES and rows_each <= MAX_ROWS_OF_ID:
        if train.group is not None:
            return Suspect(name, f"an id by its name, {distinct:,} different values", _drop(name))
        return Suspect(
            name,
            f"an id by its name, with {rows_each:.1f} training rows for each of {distinct:,} "
            "values: rows of one value stand on both sides of the split",
            f"--group {quoted(name)}, or {_drop(name)}",
        )
    rare = distinct > MANY_CATEGORIES and rows_each < MIN_ROWS_OF_CATEGORY
    if x.dtype.kind == "O" and (rare or distinct > VERY_MANY_CATEGORIES):
        fix = _drop(name)
        if train.group is None:
            fix += f", or --group {quoted(name)} if rows of one value belong together"
        return Suspect(
            name,
            f"{distinct:,} different values with {rows_each:.1f} training rows each: few to learn "
            "from",
            fix,
        )
    return None


def _nearly_constant(name, x):
    """One value in nearly all rows. Where it is in all of them, a step that drops such columns
    will.
    """
    if len(x) > MAX_ROWS:
        x = x[np.linspace(0, len(x) - 1, MAX_ROWS).astype(np.int64)]
    import pandas as pd

    codes, values = pd.factorize(x)  # missing values are -1
    counts = np.bincount(codes[codes >= 0])
    if not len(counts) or counts.max() < MOSTLY_THE_SAME * len(x):
        return None
    value = values[counts.argmax()]
    if x.dtype.kind == "f":
        value = f"{value:g}"
    else:
        value = shorten(value)
    if counts.max() == len(x):
        share = "all"
    else:
        share = f"{np.floor(1000 * counts.max() / len(x)) / 10:.1f} % of the"
    return Suspect(name, f"the same value, {value}, in {share} training rows", _drop(name))


def _flattened(name, x, encode):
    """A few values far away, which leave all others hardly a step of int8."""
    if x.dtype.kind != "f":
        return None
    if len(x) > MAX_ROWS:  # with the values far away
        x = np.concatenate(
            [x[np.linspace(0, len(x) - 1, MAX_ROWS).astype(np.int64)], [np.nanmin(x), np.nanmax(x)]]
        )
    for step in encode:
        if isinstance(step, Step) and name in (step.columns or (name,)):
            reason = step.flattens(x)
        else:
            reason = ""
        if reason:
            return Suspect(
                name,
                reason,
                "--set 'encode=(EncodeBins(), EncodeOnehot())' for tables, a word for missing "
                "(--read missing=WORD), or correct the values",
            )
    return None


def _absent(x):
    if x.dtype.kind == "M":
        return np.isnat(x)
    return np.isnan(x)


def _are_whole(x):
    return bool(np.all(x == np.round(x)))


def _num_distinct(x):
    import pandas as pd

    return len(pd.unique(x))


def _pairs_expected(x):
    """Equal pairs among as many whole numbers drawn from their range: where numbers are no ids,
    some are equal.
    """
    span = float(x.max()) - float(x.min()) + 1
    return len(x) ** 2 / (2 * span)


def is_id_name(name: str) -> bool:
    """Tests whether a column is called an id: case.id, subject_id, patientId, UUID; not valid,
    humid or grid.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    return any(word in _ID_WORDS or _ID_ENDING.fullmatch(word) for word in words)


def as_plain(suspects: Sequence[Suspect]) -> list[dict[str, str]]:
    """The lines of report.json."""
    return [{"column": each.column, "reason": each.reason, "fix": each.fix} for each in suspects]
