"""Text from data made safe to print: what would steer a terminal, or hide or reorder letters,
becomes its escape.
"""

import unicodedata

import numpy as np

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Joiners: letters of several scripts and emoji are written with them, and they reorder nothing.
_JOINERS = "\u200c\u200d"


def visible(text: str, *, keep: str = "") -> str:
    """Returns a text whose unseen characters are escaped, as Python writes them.

    They are control characters, line separators, invisible format characters (the bidirectional
    ones among them) and halves of surrogate pairs: "\\x1b", "\\n", "\\u202e", "\\ud800".

    Args:
        text: From anywhere.
        keep: Characters that stay as they are.
    """
    if text.isprintable():
        return text
    shown = []
    for letter in text:
        if letter not in keep and _is_unseen(letter):
            escape = letter.encode("unicode_escape")
            letter = escape.decode("ascii")
        shown.append(letter)
    return "".join(shown)


def _is_unseen(letter):
    if letter.isprintable() or letter in _JOINERS:
        return False
    return unicodedata.category(letter) in _UNSEEN


def and_more(number: int, noun: str) -> str:
    """Returns " (and 2 more cells)" for the end of a list that names the first alone.

    Args:
        number: Of the others; "" is returned for 0.
        noun: What they are, in the singular.
    """
    if number == 0:
        return ""
    if number == 1:
        return f" (and 1 more {noun})"
    return f" (and {number:,} more {noun}s)"


def shorten(cell: object, most: int = 40) -> str:
    """Returns a value for an error message: quoted and escaped.

    Args:
        cell: Anything.
        most: Characters that are shown; of a longer text its length is added.
    """
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return f"{len(cell):,} bytes"
    if isinstance(cell, np.ndarray) and cell.ndim > 0:
        return f"an array of {cell.dtype}, shape {cell.shape}"
    text = str(cell)
    num_characters = len(text)
    if num_characters <= most:
        return repr(text)
    beginning = text[:most]
    return f"{beginning!r}... ({num_characters:,} characters)"
