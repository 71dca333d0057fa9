"""How many texts are longer than the window that the model reads."""

import numpy as np

from ..device.primitives.texts import Words
from ..device.signature import Signature
from ..rows.parts import TrainSet


def count_cuts(signature: Signature, train: TrainSet) -> dict | None:
    """Counts the training texts that are longer than the window.

    Args:
        signature: Of the model.
        train: The raw training rows.

    Returns:
        "window" in tokens, "cut_share" of the texts that are longer, and "most_tokens" that 95 % of
        them have at most; None for a model without texts.
    """
    reader = _reader_of(signature)
    if reader is None:
        return None
    texts = train.x[reader.column].tolist()
    counts = np.array([len(reader.tokens(text)) for text in texts])
    is_cut = counts > reader.window
    most_tokens = np.percentile(counts, 95, method="higher")
    return {
        "window": reader.window,
        "cut_share": float(is_cut.mean()),
        "most_tokens": int(most_tokens),
    }


def _reader_of(signature):
    """Returns the primitive that reads texts, or None."""
    for primitive in signature.primitives:
        if isinstance(primitive, Words):
            return primitive
    return None
