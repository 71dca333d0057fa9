"""Texts: a column of a table, a folder of files or a prepared data set to a verified int8 model that tokenizes itself.

    from pipelines import run, text
    bundle = run(text.text_recipe(text.LoadTexts("tickets.csv", "body", "queue"), name="tickets"))
"""

from .load import LoadTexts
from .models import AveragedEmbeddings, Gru, Lstm, SimpleRnn, TextCnn, TransformerEncoder
from .pretraining import MaskedPretraining
from .recipes import REMARKS, REMARKS5, text_recipe

__all__ = ["LoadTexts", "AveragedEmbeddings", "TextCnn", "Lstm", "Gru", "SimpleRnn", "TransformerEncoder",
           "MaskedPretraining", "text_recipe", "REMARKS", "REMARKS5"]
