"""A sentence of advice with its evidence: what fits too closely, what not closely enough."""

from ...report.numbers import by_how_much, lead_within
from .decomposition import Decomposition
from .held import Gain, Held

OVERFITTING = "Overfitting"
UNDERFITTING = "Underfitting"
BOTH = "Overfitting, and a wider net still does better"
GAP = "It fits its rows closely, and nothing that was tried does better on others"
NEITHER = "Neither over- nor underfitting that could be shown"
# A variance above this share of the error is what a smaller net or more rows would lower.
_MUCH_VARIANCE = 1 / 3


def advice(held: Held, parts: Decomposition | None) -> tuple[str, str]:
    """Returns the finding, one of the constants of this module, and sentences with its evidence.

    Args:
        held: the fits.
        parts: bias and variance over draws, if they are known.
    """
    gap = held.gap()
    widths = held.width_gains()
    turned = held.regularizer_gains()
    rows = held.gain_of_rows()
    is_wide_better = _is_better(widths, held.runs.widths, wider=True)
    is_narrow_better = _is_better(widths, held.runs.widths, wider=False)
    is_turned_better = any(gain.is_better for gain in turned)
    has_variance = parts is not None and parts.variance_share > _MUCH_VARIANCE
    has_remedy = is_narrow_better or has_variance or (rows is not None and rows.is_better)
    is_close = gap.low > 0
    if is_close and has_remedy:
        finding = BOTH if is_wide_better else OVERFITTING
    elif is_wide_better or (is_turned_better and not is_close):
        finding = UNDERFITTING
    elif is_close and not is_turned_better:
        finding = GAP
    elif is_close:
        finding = OVERFITTING
    else:
        finding = NEITHER
    sentences = [
        _gap_words(held),
        _rows_words(rows),
        _parts_words(parts),
        _tried_words([*widths, *turned]),
    ]
    return finding, " ".join(each for each in sentences if each)


def _is_better(gains, runs, *, wider):
    for gain, each in zip(gains, runs, strict=True):
        if (each.factor > 1) == wider and gain.is_better:
            return True
    return False


def _gap_words(held):
    usual = held.runs.usual
    learned = held.mean(usual.learned)
    judged = held.mean(usual.judged)
    gap = held.gap()
    return (
        f"{held.metric_words} is {learned.mean:.3g} on rows that it learned from and "
        f"{judged.mean:.3g} on others: there {by_how_much(-gap.mean)}, "
        f"{lead_within(-gap.high, -gap.low)}."
    )


def _rows_words(rows):
    if rows is None:
        return ""
    start = f"From all rows against {rows.words} it is {rows.in_words}"
    if rows.is_better:
        return f"{start}: more rows would help."
    return f"{start}: within noise, so that these folds do not show whether more would help."


def _parts_words(parts):
    if parts is None:
        return ""
    return (
        f"Of the error over {parts.num_models} draws of the rows, {parts.variance_share:.0%} is "
        f"variance, the rest bias and noise."
    )


def _tried_words(gains: list[Gain]) -> str:
    """What helps of what was tried, the best first."""
    better = [gain for gain in gains if gain.is_better]
    if better:
        better.sort(key=lambda gain: -gain.ahead.mean)
        named = [f"{gain.words} ({gain.in_words})" for gain in better]
        return f"What helps on these folds: {'; '.join(named)}. Confirm it with a run."
    if not gains:
        return ""
    best = max(gains, key=lambda gain: gain.ahead.mean)
    return (
        f"Of {len(gains)} widths and regularizers none is better beyond noise; the best is "
        f"{best.words} ({best.in_words}, p {best.p_value:.2g})."
    )
