"""Columns that a model should perhaps not learn from: row numbers, ids, give-aways, and columns
that hardly differ.

Each is named with what to type, before training and in the report; none is left out. Training rows
alone are looked at, and of many rows a part, so that it takes about the same time however many
there are.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from ..device.cells import shorten
from ..rows.columns import has_single_cells
from ..rows.parts import Splits
from ..steps.step import Step
from .give_aways import find_give_aways
from .single_column import MAX_ROWS
from .suspect import Suspect, drop, quoted

# One value in at least this share of the rows: nearly constant.
MOSTLY_THE_SAME = 0.995
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


def find_suspects(splits: Splits, encode: Sequence[Step] = ()) -> list[Suspect]:
    """Finds the columns to name, the worst first. Of windows, the steps that they were cut from are
    looked at.

    Args:
        splits: Of which the training rows are read.
        encode: The steps that will turn columns into inputs.
    """
    if splits.steps is not None:
        return _suspects_of_steps(splits.steps.train, encode)
    train = splits.train
    columns = {}
    for name, x in train.x.items():
        if has_single_cells(x):
            columns[name] = x
    if not columns or len(train) < MIN_ROWS:
        return []
    suspects = find_give_aways(train, list(columns))
    first_rows = np.argsort(train.ids, kind="stable")[:MAX_ROWS]
    for name, x in columns.items():
        in_order = x[first_rows]
        suspect = (
            _row_order(name, in_order, train)
            or _id(name, in_order, train)
            or _nearly_constant(name, x)
            or _flattened(name, x, encode)
        )
        if suspect:
            suspects.append(suspect)
    return _merged(suspects)


def _suspects_of_steps(train, encode):
    """Finds the columns to name of rows that are steps in time."""
    suspects = []
    for name, x in train.x.items():
        if x.ndim != 1:
            continue
        suspect = _nearly_constant(name, x) or _flattened(name, x, encode)
        if suspect:
            suspects.append(suspect)
    return suspects


def _merged(suspects):
    """Returns one line a column, with all reasons and the longest fix."""
    lines: dict[str, Suspect] = {}
    for each in suspects:
        before = lines.get(each.column)
        if before is None:
            lines[each.column] = each
            continue
        reason = f"{before.reason}; {each.reason}"
        fix = max(before.fix, each.fix, key=len)
        gives_away = before.gives_away or each.gives_away
        lines[each.column] = Suspect(each.column, reason, fix, gives_away)
    return list(lines.values())


def _row_order(name, x, train):
    """Names numbers and dates that rise, or fall, from each row of the file to the next."""
    if x.dtype.kind == "O" or len(x) < MIN_ROWS:
        return None
    if x.dtype.kind == "M":
        return _date_order(name, x, train)
    steps = np.diff(x)
    if (steps > 0).all():
        way = "rise"
    elif (steps < 0).all():
        way = "fall"
    else:
        return None
    time = f"--time {quoted(name)}"
    if _are_whole(x):
        return Suspect(
            name,
            f"whole numbers that {way} from row to row of the file, as row numbers do",
            f"{drop(name)}, or {time} if it is a time",
        )
    return Suspect(
        name,
        f"numbers that {way} from row to row of the file, as a time does",
        f"{time}, or {drop(name)}",
    )


def _date_order(name, x, train):
    """Names dates in whose order the rows of the file are, where a split takes no heed of it."""
    if train.time is not None or train.group is not None:
        return None
    if np.isnat(x).any():
        return None
    steps = np.diff(x).astype(np.int64)
    is_sorted = (steps >= 0).all() or (steps <= 0).all()
    num_dates = len(np.unique(x))
    if not is_sorted or num_dates < len(x) / 2:
        return None
    return Suspect(
        name,
        "the rows of the file are in its order, and a random split puts neighbours on both sides",
        f"--time {quoted(name)}",
    )


def _id(name, x, train):
    """Names whole numbers and words of which each has one row, or a few."""
    present = _present(x)
    if not _may_be_ids(present):
        return None
    num_distinct = _num_distinct(present)
    if num_distinct >= NEARLY_DISTINCT * len(present):
        return _distinct_id(name, present, num_distinct)
    rows_each = len(present) / num_distinct
    is_repeated = num_distinct >= MIN_VALUES and rows_each <= MAX_ROWS_OF_ID
    if is_repeated and is_id_name(name):
        return _repeated_id(name, num_distinct, rows_each, train)
    if x.dtype.kind == "O" and _are_too_many(num_distinct, rows_each):
        return _many_categories(name, num_distinct, rows_each, train)
    return None


def _present(x):
    """Returns the values of a column that are there."""
    if x.dtype.kind == "O":
        is_present = [cell is not None for cell in x]
        return x[is_present]
    if x.dtype.kind == "M":
        return x[~np.isnat(x)]
    return x[~np.isnan(x)]


def _may_be_ids(present):
    """Tests whether values are enough whole numbers or words."""
    if len(present) < MIN_ROWS or present.dtype.kind == "M":
        return False
    return present.dtype.kind != "f" or _are_whole(present)


def _distinct_id(name, present, num_distinct):
    """Names a column whose values nearly all differ; of numbers, if that is no chance."""
    what = "values"
    if present.dtype.kind != "O":
        what = "whole numbers"
        is_likely = is_id_name(name) or _pairs_expected(present) >= MIN_EXPECTED_PAIRS
        if not is_likely:
            return None
    share = num_distinct / len(present)
    reason = f"{what} that differ in {share:.1%} of the training rows, as ids do"
    return Suspect(
        name,
        reason,
        drop(name),
    )


def _repeated_id(name, num_distinct, rows_each, train):
    """Names a column that is called an id and has a few rows of each value."""
    if train.group is not None:
        reason = f"an id by its name, {num_distinct:,} different values"
        return Suspect(
            name,
            reason,
            drop(name),
        )
    return Suspect(
        name,
        f"an id by its name, with {rows_each:.1f} training rows for each of {num_distinct:,} "
        "values: rows of one value stand on both sides of the split",
        f"--group {quoted(name)}, or {drop(name)}",
    )


def _are_too_many(num_distinct, rows_each):
    """Tests whether categories are too many to be learned, or have too few rows each."""
    if num_distinct > VERY_MANY_CATEGORIES:
        return True
    return num_distinct > MANY_CATEGORIES and rows_each < MIN_ROWS_OF_CATEGORY


def _many_categories(name, num_distinct, rows_each, train):
    fix = drop(name)
    if train.group is None:
        fix += f", or --group {quoted(name)} if rows of one value belong together"
    reason = f"{num_distinct:,} different values with {rows_each:.1f} training rows each: "
    reason += "few to learn from"
    return Suspect(name, reason, fix)


def _nearly_constant(name, x):
    """Names a column with one value in nearly all rows. Where it is in all of them, a step that
    drops such columns will.
    """
    import pandas as pd

    x = _spread_rows(x)
    codes, values = pd.factorize(x)
    is_present = codes >= 0
    counts = np.bincount(codes[is_present])
    num_rows = len(x)
    if not len(counts) or counts.max() < MOSTLY_THE_SAME * num_rows:
        return None
    most = counts.max()
    value = values[counts.argmax()]
    if x.dtype.kind == "f":
        shown = f"{value:g}"
    else:
        shown = shorten(value)
    share = "all"
    if most < num_rows:
        # Rounded down: 99.96 % is not all.
        percent = np.floor(1000 * most / num_rows) / 10
        share = f"{percent:.1f} % of the"
    reason = f"the same value, {shown}, in {share} training rows"
    return Suspect(
        name,
        reason,
        drop(name),
    )


def _spread_rows(x):
    """Returns at most MAX_ROWS values of a column, from its first row to its last."""
    if len(x) <= MAX_ROWS:
        return x
    places = np.linspace(0, len(x) - 1, MAX_ROWS)
    return x[places.astype(np.int64)]


def _flattened(name, x, encode):
    """Names a column of which a few values far away leave all others hardly a step of int8."""
    if x.dtype.kind != "f":
        return None
    if len(x) > MAX_ROWS:
        # The values far away are what matters.
        extremes = [np.nanmin(x), np.nanmax(x)]
        x = np.concatenate([_spread_rows(x), extremes])
    for step in encode:
        if not isinstance(step, Step):
            continue
        if step.columns and name not in step.columns:
            continue
        reason = step.flattens(x)
        if reason:
            return Suspect(
                name,
                reason,
                "--set 'encode=(EncodeBins(), EncodeOnehot())' for tables, a word for missing "
                "(--read missing=WORD), or correct the values",
            )
    return None


def _are_whole(x):
    return bool(np.all(x == np.round(x)))


def _num_distinct(x):
    import pandas as pd

    return len(pd.unique(x))


def _pairs_expected(x):
    """Returns how many equal pairs as many whole numbers have that are drawn from their range:
    where numbers are no ids, some are equal.
    """
    span = float(x.max()) - float(x.min()) + 1
    num_pairs = len(x) ** 2 / 2
    return num_pairs / span


def is_id_name(name: str) -> bool:
    """Tests whether a column is called an id: case.id, subject_id, patientId, UUID; not valid,
    humid or grid.
    """
    for part in _WORD.findall(name):
        word = part.lower()
        if word in _ID_WORDS or _ID_ENDING.fullmatch(word):
            return True
    return False


def as_plain(suspects: Sequence[Suspect]) -> list[dict[str, object]]:
    """Returns the lines of report.json."""
    return [asdict(each) for each in suspects]
