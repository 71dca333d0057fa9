"""The page of an interpretation: self-contained, no script, every text of the data escaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...report.write import environment

if TYPE_CHECKING:
    from .interpret import Interpretation


def page(result: Interpretation, heading: str = "how it answers") -> str:
    """Returns interpretation.html.

    Args:
        result: What is shown.
        heading: Stands after the name of the model.
    """
    source = Path(__file__).parent / "page.html"
    template = environment().from_string(source.read_text(encoding="utf-8"))
    drawn = {}
    for reading in result.readings:
        drawn[reading.title] = [picture.content() for picture in reading.pictures]
    return template.render(result=result, drawn=drawn, heading=heading)
