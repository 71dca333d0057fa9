"""Figures for one self-contained page: drawn by matplotlib, as PNG text; and names from data in
them, which matplotlib can draw without a warning.
"""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..device.visible import visible

BOX = "\u25a1"
BLUE = "#2f6db3"
ORANGE = "#d9822b"
GREY = "#8a8f98"


@dataclass(frozen=True)
class Picture:
    """A picture of a report, before it is drawn.

    Attributes:
        title: Of the picture.
        draw: Draws on the axes that it is given.
        width: In inches.
        height: In inches.
    """

    title: str
    draw: Callable[[Any], None]
    width: float = 5.2
    height: float = 3.8

    def content(self) -> tuple[str, str]:
        """Returns the title, and a PNG as base64 text."""
        return self.title, picture(self.draw, width=self.width, height=self.height)


def picture(draw, *, width: float = 5.2, height: float = 3.8) -> str:
    """`draw(axes)` on a fresh figure (inches) as base64 text of a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(width, height), layout="constrained"
    )  # no pyplot: no global state, no window
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    draw(axes)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    return base64.b64encode(content.getvalue()).decode("ascii")


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
