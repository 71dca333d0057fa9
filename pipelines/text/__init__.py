"""Texts: a column of a table, a folder of files or a prepared data set to a verified int8 model
that tokenizes itself.

Example:
    from pipelines import run, text
    load = text.LoadTexts("tickets.csv", "body", "queue")
    bundle = run(text.text_recipe(load, name="tickets"))
"""

from .attention import AttentionDecoder
from .augment import AugmentDelete, AugmentMixUpEmbeddings, AugmentSwap, AugmentSynonyms
from .autoregressive import AutoregressiveDecoder
from .candidates import text_candidates
from .heads import BalancedHead
from .load import LoadTextFolder, LoadTexts
from .load_tfds import LoadTextTfds
from .networks import AveragedEmbeddings, TextCnn, TransformerEncoder
from .pretraining import MaskedPretraining
from .recipes import DATES, DATES_STEPWISE, REMARKS, REMARKS5, REMARKS_LINEAR, text_recipe
from .recurrent import Gru, Lstm, SimpleRnn
from .teacher import TfidfTeacher
from .token_table import TokenTable

__all__ = [
    "text_candidates",
    "LoadTexts",
    "LoadTextFolder",
    "LoadTextTfds",
    "AveragedEmbeddings",
    "TextCnn",
    "Lstm",
    "Gru",
    "SimpleRnn",
    "TransformerEncoder",
    "AttentionDecoder",
    "AutoregressiveDecoder",
    "BalancedHead",
    "TokenTable",
    "MaskedPretraining",
    "AugmentDelete",
    "AugmentSwap",
    "AugmentSynonyms",
    "AugmentMixUpEmbeddings",
    "TfidfTeacher",
    "text_recipe",
    "DATES",
    "DATES_STEPWISE",
    "REMARKS",
    "REMARKS5",
    "REMARKS_LINEAR",
]
