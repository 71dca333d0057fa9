"""How many texts are longer than the window that the model reads."""

import numpy as np

from ..device.primitives.texts import Words
from ..device.signature import Signature
from ..rows.parts import TrainSet


def count_cuts(signature: Signature, train: TrainSet) -> dict | None:
    """Of training texts: {"window" in tokens, "cut_share" of texts that are longer, "most_tokens"
    that 95 % of them have at most}; None for a model without texts.
    """
    reader = next((each for each in signature.primitives if isinstance(each, Words)), None)
    if reader is None:
        return None
    counts = np.array([len(reader.tokens(text)) for text in train.x[reader.column].tolist()])
    return {
        "window": reader.window,
        "cut_share": float((counts > reader.window).mean()),
        "most_tokens": int(np.percentile(counts, 95, method="higher")),
    }
