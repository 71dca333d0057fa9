"""Text from data in pictures: matplotlib draws it as the text that it is, and has nothing to warn
of.
"""

from functools import cache

from ..device.visible import visible

BOX = "\u25a1"


def drawable(text: str, most: int = 24) -> str:
    """The first `most` characters of the text for matplotlib: control characters as escapes, a box
    for each character that its font lacks, no dollar that would begin a formula, and no underscore
    first, which would hide it in a legend.
    """
    shown = "".join(letter if ord(letter) in _known() else BOX for letter in visible(text[:most]))
    if shown.startswith("_"):
        return f" {shown}".replace("$", r"\$")
    return shown.replace("$", r"\$")


@cache
def _known():
    """The code points of the font that pictures are drawn in."""
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())
