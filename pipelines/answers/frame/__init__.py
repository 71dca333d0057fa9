"""What all answers share: claims with intervals, rows to learn from, pictures, the page."""

from .answer import Answer, Findings
from .claims import above, below, estimate, exactly, geometric, within
from .exhibits import bars, curves
from .rows import (
    NetRows,
    logits,
    net_rows,
    numbers_of,
    plain_signature,
    probabilities,
    raw_splits,
    softmax,
)

__all__ = [
    "Answer",
    "Findings",
    "NetRows",
    "above",
    "bars",
    "below",
    "curves",
    "estimate",
    "exactly",
    "geometric",
    "logits",
    "net_rows",
    "numbers_of",
    "plain_signature",
    "probabilities",
    "raw_splits",
    "softmax",
    "within",
]
