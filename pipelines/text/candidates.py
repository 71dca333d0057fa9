"""What texts of one's own may start from."""

from dataclasses import replace

from ..recipe import Candidate
from ..steps import TokenizeWords
from ..training.schedules import Cosine
from .load import LoadTextFolder, LoadTexts
from .load_tfds import LoadTextTfds
from .recipes import text_recipe
from .token_table import TokenTable


def text_candidates(
    load: LoadTexts | LoadTextFolder | LoadTextTfds, *, name: str = "my_model"
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for texts, the usual one first."""
    usual = text_recipe(load, name=name).refitted()
    # The window is learned from the lengths of the training texts.
    whole = (TokenizeWords(window=0),)
    slow = replace(usual.training, epochs=30, schedule=Cosine(warmup_epochs=1))
    long = replace(usual, encode=whole, training=slow)
    linear = replace(usual, encode=whole, build=TokenTable())
    return (
        Candidate("convolutions over 64 tokens", usual),
        Candidate("convolutions over whole texts, 30 epochs", long),
        Candidate("a linear table of tokens", linear),
    )
