"""Text from data made safe to print: what would steer a terminal, or hide or reorder letters,
becomes its escape.
"""

import unicodedata

import numpy as np

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# Joiners: letters of several scripts and emoji are written with them, and they reorder nothing.
_JOINERS = "\u200c\u200d"


def visible(text: str, *, keep: str = "") -> str:
    """The text with every control character, line separator, invisible format character (the
    bidirectional ones among them) and half of a surrogate pair as Python writes it: "\\x1b", "\\n",
    "\\u202e", "\\ud800". `keep`: characters that stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(_escaped(letter) if letter not in keep else letter for letter in text)


def _escaped(letter):
    if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN:
        return letter
    return letter.encode("unicode_escape").decode("ascii")


def shorten(cell: object, most: int = 40) -> str:
    """A value for an error message: quoted, escaped, never longer than `most` characters and its
    length.
    """
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return f"{len(cell):,} bytes"
    if isinstance(cell, np.ndarray) and cell.ndim:
        return f"an array of {cell.dtype}, shape {cell.shape}"
    text = str(cell)
    if len(text) <= most:
        return repr(text)
    return f"{text[:most]!r}... ({len(text):,} characters)"
