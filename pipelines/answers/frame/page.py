"""Results as one self-contained page with a field to search in."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ...report.write import environment
from .answer import Result
from .claims import DEPENDS, FAILS, HOLDS

_ADDRESS = re.compile(r"https?://\S+")
_CLASSES = {HOLDS: "holds", FAILS: "fails", DEPENDS: "depends"}
_TALLY = {HOLDS: "hold", DEPENDS: "depend", FAILS: "not holding here"}


def page(results: Sequence[Result]) -> str:
    """Returns index.html: pictures inline, a script for the search, nothing loaded.

    Args:
        results: of answers, in the order of their numbers.
    """
    source = Path(__file__).parent / "page.html"
    template = environment().from_string(source.read_text(encoding="utf-8"))
    counts = Counter(result.verdict for result in results)
    tally = ", ".join(f"{counts[word]} {_TALLY[word]}" for word in _TALLY if counts[word])
    return template.render(
        results=results,
        tally=tally,
        colours=_CLASSES,
        cut_source=_words_and_address,
    )


def _words_and_address(source):
    """Parts a source into its words and the address that they link to."""
    found = _ADDRESS.search(source)
    if found is None:
        return source, ""
    words = source[: found.start()].rstrip(" ,")
    return words, found[0]
