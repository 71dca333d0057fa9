"""Columns of training rows that give the target away: alone, far ahead of all others, by their
name, or by which of their cells are missing.
"""

import re

import numpy as np

from ..device.primitives import missing_mask
from ..rows.columns import has_single_cells
from ..rows.parts import TrainSet
from .single_column import ColumnScorer, Measure
from .suspect import Suspect, drop

# A column alone that scores at least this gives the target away.
GIVES_AWAY = 0.98
# Alone it is suspicious from here on, if all other columns together, which a naive Bayes sum stands
# for, leave so many times as much of the target open. Of 127 real tables this names four columns:
# two are a time until the event and a second reading of the target.
FAR_AHEAD = 0.94
TIMES_OPEN = 3.0
# A name counts from this score on.
NAMED_AREA = 0.75
NAMED_CORRELATION = 0.5
# Words for what is known after the answer.
_AFTERWARDS = re.compile(
    r"(follow.?up|futime|fu.?days|outcome|result|prediction|predicted|ground.?truth|target|label"
    r"|cause.?of|until.?(event|death)|time.?to.?(event|death)|survival.?(time|days|months))"
)
# Of a name; shorter words are in too many names.
_FEWEST_LETTERS = 4
# Cells that are missing together are looked for one by one among at most so many columns.
MOST_NAMED = 12


def find_give_aways(train: TrainSet, names: list[str]) -> list[Suspect]:
    """Finds the columns that give the target away, the best first, and then the cells.

    Args:
        train: The training rows.
        names: The columns to look at.
    """
    if len(names) < 2:
        return []
    scorer = ColumnScorer(train)
    scores = scorer.score_each()
    best_first = sorted(scores, key=lambda name: -scores[name].value)
    suspects = []
    rest = []
    for name in best_first:
        suspect = _alone(name, scores[name]) or _by_name(name, scores[name], train.schema.target)
        if suspect:
            suspects.append(suspect)
        else:
            rest.append(name)
    suspects += _far_ahead(rest, scores, scorer)
    if not suspects:
        suspects += _by_missing_cells(scorer)
    return suspects


def _alone(name, measure):
    """Names a column that nearly determines the target."""
    if measure.value < GIVES_AWAY:
        return None
    return Suspect(
        name,
        f"alone nearly gives the target away ({_shown(measure)} on training rows): right only if "
        "it is known before the answer",
        drop(name),
        gives_away=True,
    )


def _by_name(name, measure, target):
    """Names a column that is called as the target is, or as what is known afterwards."""
    least = NAMED_CORRELATION
    if target.labels:
        least = NAMED_AREA
    if measure.value < least:
        return None
    if is_named_after(name, target.name):
        words = f"is called as the target '{target.name}' is"
    elif _AFTERWARDS.search(name.lower()):
        words = "is called as what is known after the answer"
    else:
        return None
    return Suspect(
        name,
        f"{words}, and predicts much of it ({_shown(measure)} alone on training rows): right only "
        "if it is known before the answer",
        drop(name),
        gives_away=True,
    )


def is_named_after(name: str, target: str) -> bool:
    """Tests whether a column has the target's name with something before or after it: log_price,
    price2 and PriceUSD for price.
    """
    inside = _letters(name)
    whole = _letters(target)
    if len(whole) < _FEWEST_LETTERS or not inside:
        return False
    return inside.startswith(whole) or inside.endswith(whole)


def _letters(name):
    return re.sub(r"[^a-z]", "", name.lower())


def _far_ahead(best_first, scores, scorer):
    """Names the best column if it leaves much less of the target open than all others together."""
    if not best_first:
        return []
    best, *others = best_first
    alone = scores[best].value
    if alone < FAR_AHEAD:
        return []
    known = [name for name in others if scores[name].value > scorer.chance]
    together = scorer.score_sum(known)
    if known:
        together = max(together, scores[known[0]].value)
    if (1 - alone) * TIMES_OPEN > 1 - together:
        return []
    return [
        Suspect(
            best,
            f"alone predicts far more than all other columns together ({_shown(scores[best])}, "
            f"they {together:.3f}, on training rows): right only if it is known before the answer",
            drop(best),
            gives_away=True,
        )
    ]


def _by_missing_cells(scorer):
    """Names columns whose cells are missing in a pattern that nearly determines the target."""
    masks = {}
    for name, x in scorer.train.x.items():
        if not has_single_cells(x):
            continue
        mask = missing_mask(x)
        if mask.any() and not mask.all():
            masks[name] = mask
    if len(masks) < 2 or not scorer.suits:
        return []
    measure = _score_masks(masks, scorer)
    if measure.value < GIVES_AWAY:
        return []
    names = list(_fewest(masks, scorer))
    words = ", ".join(names[:MOST_NAMED])
    return [
        Suspect(
            words,
            "which of the cells of these columns are missing nearly gives the target away "
            f"({_shown(measure)} on training rows): right only if it is known before the answer",
            " ".join(map(drop, names[:MOST_NAMED])),
            gives_away=True,
        )
    ]


def _fewest(masks, scorer):
    """Returns the masks without those that are not needed."""
    needed = dict(masks)
    if len(masks) > MOST_NAMED:
        return needed
    for name in masks:
        fewer = {other: mask for other, mask in needed.items() if other != name}
        if fewer and _score_masks(fewer, scorer).value >= GIVES_AWAY:
            needed = fewer
    return needed


def _score_masks(masks, scorer) -> Measure:
    """Returns what the pattern of missing cells is worth: each pattern is a category."""
    rows = np.stack(list(masks.values()), axis=1)
    packed = np.packbits(rows, axis=1)
    _, codes = np.unique(packed, axis=0, return_inverse=True)
    return scorer.score_codes(codes.reshape(-1))


def _shown(measure):
    return f"{measure.name} {measure.value:.3f}"
